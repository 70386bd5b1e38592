// SPDX-License-Identifier: AGPL-3.0-or-later
// The map drawn with Leaflet.
/* global L */

import { text } from "../format.js";
import { labelPoint } from "../geometry.js";
import { status } from "../model.js";

/** A finger hits what lies within this many pixels: targets of 48 px. */
const TOUCH_RADIUS_PX = 24;
const MAX_ZOOM = 21;
/** Room for a label, pixels. */
const LABEL_HEIGHT_PX = 28;
const LABEL_LETTER_PX = 8;
const LABEL_PADDING_PX = 26;
/** Steps in which a space fades as it gets old. */
const FADE_STEPS = 4;

export function createLeaflet(element, config, handlers) {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = L.map(element, {
    zoomControl: false,
    maxZoom: MAX_ZOOM,
    minZoom: 3,
    zoomSnap: 0.25,
    worldCopyJump: true,
    zoomAnimation: !still,
    fadeAnimation: !still,
    markerZoomAnimation: !still,
  });
  map.attributionControl.setPrefix(false);
  L.control
    .zoom({ position: "topright", zoomInTitle: text("zoomInLabel"), zoomOutTitle: text("zoomOutLabel") })
    .addTo(map);
  allZonesButton(() => handlers.showAll()).addTo(map);
  L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
  background(config).addTo(map);

  let untouched = true;
  for (const kind of ["pointerdown", "wheel", "keydown"]) {
    element.addEventListener(kind, () => (untouched = false), { passive: true });
  }
  let firstView = null;
  new ResizeObserver(() => {
    if (!map._loaded) return;
    map.invalidateSize({ animate: false });
    // The list takes its room after the first view was chosen; until someone moves the map it is chosen again.
    if (untouched && firstView) fit(firstView, { animate: false });
  }).observe(element);

  const zones = new Map();
  const spaces = new Map();
  let selected = null;
  let drawnAt = 0; // the time for which the spaces were drawn, server ms
  let room = { bottom: 0, left: 0 }; // covered by the page's panel, pixels
  let position = null;
  let car = null;

  map.on("zoomend", () => element.classList.toggle("far", map.getZoom() < 18.5));
  map.on("moveend", () => {
    placeLabels();
    handlers.moved();
  });
  map.on("click", (event) => {
    const space = nearestSpace(event.containerPoint);
    if (space) return handlers.spaceChosen(space);
    const zone = zoneAt(event.containerPoint);
    return zone ? handlers.zoneChosen(zone) : handlers.nothingChosen();
  });

  function drawZones(list) {
    const wanted = new Set(list.map((zone) => zone.id));
    for (const [id, drawn] of zones) {
      if (wanted.has(id)) continue;
      drawn.polygon.remove();
      drawn.label.remove();
      zones.delete(id);
    }
    for (const zone of list) drawZone(zone);
    placeLabels();
  }

  function drawZone(zone) {
    const state = status(zone);
    let drawn = zones.get(zone.id);
    const shape = JSON.stringify(zone.rings);
    if (drawn && drawn.shape !== shape) {
      drawn.polygon.remove();
      drawn.label.remove();
      drawn = null;
    }
    if (!drawn) {
      const [lon, lat] = labelPoint(zone.rings[0]);
      drawn = {
        shape,
        state: null,
        polygon: L.polygon(zone.rings.map(latLngs), { interactive: false, className: "zone" }).addTo(map),
        label: L.marker([lat, lon], {
          icon: L.divIcon({ className: "zone-anchor", iconSize: null, html: document.createElement("span") }),
          interactive: false,
          keyboard: false,
        }).addTo(map),
      };
      drawn.plate = drawn.label.getElement().firstElementChild;
      drawn.polygon.bringToBack();
      zones.set(zone.id, drawn);
    }
    drawn.zone = zone;
    if (drawn.state !== state) {
      drawn.polygon.getElement().setAttribute("class", `zone zone-${state}`);
      drawn.polygon.setStyle({ fillColor: state === "full" ? "url(#pattern-full)" : "transparent" });
      drawn.plate.className = `zone-label label-${state}`;
      drawn.state = state;
    }
    const words = labelWords(zone);
    if (drawn.words !== words) {
      drawn.plate.textContent = words;
      drawn.words = words;
    }
  }

  function drawSpaces(list, now) {
    drawnAt = now;
    const wanted = new Set(list.map((space) => space.id));
    for (const [id, drawn] of spaces) {
      if (wanted.has(id)) continue;
      drawn.polygon.remove();
      spaces.delete(id);
    }
    for (const space of list) {
      let drawn = spaces.get(space.id);
      const shape = JSON.stringify(space.ring);
      if (!drawn) {
        drawn = { polygon: L.polygon(latLngs(space.ring), { interactive: false, className: "space" }).addTo(map) };
        spaces.set(space.id, drawn);
      } else if (drawn.shape !== shape) {
        drawn.polygon.setLatLngs(latLngs(space.ring));
      }
      drawn.shape = shape;
      drawn.space = space;
      dress(drawn, now);
    }
  }

  /** Colour, outline and fading of a space, where they changed. */
  function dress(drawn, now) {
    const { space } = drawn;
    const life = (now - space.observedAt) / Math.max(1, space.validUntil - space.observedAt);
    const step = Math.min(FADE_STEPS, Math.max(0, Math.floor(life * (FADE_STEPS + 1))));
    const look = `space fade-${step}${space.id === selected ? " selected" : ""}`;
    if (drawn.look === look) return;
    drawn.look = look;
    drawn.polygon.getElement().setAttribute("class", look);
    if (space.id === selected) drawn.polygon.bringToFront();
  }

  /** Labels that would lie on each other: those of zones with free spaces come first. */
  function placeLabels() {
    const taken = [];
    const order = { free: 0, full: 1, unknown: 2 };
    const byWeight = [...zones.values()].sort(
      (a, b) => order[a.state] - order[b.state] || (b.zone.free ?? 0) - (a.zone.free ?? 0),
    );
    for (const drawn of byWeight) {
      const at = map.latLngToContainerPoint(drawn.label.getLatLng());
      const half = (drawn.words.length * LABEL_LETTER_PX + LABEL_PADDING_PX) / 2;
      const box = [at.x - half, at.y - LABEL_HEIGHT_PX, at.x + half, at.y];
      const free = taken.every((o) => box[2] < o[0] || box[0] > o[2] || box[3] < o[1] || box[1] > o[3]);
      drawn.plate.classList.toggle("crowded", !free);
      if (free) taken.push(box);
    }
  }

  function nearestSpace(point) {
    let best = null;
    let bestPx = TOUCH_RADIUS_PX;
    for (const { space } of spaces.values()) {
      const [lon, lat] = space.centre;
      const px = map.latLngToContainerPoint([lat, lon]).distanceTo(point) - halfSizePx(space);
      if (px < bestPx) [best, bestPx] = [space.id, px];
    }
    return best;
  }

  function halfSizePx(space) {
    const [a, b] = [space.ring[0], space.ring[1]].map(([lon, lat]) => map.latLngToContainerPoint([lat, lon]));
    return a.distanceTo(b) / 4;
  }

  /** The zone whose ground or label lies under a finger. */
  function zoneAt(point) {
    let best = null;
    let bestPx = TOUCH_RADIUS_PX;
    for (const [id, drawn] of zones) {
      const px = Math.min(ringDistancePx(drawn.zone.rings[0], point), labelDistancePx(drawn, point));
      if (px < bestPx) [best, bestPx] = [id, px];
    }
    return best;
  }

  function labelDistancePx(drawn, point) {
    if (drawn.plate.classList.contains("crowded")) return Infinity;
    const at = map.latLngToContainerPoint(drawn.label.getLatLng());
    const half = (drawn.words.length * LABEL_LETTER_PX + LABEL_PADDING_PX) / 2;
    const inside = Math.abs(point.x - at.x) <= half && point.y <= at.y && point.y >= at.y - LABEL_HEIGHT_PX;
    return inside ? 0 : Infinity;
  }

  /** 0 inside the ring, else the distance to its nearest edge. */
  function ringDistancePx(ring, point) {
    const px = ring.map(([lon, lat]) => map.latLngToContainerPoint([lat, lon]));
    let inside = false;
    let nearest = Infinity;
    for (let i = 0; i + 1 < px.length; i += 1) {
      const [a, b] = [px[i], px[i + 1]];
      nearest = Math.min(nearest, L.LineUtil.pointToSegmentDistance(point, a, b));
      const crosses = a.y > point.y !== b.y > point.y;
      if (crosses && point.x < a.x + ((point.y - a.y) / (b.y - a.y)) * (b.x - a.x)) inside = !inside;
    }
    return inside ? 0 : nearest;
  }

  function fit([west, south, east, north], { animate = true, maxZoom = 19 } = {}) {
    map.fitBounds([[south, west], [north, east]], {
      paddingTopLeft: [24 + room.left, 40],
      paddingBottomRight: [24, 40 + room.bottom],
      maxZoom,
      animate: animate && !still,
    });
  }

  function showPosition(at) {
    position?.remove();
    position = null;
    if (!at) return;
    const here = [at.lat, at.lon];
    position = L.layerGroup([
      L.circle(here, { radius: at.accuracyM, interactive: false, className: "accuracy" }),
      pin(here, "position-dot"),
    ]).addTo(map);
  }

  function showCar(at) {
    car?.remove();
    car = at && pin([at.lat, at.lon], "car-pin").addTo(map);
  }

  return {
    kind: "leaflet",
    drawZones,
    drawSpaces,
    select(id) {
      selected = id;
      for (const drawn of spaces.values()) dress(drawn, drawnAt);
    },
    fit(box, options) {
      untouched = false;
      fit(box, options);
    },
    open(box) {
      firstView = box;
      fit(box, { animate: false });
    },
    focus([lon, lat], zoom = 19) {
      untouched = false;
      const at = Math.max(map.getZoom(), zoom);
      const middle = map.project([lat, lon], at).add([-room.left / 2, room.bottom / 2]);
      map.setView(map.unproject(middle, at), at, { animate: !still });
    },
    showWorld() {
      map.setView([30, 15], 3, { animate: false });
    },
    view() {
      const b = map.getBounds();
      return [b.getWest(), b.getSouth(), b.getEast(), b.getNorth()];
    },
    zoom: () => map.getZoom(),
    showPosition,
    showCar,
    padding({ bottom = 0, left = 0 }) {
      room = { bottom, left };
    },
    destroy() {
      map.remove();
    },
  };
}

