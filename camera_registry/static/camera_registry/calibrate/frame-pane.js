// SPDX-License-Identifier: AGPL-3.0-or-later
// The camera's picture, with all that the calibration says drawn back onto it. Leaflet's plain plane: x right, y up, so
// that a pixel (x, y) lies at latitude -y and longitude x.

import { drawResiduals } from "./drawing.js";
import { createHeightMarks } from "./height-marks.js";
import { createLoupe } from "./loupe.js";
import { createMarkers } from "./pane.js";
import { text } from "../admin/words.js";

/** @import { End, HeightHandlers, Pair, PaneHandlers, Scene } from "./types" */

const MAX_ZOOM = 5;

/** @param {Pair} px */
const toLatLng = ([x, y]) => L.latLng(-y, x);
/** @param {L.LatLng} at @returns {Pair} */
const toPair = (at) => [Math.round(at.lng * 100) / 100, Math.round(-at.lat * 100) / 100];

/** @param {HTMLElement} element @param {PaneHandlers} handlers @param {HeightHandlers} heightHandlers */
export function createFramePane(element, handlers, heightHandlers) {
  const map = L.map(element, {
    crs: L.CRS.Simple,
    minZoom: -4,
    maxZoom: MAX_ZOOM,
    zoomSnap: 0.1,
    zoomDelta: 0.5,
    attributionControl: false,
    keyboard: false,
    zoomAnimation: false,
    doubleClickZoom: false,
  });
  /** @type {Pair} */
  let size = [1920, 1080];
  /** @type {ImageBitmap | null} */
  let picture = null;
  /** @type {L.ImageOverlay | null} */
  let overlay = null;
  /** @type {L.ImageOverlay | null} */
  let heat = null;
  const loupe = createLoupe(element);
  const lines = L.layerGroup().addTo(map);
  const arrows = L.layerGroup().addTo(map);
  const border = L.rectangle(bounds(), { className: "cal-border", interactive: false }).addTo(map);

  /** @type {import("./knobs.js").Ground} */
  const plane = {
    toLatLng,
    toPair: (at) => clamped(toPair(at)),
    nudged: ([x, y], [dx, dy]) => clamped([Math.round((x + dx) * 100) / 100, Math.round((y + dy) * 100) / 100]),
    accepts: ([x, y]) => x > 0 && y > 0 && x < size[0] && y < size[1],
  };
  const markers = createMarkers(map, "px", plane, handlers);
  const heights = createHeightMarks(map, plane, heightHandlers);
  fit();
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(element);
  /** @type {Scene | null} */
  let shown = null;
  map.on("zoomend", () => shown && drawArrows(shown));

  /** @param {Pair} px @returns {Pair} */
  function clamped([x, y]) {
    return [Math.min(size[0], Math.max(0, x)), Math.min(size[1], Math.max(0, y))];
  }

  function bounds() {
    return L.latLngBounds(toLatLng([0, size[1]]), toLatLng([size[0], 0]));
  }

  function fit() {
    // Bounds are set when the view lies inside them: Leaflet would glide there otherwise.
    map.setMaxBounds(L.latLngBounds([]));
    map.setMinZoom(-4);
    map.fitBounds(bounds(), { animate: false });
    map.setMinZoom(map.getZoom() - 1);
    map.setMaxBounds(bounds().pad(1));
  }

  /** @param {Scene} scene */
  function drawArrows(scene) {
    arrows.clearLayers();
    const factor = drawResiduals(map, arrows, scene, "px", toLatLng);
    element.dataset.factor = factor > 1 ? text("longer", { factor }) : "";
  }

  return {
    /** @param {Pair} wanted @param {Blob | null} image */
    async show(wanted, image) {
      const resized = wanted[0] !== size[0] || wanted[1] !== size[1];
      size = wanted;
      border.setBounds(bounds());
      if (resized) fit();
      if (!image) return;
      picture?.close();
      picture = await createImageBitmap(image);
      const url = URL.createObjectURL(image);
      const before = overlay;
      overlay = L.imageOverlay(url, bounds(), { className: "cal-frame", interactive: false }).addTo(map);
      overlay.once("load", () => URL.revokeObjectURL(url));
      overlay.bringToBack();
      before?.remove();
      element.classList.add("has-frame");
    },
    fit,
    /** @param {Scene} scene */
    update(scene) {
      shown = scene;
      const { solution, layers } = scene;
      lines.clearLayers();
      const errors = solution?.state === "fitted" && layers.errors ? solution.errors : null;
      if (!errors) heat?.remove();
      else if (heat && map.hasLayer(heat)) heat.setUrl(errors.picture);
      else heat = L.imageOverlay(errors.picture, bounds(), { opacity: 0.55, className: "cal-heat" }).addTo(map);
      if (heat) heat.setBounds(bounds());
      if (solution?.state === "fitted") {
        for (const { level_m: level, px } of errors?.lines ?? []) {
          for (const line of px) labelled(lines, line, "cal-level", `${level} m`);
        }
        if (layers.zones) for (const zone of solution.zones) {
          L.polygon(zone.px.map((ring) => ring.map(toLatLng)), { className: "cal-zone", interactive: false }).addTo(lines);
          label(lines, middle(zone.px[0]), zone.name, "cal-zone-name");
        }
        if (layers.area) {
          const area = solution.believed.px.map((ring) => ring.map(toLatLng));
          L.polygon(area, { className: "cal-area", fill: false, interactive: false }).addTo(lines);
          for (const line of solution.horizon_px) labelled(lines, line, "cal-horizon", text("horizon"));
        }
      }
      drawArrows(scene);
      markers.update(scene);
      heights.update(scene);
    },
    /** @param {Pair | null} at */
    look(at) {
      loupe.show(picture, at, at && map.latLngToContainerPoint(toLatLng(at)));
    },
    /** @param {string} id */
    focusPoint: (id) => markers.focus(id),
    /** @param {string} id @param {End} end */
    focusHeight: (id, end) => heights.focus(id, end),
    focus: () => element.focus({ preventScroll: true }),
  };
}

/** @param {L.LayerGroup} group @param {Pair[]} line @param {string} className @param {string} words */
function labelled(group, line, className, words) {
  L.polyline(line.map(toLatLng), { className, interactive: false }).addTo(group);
  label(group, line[Math.floor(line.length / 2)], words, `${className}-name`);
}

/** @param {L.LayerGroup} group @param {Pair} at @param {string} words @param {string} className */
function label(group, at, words, className) {
  const text = document.createElement("span");
  text.textContent = words;
  const icon = L.divIcon({ className: `cal-text ${className}`, iconSize: [0, 0], html: text });
  L.marker(toLatLng(at), { icon, interactive: false, keyboard: false, zIndexOffset: -2000 }).addTo(group);
}

/** @param {Pair[]} ring @returns {Pair} */
function middle(ring) {
  const sum = ring.reduce((a, b) => [a[0] + b[0], a[1] + b[1]], [0, 0]);
  return [sum[0] / ring.length, sum[1] / ring.length];
}
