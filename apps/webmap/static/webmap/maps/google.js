// SPDX-License-Identifier: AGPL-3.0-or-later
// The engine that draws on Google Maps: zones and spaces as features of a Data layer, changed in place so that nothing
// flickers; labels, position and car as advanced markers. Colours are the page's own, read from its style sheet.

import { text } from "../format.js";
import { loadGoogle } from "./google-loader.js";
import { namedPin, pin, writePlate } from "./labels.js";
import { hatch } from "./patterns.js";
import { MAX_ZOOM, MIN_ZOOM } from "./scene.js";

/** @import { Camera, Label, LonLat, MapEngine, PageConfig, PinName, Place, Position, Ring, SceneEvents, Space, Zone, ZoneStatus } from "../types" */
/** @typedef {Awaited<ReturnType<typeof loadGoogle>>} Libraries */

/** Zoomed out farther than this, outlines are drawn thinner. */
const THIN_BELOW_ZOOM = 18.5;
/** Zoomed out farther than this, hatching would only be grey. */
const HATCH_FROM_ZOOM = 16.5;
/** How dense the fill of a space is at each step of its ageing; the same as in map.css. */
const FADE_OPACITY = [1, 0.8, 0.62, 0.42, 0.42];

/**
 * @param {HTMLElement} element
 * @param {PageConfig} config with a key
 * @param {SceneEvents} scene
 * @param {(reason: string) => void} refused called when Google no longer draws
 * @returns {Promise<MapEngine>}
 */
export async function createGoogle(element, config, scene, refused) {
  if (!config.google) throw new Error("no key");
  const libraries = await loadGoogle(config.google, refused);
  const frame = document.createElement("div");
  frame.className = "engine engine-google";
  frame.setAttribute("aria-label", element.dataset.label ?? "");
  frame.setAttribute("role", "region");
  element.prepend(frame);
  try {
    return new GoogleEngine(libraries, frame, config.google.mapId, scene);
  } catch (error) {
    frame.remove();
    throw error;
  }
}

/** @implements {MapEngine} */
class GoogleEngine {
  /** @param {Libraries} libraries @param {HTMLElement} frame @param {string} mapId @param {SceneEvents} scene */
  constructor(libraries, frame, mapId, scene) {
    this.kind = /** @type {const} */ ("google");
    this.aboveCover = true;
    this.google = libraries;
    this.frame = frame;
    this.scene = scene;
    this.map = new libraries.Map(frame, mapOptions(libraries, mapId));
    this.layer = new libraries.Data({ map: this.map, style: (feature) => this.style(feature) });
    this.colours = readColours();
    this.thin = false;
    /** @type {Map<string, Zone>} zones that are hatched */
    this.hatched = new Map();
    this.hatchedAt = NaN;
    /** @type {Map<string, {marker: google.maps.marker.AdvancedMarkerElement, plate: HTMLElement}>} */
    this.labels = new Map();
    /** @type {{dot: google.maps.marker.AdvancedMarkerElement, ring: google.maps.Circle} | null} */
    this.position = null;
    /** @type {Map<PinName, google.maps.marker.AdvancedMarkerElement>} */
    this.pins = new Map();
    this.listen();
  }

  listen() {
    this.map.addListener("idle", () => {
      this.zoomed();
      this.scene.moved();
    });
    this.map.addListener("click", (/** @type {google.maps.MapMouseEvent} */ event) => {
      if (event.latLng) this.scene.tapped([event.latLng.lng(), event.latLng.lat()]);
    });
    this.dark = window.matchMedia("(prefers-color-scheme: dark)");
    this.redress = () => {
      this.colours = readColours();
      this.restyle();
      if (this.position) this.position.ring.setOptions(this.ringStyle());
    };
    this.dark.addEventListener("change", this.redress);
    this.watch = new ResizeObserver(() => this.scene.reopen());
    this.watch.observe(this.frame);
  }

  // --- view ----------------------------------------------------------------------------------------------------------

  /** @returns {Camera} */
  camera() {
    const centre = this.map.getCenter();
    return { centre: centre ? [centre.lng(), centre.lat()] : [0, 0], zoom: this.map.getZoom() ?? MIN_ZOOM };
  }

  /** @param {Camera} camera @param {boolean} animate */
  move({ centre, zoom }, animate) {
    if (animate) {
      this.map.panTo(latLng(centre));
      this.map.setZoom(zoom);
    } else {
      this.map.moveCamera({ center: latLng(centre), zoom });
    }
  }

  /** @returns {[number, number]} */
  size() {
    return [this.frame.clientWidth, this.frame.clientHeight];
  }

  /** Weights and hatching belong to a zoom. */
  zoomed() {
    const zoom = this.map.getZoom() ?? MIN_ZOOM;
    const thin = zoom < THIN_BELOW_ZOOM;
    if (thin !== this.thin) {
      this.thin = thin;
      this.restyle();
    }
    if (Math.round(zoom) === this.hatchedAt) return;
    this.hatchedAt = Math.round(zoom);
    for (const zone of this.hatched.values()) this.putHatch(zone);
  }

