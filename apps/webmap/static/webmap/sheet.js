// SPDX-License-Identifier: AGPL-3.0-or-later
// The panel as a sheet on phones: it rests low, halfway or high, moved by a drag, a tap or its button. Where there is room
// it stands beside the map and does not move.

import { by, onPress, setAttribute } from "./dom.js";
import { text } from "./format.js";

/** The page's style has the same condition. */
const BESIDE = "(min-width: 760px), (max-height: 480px) and (min-width: 560px)";
/** A finger that moved less than this has tapped, px. */
const TAP_PX = 8;
/** A flick goes on to the next rest, px/ms. */
const FLICK = 0.5;

/** @typedef {"low" | "half" | "high"} Rest */

const RESTS = /** @type {Rest[]} */ (["low", "half", "high"]);

export class Sheet {
  /** @param {(covered: number) => void} rested called with how many pixels of the map lie below the sheet's edge */
  constructor(rested) {
    this.rested = rested;
    /** @type {Rest} */
    this.rest = "half";
    /** @type {{y: number, height: number, at: number, moving: boolean} | null} */
    this.drag = null;
    this.beside = window.matchMedia(BESIDE);
    this.beside.addEventListener("change", () => this.settle(this.rest));
    onPress("panel-toggle", () => this.settle(this.rest === "low" ? "half" : "low"));
    const handle = by("summary");
    handle.addEventListener("pointerdown", (event) => this.begin(event));
    handle.addEventListener("pointermove", (event) => this.move(event));
    handle.addEventListener("pointerup", (event) => this.end(event));
    handle.addEventListener("pointercancel", () => this.cancel());
    this.settle("half");
  }

  /** At least halfway, so that what was chosen is seen. */
  raise() {
    if (this.rest === "low") this.settle("half");
  }

  /** @param {Rest} rest */
  settle(rest) {
    this.rest = rest;
    const low = rest === "low";
    setAttribute(by("panel-toggle"), "aria-expanded", String(!low));
    setAttribute(by("panel-toggle"), "aria-label", text(low ? "expandList" : "collapseList"));
    setAttribute(by("app"), "data-rest", rest);
    by("panel").classList.toggle("collapsed", low);
    this.rested(this.beside.matches ? 0 : OVERLAP_PX);
  }

  /** @param {PointerEvent} event */
  begin(event) {
    const target = /** @type {Element} */ (event.target);
    if (this.beside.matches || event.button !== 0 || target.closest("button, a, input")) return;
    this.drag = { y: event.clientY, height: by("panel").offsetHeight, at: event.timeStamp, moving: false };
    by("summary").setPointerCapture(event.pointerId);
  }

  /** @param {PointerEvent} event */
  move(event) {
    const drag = this.drag;
    if (!drag) return;
    const up = drag.y - event.clientY;
    if (!drag.moving && Math.abs(up) < TAP_PX) return;
    if (!drag.moving) {
      drag.moving = true;
      // The map keeps its size until the sheet rests: laying it out anew in each frame would stutter.
      by("app").style.paddingBottom = `${drag.height - OVERLAP_PX}px`;
      by("panel").classList.add("dragging");
      by("panel").classList.remove("collapsed");
    }
    by("panel").style.height = `${Math.max(by("summary").offsetHeight, drag.height + up)}px`;
  }

  /** @param {PointerEvent} event */
  end(event) {
    const drag = this.drag;
    if (!drag) return;
    const height = by("panel").offsetHeight;
    const speed = (drag.y - event.clientY) / Math.max(1, event.timeStamp - drag.at);
    this.cancel();
    if (!drag.moving) this.settle(this.rest === "low" ? "half" : "low");
    else if (Math.abs(speed) > FLICK) this.settle(RESTS[Math.min(2, Math.max(0, RESTS.indexOf(this.rest) + Math.sign(speed)))]);
    else this.settle(nearestRest(height / window.innerHeight));
  }

  cancel() {
    this.drag = null;
    by("app").style.paddingBottom = "";
    by("panel").style.height = "";
    by("panel").classList.remove("dragging");
    by("panel").classList.toggle("collapsed", this.rest === "low");
  }
}

/** The sheet's round corners lie over the map by so much. */
const OVERLAP_PX = 16;

/** @param {number} share of the screen's height @returns {Rest} */
function nearestRest(share) {
  if (share < 0.36) return "low";
  return share > 0.7 ? "high" : "half";
}