function pin(at, className) {
  const icon = L.divIcon({ className: "pin-anchor", iconSize: null, html: L.DomUtil.create("span", className) });
  return L.marker(at, { icon, interactive: false, keyboard: false });
}

function labelWords(zone) {
  const state = status(zone);
  if (state === "free") return text("zoneFree", { n: zone.free });
  return text(state === "full" ? "zoneFull" : "zoneUnknown").toLocaleLowerCase();
}

function latLngs(ring) {
  return ring.map(([lon, lat]) => [lat, lon]);
}

/** Tiles when a server is configured, else a quiet grid that moves with the map. */
function background(config) {
  if (config.tileUrl) {
    return L.tileLayer(config.tileUrl, {
      attribution: config.tileAttribution,
      maxZoom: MAX_ZOOM,
      maxNativeZoom: config.tileMaxZoom,
      className: "tiles",
    });
  }
  const Grid = L.GridLayer.extend({
    createTile() {
      return L.DomUtil.create("div", "plain-tile");
    },
  });
  return new Grid({ maxZoom: MAX_ZOOM });
}

function allZonesButton(pressed) {
  const Control = L.Control.extend({
    options: { position: "topright" },
    onAdd() {
      const bar = L.DomUtil.create("div", "leaflet-bar");
      const button = L.DomUtil.create("button", "map-button", bar);
      button.type = "button";
      button.title = text("showAll");
      button.setAttribute("aria-label", text("showAll"));
      button.append(document.getElementById("icon-all").content.cloneNode(true));
      L.DomEvent.disableClickPropagation(bar);
      L.DomEvent.on(button, "click", pressed);
      return bar;
    },
  });
  return new Control();
}
