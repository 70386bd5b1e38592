// SPDX-License-Identifier: AGPL-3.0-or-later
// Handles on a pane that are dragged by mouse or finger, nudged by arrow keys and walked through with Tab.

/** @import { Pair } from "./types" */

/** @type {Record<string, Pair>} */
export const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * How a pane's coordinates go into Leaflet's and back; `nudged` moves by a step in its finest useful unit, `accepts` says
 * whether there is anything to click.
 * @typedef {{ toLatLng(at: Pair): L.LatLng, toPair(at: L.LatLng): Pair, nudged(at: Pair, step: Pair): Pair,
 *   accepts(at: Pair): boolean }} Ground
 */

/**
 * What a person does with a handle. `merge` names movements that are one for undo.
 * @typedef {{ moved(id: string, to: Pair, merge: string): void, removed(id: string): void, toggled(id: string): void,
 *   onwards(id: string): void, selected(id: string): void, lookedAt(at: Pair): void }} Actions
 */

/** @param {L.Map} map @param {Ground} ground @param {Actions} actions */
export function createKnobs(map, ground, actions) {
  /** @type {Map<string, L.Marker>} */
  const knobs = new Map();
  const pane = map.getContainer();

  /** @param {KeyboardEvent} event @param {string} id @returns {boolean} whether the key meant something */
  function pressed(event, id) {
    if (event.ctrlKey || event.metaKey) return false;
    const knob = knobs.get(id);
    const arrow = ARROWS[event.key];
    if (arrow && knob) {
      const far = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
      const to = ground.nudged(ground.toPair(knob.getLatLng()), [arrow[0] * far, arrow[1] * far]);
      actions.moved(id, to, `nudge ${id}`);
      actions.lookedAt(to);
      map.panInside(knob.getLatLng(), { padding: [40, 40], animate: false });
    } else if (event.key === "Delete" || event.key === "Backspace") {
      const next = neighbour(id);
      actions.removed(id);
      if (!next || !focus(next)) pane.focus({ preventScroll: true });
    } else if (event.key === "k") actions.toggled(id);
    else if (event.key === "Enter" || event.key === " ") actions.onwards(id);
    else if (event.key === "Escape") pane.focus({ preventScroll: true });
    else return false;
    return true;
  }

  /** @param {string} id */
  function neighbour(id) {
    const ids = [...knobs.keys()];
    const index = ids.indexOf(id);
    return ids[index + 1] ?? ids[index - 1] ?? null;
  }

  /** @param {string} id */
  function focus(id) {
    const element = knobs.get(id)?.getElement();
    element?.focus({ preventScroll: true });
    return Boolean(element);
  }

  /** @param {string} id @param {Pair} at @param {HTMLElement} shape */
  function add(id, at, shape) {
    const icon = L.divIcon({ className: "cal-marker", iconSize: [36, 36], html: shape });
    const knob = L.marker(ground.toLatLng(at), { icon, draggable: true, keyboard: false, autoPan: true }).addTo(map);
    const element = /** @type {HTMLElement} */ (knob.getElement());
    element.tabIndex = 0;
    element.setAttribute("role", "button");
    element.dataset.point = id;
    element.addEventListener("focus", () => {
      actions.selected(id);
      actions.lookedAt(ground.toPair(knob.getLatLng()));
    });
    element.addEventListener("keydown", (event) => {
      if (!pressed(event, id)) return;
      event.preventDefault();
      event.stopPropagation();
    });
    knob.on("click", () => focus(id));
    knob.on("dragstart", () => focus(id));
    let drags = 0;
    knob.on("dragstart", () => (drags += 1));
    knob.on("drag", () => {
      const to = ground.toPair(knob.getLatLng());
      actions.moved(id, to, `drag ${id} ${drags}`);
      actions.lookedAt(to);
    });
    knobs.set(id, knob);
    return knob;
  }

  return {
    /** The handle of this id, at this place; made when it is not there yet. @param {string} id @param {Pair} at @param {() => HTMLElement} shape */
    put(id, at, shape) {
      const knob = knobs.get(id) ?? add(id, at, shape());
      const there = ground.toLatLng(at);
      if (!knob.getLatLng().equals(there, 0)) knob.setLatLng(there);
      return knob;
    },
    /** Take away all but these. @param {Set<string>} ids */
    keepOnly(ids) {
      for (const [id, knob] of knobs) {
        if (ids.has(id)) continue;
        knob.remove();
        knobs.delete(id);
      }
    },
    focus,
    /** Focus, and bring into view. @param {string} id */
    goTo(id) {
      const knob = knobs.get(id);
      if (knob) map.panInside(knob.getLatLng(), { padding: [60, 60], animate: false });
      return focus(id);
    },
  };
}

/** A cross with an open middle, so that the pixel itself stays visible, and a label. */
export function crossShape() {
  const shape = document.createElement("div");
  shape.className = "cal-shape";
  const cross = document.createElement("span");
  cross.className = "cal-cross";
  const label = document.createElement("span");
  label.className = "cal-label";
  shape.append(cross, label);
  return shape;
}
