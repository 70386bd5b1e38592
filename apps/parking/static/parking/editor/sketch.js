// SPDX-License-Identifier: AGPL-3.0-or-later
// A line while it is drawn, by clicks or with the cross hair in the middle: an outline, a kerb, a cut.

import { leastPoints } from "./lines.js";
import { textIcon, toLatLng, toPair } from "./places.js";
import { distance } from "./snap.js";

/** @import { Pair, Tool } from "./types" */
/** @import { Tools } from "./vertices.js" */

/** A click this near to the first or last point ends the line, pixels. */
const END_PX = 14;

/** @param {Tools} tools */
export function createSketch({ map, element, handlers, snap }) {
  const layer = L.layerGroup().addTo(map);
  /** @type {Tool} */
  let tool = { name: "edit" };
  /** @type {Pair[]} */
  let points = [];
  /** @type {Pair | null} */
  let pointer = null;

  const isOn = () => tool.name === "draw" || tool.name === "split";
  const kind = () => (tool.name === "draw" ? tool.kind : "kerb");
  const isRing = () => kind() === "ring";

  function draw() {
    layer.clearLayers();
    if (!isOn()) return;
    const aimed = pointer ? snap(pointer, "none") : null;
    const line = aimed ? [...points, aimed.at] : points;
    if (isRing() && line.length > 2) L.polygon(line.map(toLatLng), { className: "zed-sketch", interactive: false }).addTo(layer);
    else if (line.length > 1) L.polyline(line.map(toLatLng), { className: `zed-sketch line ${tool.name}`, interactive: false }).addTo(layer);
    points.forEach((at, index) => {
      const first = isRing() && index === 0 && points.length >= 3;
      L.circleMarker(toLatLng(at), { radius: first ? 8 : 4, className: "zed-sketch-point", interactive: false }).addTo(layer);
    });
    if (aimed?.kind) L.marker(toLatLng(aimed.at), { icon: textIcon(aimed.kind === "corner" ? "◆" : "◇", "zed-aim"), interactive: false, keyboard: false }).addTo(layer);
  }

  /** @param {Pair} given @param {boolean} free */
  function add(given, free) {
    const { at } = snap(given, "none", free);
    const here = map.project(toLatLng(at));
    const near = (/** @type {Pair | undefined} */ other) => other !== undefined && distance(here, map.project(toLatLng(other))) < END_PX;
    const enough = points.length >= leastPoints(kind());
    if (enough && ((isRing() && near(points[0])) || near(points.at(-1)))) return finish();
    if (!near(points.at(-1))) points = [...points, at];
    handlers.drawing(points.length);
    draw();
  }

  function finish() {
    if (!isOn() || points.length < leastPoints(kind())) return;
    const done = points;
    points = [];
    pointer = null;
    handlers.drawing(null);
    handlers.drawn(done);
    draw();
  }

  function back() {
    if (!isOn() || points.length === 0) return false;
    points = points.slice(0, -1);
    handlers.drawing(points.length);
    draw();
    return true;
  }

  map.on("click", (event) => {
    if (isOn()) add(toPair(event.latlng), event.originalEvent.altKey);
  });
  map.on("dblclick", () => finish());
  map.on("mousemove", (event) => {
    if (!isOn()) return;
    pointer = toPair(event.latlng);
    draw();
  });
  map.on("mouseout", () => {
    pointer = null;
    draw();
  });
  map.on("move", () => document.activeElement === element && aimAtCentre());

  function aimAtCentre() {
    if (!isOn()) return;
    pointer = toPair(map.getCenter());
    draw();
  }

  return {
    finish,
    back,
    /** @param {Tool} next */
    begin(next) {
      tool = next;
      points = [];
      pointer = null;
      handlers.drawing(isOn() ? 0 : null);
      draw();
    },
    /** @param {KeyboardEvent} event */
    key(event) {
      if (!isOn()) return false;
      if (event.key === "Enter" || event.key === " ") add(toPair(map.getCenter()), event.altKey);
      else if (event.key === "f") finish();
      else if (event.key === "Backspace") back();
      else return false;
      return true;
    },
  };
}
