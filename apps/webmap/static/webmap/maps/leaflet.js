// SPDX-License-Identifier: AGPL-3.0-or-later
// The engine that draws with Leaflet. It needs no key and, on the plain background, no network.
/* global L */

import { text } from "../format.js";
import { background } from "./basemap.js";
import { namedPin, pin, writePlate } from "./labels.js";
import { MAX_ZOOM, MIN_ZOOM } from "./scene.js";

/** @import { Camera, Label, LonLat, MapEngine, PageConfig, PinName, Place, Position, Ring, SceneEvents, Space, Zone, ZoneStatus } from "../types" */

/** Zoomed out farther than this, outlines are drawn thinner. */
const THIN_BELOW_ZOOM = 18.5;

/**
 * Leaflet's script and style sheet: in the page already, or brought now because Google did not come.
 * @param {PageConfig} config
 */
async function loadLeaflet(config) {
  if (typeof L !== "undefined") return;
  const sheet = document.createElement("link");
  sheet.rel = "stylesheet";
  sheet.href = config.leafletUrls.style;
  const script = document.createElement("script");
  script.src = config.leafletUrls.script;
  const done = [sheet, script].map(
    (part) => new Promise((resolve, reject) => {
      part.addEventListener("load", resolve);
      part.addEventListener("error", reject);
    }),
  );
  document.head.append(sheet, script);
  await Promise.all(done);
}

/**
 * @param {HTMLElement} element
 * @param {PageConfig} config
 * @param {SceneEvents} scene
 * @param {boolean} still no animation
 * @returns {Promise<MapEngine>}
 */
export async function createLeaflet(element, config, scene, still) {
  await loadLeaflet(config);
  const frame = document.createElement("div");
  frame.className = "engine";
  frame.setAttribute("role", "region");
  frame.setAttribute("aria-label", element.dataset.label ?? "");
  element.prepend(frame);
  const map = L.map(frame, {
    zoomControl: false,
    minZoom: MIN_ZOOM,
    maxZoom: MAX_ZOOM,
    zoomSnap: 0.25,
    worldCopyJump: true,
    zoomAnimation: !still,
    fadeAnimation: !still,
    markerZoomAnimation: !still,
  });
  map.attributionControl.setPrefix(false);
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  return new LeafletEngine(map, frame, background(config), scene);
}

/** @implements {MapEngine} */
class LeafletEngine {
  /** @param {L.Map} map @param {HTMLElement} frame @param {L.Layer} base @param {SceneEvents} scene */
  constructor(map, frame, base, scene) {
    this.kind = /** @type {const} */ ("leaflet");
    this.aboveCover = false;
    this.map = map;
    this.frame = frame;
    this.base = base;
    this.scene = scene;
    this.placed = false;
    /** @type {Map<string, L.Polygon>} */
    this.zones = new Map();
    /** @type {Map<string, L.Polygon>} */
    this.spaces = new Map();
    /** @type {Map<string, {marker: L.Marker, plate: HTMLElement}>} */
    this.labels = new Map();
    /** @type {L.LayerGroup | null} */
    this.position = null;
    /** @type {Map<PinName, L.Marker>} */
    this.pins = new Map();
    map.on("zoomend", () => frame.classList.toggle("far", map.getZoom() < THIN_BELOW_ZOOM));
    map.on("moveend", () => scene.moved());
    map.on("click", (event) => scene.tapped([event.latlng.lng, event.latlng.lat]));
    this.watch = new ResizeObserver(() => {
      if (!this.placed) return;
      map.invalidateSize({ animate: false });
      scene.reopen();
    });
    this.watch.observe(frame);
  }

  camera() {
    const { lng, lat } = this.map.getCenter();
    return { centre: /** @type {LonLat} */ ([lng, lat]), zoom: this.map.getZoom() };
  }

  /** @param {Camera} camera @param {boolean} animate */
  move({ centre: [lon, lat], zoom }, animate) {
    this.map.setView([lat, lon], zoom, { animate });
    // Only now: tiles of a view that nobody chose would be asked for and thrown away.
    if (!this.placed) this.base.addTo(this.map);
    this.placed = true;
  }