  restyle() {
    this.layer.setStyle((feature) => this.style(feature));
  }

  // --- zones and spaces ----------------------------------------------------------------------------------------------

  /** @param {Zone} zone @param {ZoneStatus} state */
  putZone(zone, state) {
    this.put(`zone ${zone.id}`, this.polygon(zone.rings), { drawn: "zone", look: state });
    // Areas know neither dashes nor hatching, so these are lines of their own.
    if (state === "unknown") {
      const edges = new this.google.Data.MultiLineString(zone.rings.map(path));
      this.put(`edge ${zone.id}`, edges, { drawn: "edge", look: state });
    } else {
      this.drop(`edge ${zone.id}`);
    }
    if (state === "full") {
      this.hatched.set(zone.id, zone);
      this.putHatch(zone);
    } else {
      this.hatched.delete(zone.id);
      this.drop(`hatch ${zone.id}`);
    }
  }

  /** @param {Zone} zone */
  putHatch(zone) {
    const zoom = Math.round(this.map.getZoom() ?? MIN_ZOOM);
    if (zoom < HATCH_FROM_ZOOM) return this.drop(`hatch ${zone.id}`);
    const lines = new this.google.Data.MultiLineString(hatch(zone.rings, zoom).map(path));
    return this.put(`hatch ${zone.id}`, lines, { drawn: "hatch", look: "full" });
  }

  /** @param {string} id */
  dropZone(id) {
    this.hatched.delete(id);
    for (const part of ["zone", "edge", "hatch"]) this.drop(`${part} ${id}`);
  }

  /** @param {Space} space @param {{fade: number, selected: boolean, moved: boolean}} looks */
  putSpace(space, { fade, selected, moved }) {
    const id = `space ${space.id}`;
    const look = selected ? "selected" : String(fade);
    const feature = moved ? undefined : this.layer.getFeatureById(id);
    if (feature) feature.setProperty("look", look);
    else this.put(id, this.polygon(space.rings), { drawn: "space", look });
  }

  /** @param {string} id */
  dropSpace(id) {
    this.drop(`space ${id}`);
  }

  /**
   * A new feature, or the one that is there with another shape or look.
   * @param {string} id
   * @param {google.maps.Data.Geometry} geometry
   * @param {{drawn: string, look: string}} properties
   */
  put(id, geometry, properties) {
    const feature = this.layer.getFeatureById(id);
    if (!feature) {
      this.layer.add({ id, geometry, properties });
      return;
    }
    feature.setGeometry(geometry);
    if (feature.getProperty("look") !== properties.look) feature.setProperty("look", properties.look);
  }

  /** @param {string} id */
  drop(id) {
    const feature = this.layer.getFeatureById(id);
    if (feature) this.layer.remove(feature);
  }

  /** @param {Ring[]} rings */
  polygon(rings) {
    return new this.google.Data.Polygon(rings.map((ring) => path(ring).slice(0, -1)));
  }

  /** @param {google.maps.Data.Feature} feature @returns {google.maps.Data.StyleOptions} */
  style(feature) {
    const look = String(feature.getProperty("look"));
    const thin = this.thin ? 1.5 : 2;
    const of = this.colours;
    // Taps are worked out from their place, as small spaces are hit from beside them; nothing here takes them away.
    const base = { clickable: false, strokeOpacity: 1 };
    switch (feature.getProperty("drawn")) {
      case "zone":
        return { ...base, ...zoneStyle(look, of), strokeWeight: thin, zIndex: 1 };
      case "edge":
        return { ...base, strokeOpacity: 0, zIndex: 2, icons: [dots(of.unknownLine)] };
      case "hatch":
        return { ...base, strokeColor: of.hatch, strokeWeight: 2, zIndex: 2 };
      default:
        return { ...base, ...spaceStyle(look, of, this.thin) };
    }
  }

  // --- markers -------------------------------------------------------------------------------------------------------

  /** @param {Label} label */
  putLabel(label) {
    let drawn = this.labels.get(label.key);
    if (!drawn) {
      const plate = document.createElement("span");
      const marker = new this.google.AdvancedMarkerElement({ content: plate, gmpClickable: true, map: this.map });
      marker.addEventListener("gmp-click", () => this.scene.labelChosen(label.key));
      drawn = { marker, plate };
      this.labels.set(label.key, drawn);
    }
    drawn.marker.position = latLng(label.place);
    drawn.marker.title = label.title;
    drawn.marker.zIndex = label.state === "free" ? 2 : 1;
    writePlate(drawn.plate, label);
  }

  /** @param {string} key */
  dropLabel(key) {
    const drawn = this.labels.get(key);
    if (drawn) drawn.marker.map = null;
    this.labels.delete(key);
  }

