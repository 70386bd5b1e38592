// SPDX-License-Identifier: AGPL-3.0-or-later
// Moving a zone as a whole, with its kerb and access edges: by dragging its ground, or with the arrow keys.

import { mapped } from "./lines.js";
import { ARROWS, toLatLng, toPair } from "./places.js";
import { distance, SNAP_PX } from "./snap.js";

/** @import { Draft, Scene } from "./types" */
/** @import { Tools } from "./vertices.js" */
/** @import { Px } from "./snap.js" */

/** @param {Tools & { toNeighbour(at: Px, reach: number): { at: Px } | null }} tools */
export function createShift({ map, handlers, toNeighbour }) {
  /** @type {Scene | null} */
  let scene = null;
  /** @type {{ from: Px, draft: Draft, id: number } | null} */
  let running = null;
  let moves = 0;

  /** @param {Draft} draft @param {Px} by  pixels @returns {Draft} */
  const shifted = (draft, by) => mapped(draft, (at) => toPair(map.unproject(map.project(toLatLng(at)).add([by.x, by.y]))));

  /** The movement that brings a corner onto a neighbour, if one is near. @param {Draft} draft @param {Px} by @returns {Px} */
  function snappedMove(draft, by) {
    if (!scene?.snap) return by;
    /** @type {{ by: Px, far: number } | null} */
    let best = null;
    for (const at of draft.rings[0] ?? []) {
      const corner = map.project(toLatLng(at)).add([by.x, by.y]);
      const found = toNeighbour(corner, SNAP_PX);
      if (!found) continue;
      const far = distance(corner, found.at);
      if (!best || far < best.far) best = { by: { x: by.x + found.at.x - corner.x, y: by.y + found.at.y - corner.y }, far };
    }
    return best?.by ?? by;
  }

  /** @param {PointerEvent} event */
  function follow(event) {
    if (!running || event.pointerId !== running.id) return;
    const by = { x: event.clientX - running.from.x, y: event.clientY - running.from.y };
    handlers.shifted(shifted(running.draft, event.altKey ? by : snappedMove(running.draft, by)), `shift ${moves}`);
  }

  /** @param {PointerEvent} event */
  function end(event) {
    if (!running || event.pointerId !== running.id) return;
    running = null;
    map.dragging.enable();
    window.removeEventListener("pointermove", follow);
    window.removeEventListener("pointerup", end);
    window.removeEventListener("pointercancel", end);
  }

  return {
    /** @param {SVGElement} shape @param {Scene} shown */
    listen(shape, shown) {
      scene = shown;
      shape.addEventListener("pointerdown", (event) => {
        if (shown.tool.name !== "move" || event.button !== 0) return;
        map.dragging.disable();
        moves += 1;
        running = { from: { x: event.clientX, y: event.clientY }, draft: shown.draft, id: event.pointerId };
        window.addEventListener("pointermove", follow);
        window.addEventListener("pointerup", end);
        window.addEventListener("pointercancel", end);
      });
    },
    /** @param {KeyboardEvent} event */
    key(event) {
      const arrow = ARROWS[event.key];
      if (scene?.tool.name !== "move" || !arrow) return false;
      const far = event.shiftKey ? 10 : event.altKey ? 0.1 : 1;
      handlers.shifted(shifted(scene.draft, { x: arrow[0] * far, y: arrow[1] * far }), "nudge all");
      return true;
    },
  };
}