  /** @returns {[number, number]} */
  size() {
    return [this.frame.clientWidth, this.frame.clientHeight];
  }

  /** @param {Zone} zone @param {ZoneStatus} state */
  putZone(zone, state) {
    let polygon = this.zones.get(zone.id);
    if (polygon) polygon.setLatLngs(zone.rings.map(latLngs));
    else {
      polygon = L.polygon(zone.rings.map(latLngs), { interactive: false, className: "zone" }).addTo(this.map);
      polygon.bringToBack();
      this.zones.set(zone.id, polygon);
    }
    polygon.getElement()?.setAttribute("class", `zone zone-${state}`);
    polygon.setStyle({ fillColor: state === "full" ? "url(#pattern-full)" : "transparent" });
  }

  /** @param {string} id */
  dropZone(id) {
    this.zones.get(id)?.remove();
    this.zones.delete(id);
  }

  /** @param {Space} space @param {{fade: number, selected: boolean, moved: boolean}} look */
  putSpace(space, { fade, selected, moved }) {
    let polygon = this.spaces.get(space.id);
    if (polygon && moved) polygon.setLatLngs(space.rings.map(latLngs));
    if (!polygon) {
      polygon = L.polygon(space.rings.map(latLngs), { interactive: false, className: "space" }).addTo(this.map);
      this.spaces.set(space.id, polygon);
    }
    polygon.getElement()?.setAttribute("class", `space fade-${fade}${selected ? " selected" : ""}`);
    if (selected) polygon.bringToFront();
  }

  /** @param {string} id */
  dropSpace(id) {
    this.spaces.get(id)?.remove();
    this.spaces.delete(id);
  }

  /** @param {Label} label */
  putLabel(label) {
    const [lon, lat] = label.place;
    let drawn = this.labels.get(label.key);
    if (!drawn) {
      // A finger passes through to the map, which knows what lies there; the button is for keyboards and screen readers.
      const plate = document.createElement("span");
      plate.setAttribute("role", "button");
      plate.tabIndex = 0;
      plate.addEventListener("click", () => this.scene.labelChosen(label.key));
      plate.addEventListener("keydown", (event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        this.scene.labelChosen(label.key);
      });
      plate.addEventListener("focus", () => {
        this.frame.scrollTo(0, 0); // the browser scrolls to a label that lies outside
        this.scene.labelFocused(label.key);
      });
      drawn = { plate, marker: anchored([lat, lon], plate).addTo(this.map) };
      this.labels.set(label.key, drawn);
    }
    drawn.marker.setLatLng([lat, lon]);
    drawn.plate.setAttribute("aria-label", label.title);
    writePlate(drawn.plate, label);
  }

  /** @param {string} key */
  dropLabel(key) {
    this.labels.get(key)?.marker.remove();
    this.labels.delete(key);
  }

  /** @param {Position | null} at */
  putPosition(at) {
    this.position?.remove();
    this.position = null;
    if (!at) return;
    this.position = L.layerGroup([
      L.circle([at.lat, at.lon], { radius: at.accuracyM, interactive: false, className: "accuracy" }),
      anchored([at.lat, at.lon], pin("position-dot", text("positionMarker"))),
    ]).addTo(this.map);
  }

  /** @param {PinName} name @param {Place | null} at */
  putPin(name, at) {
    this.pins.get(name)?.remove();
    this.pins.delete(name);
    if (at) this.pins.set(name, anchored([at.lat, at.lon], namedPin(name)).addTo(this.map));
  }

  destroy() {
    this.watch.disconnect();
    this.map.remove();
    this.frame.remove();
  }
}

/** @param {L.LatLngTuple} at @param {HTMLElement} html */
function anchored(at, html) {
  const icon = L.divIcon({ className: "anchor", iconSize: undefined, html });
  return L.marker(at, { icon, interactive: false, keyboard: false });
}

/** @param {Ring} ring @returns {L.LatLngTuple[]} */
function latLngs(ring) {
  return ring.map(([lon, lat]) => [lat, lon]);
}
