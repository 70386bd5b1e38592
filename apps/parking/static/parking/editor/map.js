// SPDX-License-Identifier: AGPL-3.0-or-later
// The map: tiles of the site's own setting or a plain ground, what is there already, and the zone that is drawn.

import { text } from "../../camera_registry/admin/words.js";
import { createGroundMap } from "../../camera_registry/admin/ground-map.js";
import { keepApart } from "../../camera_registry/admin/labels.js";
import { pathsOf } from "./lines.js";
import { ARROWS, textIcon, toLatLng, toPair } from "./places.js";
import { SNAP_PX, snapped } from "./snap.js";
import { createSketch } from "./sketch.js";
import { createShift } from "./shift.js";
import { createVertices } from "./vertices.js";

/** @import { Around, Config, MapHandlers, Pair, Scene } from "./types" */
/** @import { Line } from "./snap.js" */

const PAN_PX = 80;
const FINE_PAN_PX = 4;

/** @param {readonly Pair[][]} rings */
const latLngs = (rings) => rings.map((ring) => ring.map(toLatLng));

/** @param {HTMLElement} element @param {Config} config @param {MapHandlers} handlers */
export function createMap(element, config, handlers) {
  const map = createGroundMap(element, config);
  const views = L.layerGroup().addTo(map);
  const others = L.layerGroup().addTo(map);
  const own = L.layerGroup().addTo(map);
  const marks = L.layerGroup().addTo(map);
  /** @type {Around} */
  let around = { zones: [], views: [] };
  /** @type {Scene | null} */
  let scene = null;

  /** In pixels of the whole world, not rounded to those of the screen. @param {Pair[]} points @param {boolean} closed @returns {Line} */
  const line = (points, closed) => ({ points: points.map((at) => map.project(toLatLng(at))), closed });
  const neighbours = () =>
    around.zones.flatMap(({ rings, kerb }) => [...rings.map((ring) => line(ring, true)), ...(kerb ? [line(kerb, false)] : [])]);

  /** What points may snap to: neighbours, and the zone's own other lines. @param {string} except  key of the line that is moved @returns {Line[]} */
  function targets(except) {
    const mine = scene ? pathsOf(scene.draft).filter((path) => path.key !== except) : [];
    return [...neighbours(), ...mine.map((path) => line(path.points, path.closed))];
  }

  /** A place, or what it snaps to. @param {Pair} at @param {string} except @param {boolean} [free] @returns {{ at: Pair, kind: "corner" | "edge" | null }} */
  function snap(at, except, free = false) {
    const found = scene?.snap && !free ? snapped(map.project(toLatLng(at)), targets(except), SNAP_PX) : null;
    return found ? { at: toPair(map.unproject([found.at.x, found.at.y])), kind: found.kind } : { at, kind: null };
  }

  const tools = { map, element, handlers, snap };
  const vertices = createVertices(tools);
  const sketch = createSketch(tools);
  const shift = createShift({ ...tools, toNeighbour: (at, reach) => snapped(at, neighbours(), reach) });

  element.addEventListener("keydown", (event) => {
    if (event.target !== element || event.ctrlKey || event.metaKey) return;
    if (sketch.key(event) || shift.key(event) || paneKey(event)) event.preventDefault();
  });

  /** Keys while the map itself has the focus. @param {KeyboardEvent} event @returns {boolean} whether it was one */
  function paneKey(event) {
    const arrow = ARROWS[event.key];
    const step = event.shiftKey ? FINE_PAN_PX : event.altKey ? 1 : PAN_PX;
    if (arrow) map.panBy([arrow[0] * step, arrow[1] * step], { animate: false });
    else if (event.key === "+" || event.key === "=") map.zoomIn(undefined, { animate: false });
    else if (event.key === "-") map.zoomOut(undefined, { animate: false });
    else return false;
    return true;
  }

  map.on("moveend", () => {
    const bounds = map.getBounds().pad(0.2);
    const within = (/** @type {number} */ value, /** @type {number} */ end) => Math.min(end, Math.max(-end, value));
    const [west, east] = [within(bounds.getWest(), 180), within(bounds.getEast(), 180)];
    if (west < east) handlers.looked([west, within(bounds.getSouth(), 85), east, within(bounds.getNorth(), 85)]);
  });
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(element);

  /** @type {L.Marker[]} */
  let names = [];
  map.on("zoomend", () => keepApart(names));

  function drawAround() {
    drawNeighbours();
    names = [...others.getLayers(), ...views.getLayers()].filter((layer) => layer instanceof L.Marker);
    keepApart(names);
  }

  function drawNeighbours() {
    views.clearLayers();
    others.clearLayers();
    if (scene?.layers.views) {
      for (const { name, rings } of around.views) {
        L.polygon(latLngs(rings), { className: "zed-view", interactive: false }).addTo(views);
        const top = rings[0].reduce((best, at) => (at[1] > best[1] ? at : best));
        L.marker(toLatLng(top), { icon: textIcon(text("seenBy", { name }), "zed-view-name"), interactive: false, keyboard: false }).addTo(views);
      }
    }
    if (!scene?.layers.zones) return;
    for (const { name, state, rings, kerb } of around.zones) {
      const shape = L.polygon(latLngs(rings), { className: `zed-other ${state}`, interactive: false }).addTo(others);
      const words = state === "on" ? name : text(state === "off" ? "zoneIsOff" : "zoneIsProposed", { name });
      L.marker(shape.getBounds().getCenter(), { icon: textIcon(words, "zed-other-name"), interactive: false, keyboard: false }).addTo(others);
      if (kerb) L.polyline(kerb.map(toLatLng), { className: "zed-other-kerb", interactive: false }).addTo(others);
    }
  }

  function drawOwn() {
    own.clearLayers();
    marks.clearLayers();
    if (!scene) return;
    const { draft, judgement, layers, active, tool } = scene;
    if (layers.slots) {
      for (const ring of judgement?.slots ?? []) {
        L.polygon(ring.map(toLatLng), { className: "zed-slot", interactive: false }).addTo(own);
      }
    }
    if (draft.rings.length) {
      const ground = L.polygon(latLngs(draft.rings), { className: `zed-own${active?.startsWith("ring") ? " active" : ""}`, interactive: tool.name === "edit" || tool.name === "move" }).addTo(own);
      ground.on("click", (event) => {
        L.DomEvent.stopPropagation(event);
        if (tool.name === "edit") handlers.activated("ring0");
      });
      const shape = ground.getElement();
      if (shape instanceof SVGElement) shift.listen(shape, scene);
    }
    for (const path of pathsOf(draft)) {
      if (path.closed) continue;
      const line = L.polyline(path.points.map(toLatLng), { className: `zed-${path.kind}${active === path.key ? " active" : ""}`, interactive: tool.name === "edit" }).addTo(own);
      line.on("click", (event) => {
        L.DomEvent.stopPropagation(event);
        handlers.activated(path.key);
      });
    }
    for (const part of judgement?.split?.parts ?? []) {
      const shape = L.polygon(latLngs(part.rings), { className: "zed-part", interactive: false }).addTo(marks);
      L.marker(shape.getBounds().getCenter(), { icon: textIcon(`${part.name}: ${part.area_m2.toFixed(0)} m²`, "zed-part-name"), interactive: false, keyboard: false }).addTo(marks);
    }
    for (const finding of judgement?.findings ?? []) {
      if (!finding.lonlat) continue;
      const icon = textIcon("⚠", finding.refused ? "zed-mark refused" : "zed-mark");
      L.marker(toLatLng(finding.lonlat), { icon, interactive: false, keyboard: false, zIndexOffset: 2000 }).addTo(marks);
    }
  }

  return {
    /** The first view: the zone, else where zones are. @param {Pair[]} places */
    open(places) {
      if (places.length) map.fitBounds(L.latLngBounds(places.map(toLatLng)), { animate: false, maxZoom: 21, padding: [60, 60] });
      else if (config.extent) {
        const [west, south, east, north] = config.extent;
        map.fitBounds([[south, west], [north, east]], { animate: false, maxZoom: 20, padding: [40, 40] });
      } else map.setView([25, 10], 2, { animate: false });
    },
    /** @param {Pair} place */
    goTo(place) {
      map.setView(toLatLng(place), Math.max(map.getZoom(), 20), { animate: false });
    },
    /** @param {Around} found */
    setAround(found) {
      around = found;
      drawAround();
    },
    /** @param {Scene} next */
    update(next) {
      const redraw = !scene || scene.layers !== next.layers;
      const toolChanged = scene?.tool !== next.tool;
      scene = next;
      element.dataset.tool = next.tool.name;
      if (redraw) drawAround();
      drawOwn();
      vertices.update(next);
      if (toolChanged) sketch.begin(next.tool);
    },
    finishSketch: () => sketch.finish(),
    /** @returns {boolean} whether there was a point to take back */
    undoSketch: () => sketch.back(),
    focus: () => element.focus({ preventScroll: true }),
    /** @param {string} key @param {number} index */
    focusVertex: (key, index) => vertices.focus(key, index),
  };
}