  /** @param {Position | null} at */
  putPosition(at) {
    if (!at) {
      if (this.position) this.position.dot.map = null;
      this.position?.ring.setMap(null);
      this.position = null;
      return;
    }
    const here = { lat: at.lat, lng: at.lon };
    if (!this.position) {
      const words = text("positionMarker");
      const content = pin("position-dot", words);
      this.position = {
        dot: new this.google.AdvancedMarkerElement({ content, map: this.map, position: here, title: words, zIndex: 4 }),
        ring: new this.google.Circle({ ...this.ringStyle(), map: this.map, center: here, radius: at.accuracyM }),
      };
    }
    this.position.dot.position = here;
    this.position.ring.setCenter(here);
    this.position.ring.setRadius(at.accuracyM);
  }

  /** @returns {google.maps.CircleOptions} */
  ringStyle() {
    const colour = this.colours.focus;
    return { clickable: false, fillColor: colour, fillOpacity: 0.12, strokeColor: colour, strokeOpacity: 0.6, strokeWeight: 1.5 };
  }

  /** @param {PinName} name @param {Place | null} at */
  putPin(name, at) {
    let marker = this.pins.get(name);
    if (!at) {
      if (marker) marker.map = null;
      this.pins.delete(name);
      return;
    }
    if (!marker) {
      const content = namedPin(name);
      const title = content.getAttribute("aria-label");
      marker = new this.google.AdvancedMarkerElement({ content, map: this.map, title, zIndex: 3 });
      this.pins.set(name, marker);
    }
    marker.position = { lat: at.lat, lng: at.lon };
  }

  destroy() {
    this.watch?.disconnect();
    if (this.redress) this.dark?.removeEventListener("change", this.redress);
    this.google.event.clearInstanceListeners(this.map);
    this.layer.setMap(null);
    this.frame.remove();
  }
}

/** @param {Libraries} google @param {string} mapId @returns {google.maps.MapOptions} */
function mapOptions(google, mapId) {
  return {
    mapId,
    colorScheme: google.ColorScheme.FOLLOW_SYSTEM,
    center: { lat: 0, lng: 0 },
    zoom: MIN_ZOOM,
    minZoom: MIN_ZOOM,
    maxZoom: MAX_ZOOM,
    isFractionalZoomEnabled: true,
    gestureHandling: "greedy",
    clickableIcons: false,
    // North is up and the ground is flat, as on the other map: taps and labels are reckoned so.
    headingInteractionEnabled: false,
    tiltInteractionEnabled: false,
    // The page brings its own buttons, large enough for a thumb.
    disableDefaultUI: true,
    scaleControl: true,
    keyboardShortcuts: true,
  };
}

/** Colours of page.css that the Data layer needs. */
function readColours() {
  const style = getComputedStyle(document.documentElement);
  /** @param {string} name */
  const of = (name) => style.getPropertyValue(name).trim();
  return {
    free: of("--free"),
    freeFill: of("--free-fill"),
    freeEdge: of("--free-edge"),
    full: of("--full"),
    fullWash: of("--full-wash"),
    hatch: of("--hatch"),
    unknownLine: of("--unknown-line"),
    selected: of("--selected"),
    focus: of("--focus"),
  };
}

/** @typedef {ReturnType<typeof readColours>} Colours */

/** @param {string} state @param {Colours} of @returns {google.maps.Data.StyleOptions} */
function zoneStyle(state, of) {
  if (state === "free") return { fillColor: of.freeFill, fillOpacity: 0.1, strokeColor: of.free };
  if (state === "full" || state === "closed") return { fillColor: of.fullWash, fillOpacity: 1, strokeColor: of.full };
  return { fillOpacity: 0, strokeColor: of.unknownLine, strokeOpacity: 0 };
}

/** @param {string} look @param {Colours} of @param {boolean} thin @returns {google.maps.Data.StyleOptions} */
function spaceStyle(look, of, thin) {
  if (look === "selected") {
    return { fillColor: of.freeFill, fillOpacity: 1, strokeColor: of.selected, strokeWeight: thin ? 4 : 5, zIndex: 4 };
  }
  const fillOpacity = FADE_OPACITY[Number(look)];
  return { fillColor: of.freeFill, fillOpacity, strokeColor: of.freeEdge, strokeWeight: thin ? 1 : 2, zIndex: 3 };
}

/** A dotted line: the symbol is one short stroke along it. @param {string} colour @returns {google.maps.IconSequence} */
function dots(colour) {
  return { icon: { path: "M 0,-1 0,1", scale: 1, strokeColor: colour, strokeOpacity: 1, strokeWeight: 2 }, offset: "0", repeat: "9px" };
}

/** @param {LonLat} place */
function latLng([lon, lat]) {
  return { lat, lng: lon };
}

/** @param {LonLat[]} places */
function path(places) {
  return places.map(latLng);
}
