// SPDX-License-Identifier: AGPL-3.0-or-later
// What the frame and the map have in common: markers that are dragged, nudged and walked through by keyboard.

/** @import { Half, Pair, PaneHandlers, Point, PointResult, Scene } from "./types" */

/** @type {Record<string, Pair>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const PAN_PX = 80;

/**
 * How a pane's coordinates go into Leaflet's and back; `nudged` moves by a step in its finest useful unit, `accepts` says
 * whether there is anything to click.
 * @typedef {{ toLatLng(at: Pair): L.LatLng, toPair(at: L.LatLng): Pair, nudged(at: Pair, step: Pair): Pair,
 *   accepts(at: Pair): boolean }} Ground
 */

/**
 * @param {L.Map} map
 * @param {Half} half
 * @param {Ground} ground
 * @param {PaneHandlers} handlers
 */
export function createMarkers(map, half, ground, handlers) {
  /** @type {Map<string, L.Marker>} */
  const markers = new Map();
  const element = map.getContainer();

  map.on("click", (event) => {
    if (!ground.accepts(ground.toPair(event.latlng))) return;
    const id = handlers.placed(half, ground.toPair(event.latlng));
    markers.get(id)?.getElement()?.focus({ preventScroll: true });
  });
  map.on("mousemove", (event) => handlers.lookedAt(half, ground.toPair(event.latlng)));
  map.on("mouseout", () => handlers.lookedAt(half, null));
  element.addEventListener("keydown", (event) => {
    if (event.target === element && paneKey(event)) event.preventDefault();
  });

  /** Keys while the pane itself has the focus. @param {KeyboardEvent} event @returns {boolean} whether it was one */
  function paneKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return false;
    const arrow = ARROWS[event.key];
    if (arrow) {
      map.panBy([arrow[0] * PAN_PX, arrow[1] * PAN_PX], { animate: false });
      return true;
    }
    if (event.key === "+" || event.key === "=") map.zoomIn(undefined, { animate: false });
    else if (event.key === "-") map.zoomOut(undefined, { animate: false });
    else if (event.key === "Enter" || event.key === "n") {
      if (!ground.accepts(ground.toPair(map.getCenter()))) return true;
      const id = handlers.placed(half, ground.toPair(map.getCenter()));
      markers.get(id)?.getElement()?.focus({ preventScroll: true });
    } else return false;
    return true;
  }

  /** Keys while a marker has the focus. @param {KeyboardEvent} event @param {string} id @returns {boolean} */
  function markerKey(event, id) {
    if (event.ctrlKey || event.metaKey) return false;
    const marker = markers.get(id);
    const arrow = ARROWS[event.key];
    if (arrow && marker) {
      const far = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
      const to = ground.nudged(ground.toPair(marker.getLatLng()), [arrow[0] * far, arrow[1] * far]);
      handlers.moved(id, half, to, `nudge ${half} ${id}`);
      handlers.lookedAt(half, to);
      keepInView(marker);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      const next = neighbour(id);
      handlers.removed(id);
      if (next) markers.get(next)?.getElement()?.focus({ preventScroll: true });
      else element.focus({ preventScroll: true });
    } else if (event.key === "k") handlers.toggled(id);
    else if (event.key === "Enter" || event.key === " ") handlers.onwards(id, half);
    else if (event.key === "Escape") element.focus({ preventScroll: true });
    else return false;
    return true;
  }

  /** @param {string} id */
  function neighbour(id) {
    const ids = [...markers.keys()];
    const index = ids.indexOf(id);
    return ids[index + 1] ?? ids[index - 1] ?? null;
  }

  /** @param {L.Marker} marker */
  function keepInView(marker) {
    map.panInside(marker.getLatLng(), { padding: [40, 40], animate: false });
  }

  /** @param {Point} point @param {Pair} at */
  function add(point, at) {
    const icon = L.divIcon({ className: "cal-marker", iconSize: [36, 36], html: markerShape() });
    const marker = L.marker(ground.toLatLng(at), { icon, draggable: true, keyboard: false, autoPan: true }).addTo(map);
    const knob = /** @type {HTMLElement} */ (marker.getElement());
    knob.tabIndex = 0;
    knob.setAttribute("role", "button");
    knob.dataset.point = point.id;
    knob.addEventListener("focus", () => {
      handlers.selected(point.id);
      handlers.lookedAt(half, ground.toPair(marker.getLatLng()));
    });
    knob.addEventListener("keydown", (event) => {
      if (!markerKey(event, point.id)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    marker.on("click", () => knob.focus({ preventScroll: true }));
    marker.on("dragstart", () => knob.focus({ preventScroll: true }));
    let drags = 0;
    marker.on("dragstart", () => (drags += 1));
    marker.on("drag", () => {
      const to = ground.toPair(marker.getLatLng());
      handlers.moved(point.id, half, to, `drag ${half} ${point.id} ${drags}`);
      handlers.lookedAt(half, to);
    });
    markers.set(point.id, marker);
    return marker;
  }

  return {
    /** @param {Scene} scene */
    update(scene) {
      const { points, selected, solution } = scene;
      for (const [id, marker] of markers) {
        if (points.some((point) => point.id === id && point[half])) continue;
        marker.remove();
        markers.delete(id);
      }
      const results = new Map((solution?.state === "fitted" ? solution.points : []).map((result) => [result.id, result]));
      const named = new Set(solution?.named ?? []);
      for (const point of points) {
        const at = point[half];
        if (!at) continue;
        const marker = markers.get(point.id) ?? add(point, at);
        const there = ground.toLatLng(at);
        if (!marker.getLatLng().equals(there, 0)) marker.setLatLng(there);
        dress(marker, point, half, results.get(point.id), named.has(point.id), point.id === selected);
      }
    },
    /** @param {string} id */
    focus(id) {
      const marker = markers.get(id);
      if (!marker) return false;
      map.panInside(marker.getLatLng(), { padding: [60, 60], animate: false });
      marker.getElement()?.focus({ preventScroll: true });
      return true;
    },
  };
}

function markerShape() {
  const shape = document.createElement("div");
  shape.className = "cal-shape";
  const cross = document.createElement("span");
  cross.className = "cal-cross";
  const label = document.createElement("span");
  label.className = "cal-label";
  shape.append(cross, label);
  return shape;
}

/**
 * Every state has a sign or a shape of its own; colour only repeats it.
 * @param {L.Marker} marker @param {Point} point @param {Half} half @param {PointResult | undefined} result
 * @param {boolean} named @param {boolean} selected
 */
function dress(marker, point, half, result, named, selected) {
  const knob = /** @type {HTMLElement} */ (marker.getElement());
  const other = half === "px" ? point.lonlat : point.px;
  const bad = named || Boolean(result?.suspect);
  knob.classList.toggle("selected", selected);
  knob.classList.toggle("dropped", !point.kept);
  knob.classList.toggle("half", !other);
  knob.classList.toggle("bad", bad);
  const sign = bad ? "⚠ " : !other ? "? " : "";
  const label = /** @type {HTMLElement} */ (knob.querySelector(".cal-label"));
  label.textContent = sign + point.name + (point.kept ? "" : " (not used)");
  marker.setZIndexOffset(selected ? 1000 : bad ? 500 : 0);
  knob.setAttribute("aria-label", spoken(point, half, result, named));
}

/** @param {Point} point @param {Half} half @param {PointResult | undefined} result @param {boolean} named */
function spoken(point, half, result, named) {
  const at = point[half];
  const words = [`Point ${point.name} in the ${half === "px" ? "frame" : "map"}`];
  if (at) words.push(half === "px" ? `pixel ${at[0].toFixed(1)}, ${at[1].toFixed(1)}` : `${at[0].toFixed(6)}, ${at[1].toFixed(6)}`);
  if (!(half === "px" ? point.lonlat : point.px)) words.push("its other half is missing");
  if (!point.kept) words.push("not used");
  if (result?.residual_px != null && result.residual_m != null) {
    words.push(`residual ${result.residual_px.toFixed(1)} pixels, ${result.residual_m.toFixed(2)} metres`);
  }
  if (result?.suspect) words.push("does not agree with the others");
  if (named) words.push("refused");
  return words.join(", ");
}
