// SPDX-License-Identifier: AGPL-3.0-or-later
// The device's position: asked for only after a tap, watched while "Near me" is on and the page is looked at, kept on the
// device, forgotten when switched off.

/** @import { LonLat, Position } from "./types" */

import { metresBetween } from "./distance.js";

/** Less precise than this is no help in finding a space, m. */
const IMPRECISE_M = 250;
/** The list's order changes only when the device has moved this far, so that it stands still under a finger, m. */
const STEP_M = 15;
const OPTIONS = { enableHighAccuracy: true, timeout: 12000, maximumAge: 5000 };

/** @typedef {"denied" | "timeout" | "unavailable" | "insecure"} PositionTrouble */

const TROUBLE = /** @type {Record<number, PositionTrouble>} */ ({ 1: "denied", 2: "unavailable", 3: "timeout" });

export class PositionWatch {
  /** @param {() => void} changed called with each new position or trouble */
  constructor(changed) {
    this.changed = changed;
    /** @type {Position | null} as precise as the device has it, for the map */
    this.latest = null;
    /** @type {Position | null} moves in steps, for the list */
    this.settled = null;
    /** @type {PositionTrouble | null} */
    this.trouble = null;
    this.on = false;
    /** @type {number | null} */
    this.watch = null;
    document.addEventListener("visibilitychange", () => this.on && this.look());
  }

  get asking() {
    return this.on && this.latest === null && this.trouble === null;
  }

  /** Known, but too roughly to be of help. */
  get imprecise() {
    return this.latest !== null && this.latest.accuracyM > IMPRECISE_M;
  }

  start() {
    this.on = true;
    this.trouble = null;
    this.look();
    this.changed();
  }

  stop() {
    this.on = false;
    this.latest = null;
    this.settled = null;
    this.trouble = null;
    this.end();
    this.changed();
  }

  /** Watch while somebody looks. */
  look() {
    this.end();
    if (document.hidden) return;
    const trouble = unable();
    if (trouble) {
      this.failed(trouble);
      return;
    }
    this.watch = navigator.geolocation.watchPosition(
      ({ coords }) => this.received(coords),
      (error) => this.failed(TROUBLE[error.code] ?? "unavailable"),
      OPTIONS,
    );
  }

  end() {
    if (this.watch !== null) navigator.geolocation.clearWatch(this.watch);
    this.watch = null;
  }

  /** @param {GeolocationCoordinates} coords */
  received(coords) {
    this.trouble = null;
    this.latest = positionOf(coords);
    const moved = this.settled ? metresBetween(placeOf(this.settled), placeOf(this.latest)) : Infinity;
    if (moved >= STEP_M) this.settled = this.latest;
    this.changed();
  }

  /** @param {PositionTrouble} trouble */
  failed(trouble) {
    // A position that came before still helps when the next one is late.
    if (trouble !== "denied" && this.latest) return;
    this.trouble = trouble;
    this.latest = null;
    this.settled = null;
    this.end();
    this.changed();
  }
}

/**
 * One position, after a tap.
 * @returns {Promise<Position>} rejected with a PositionTrouble
 */
export function positionOnce() {
  return new Promise((resolve, reject) => {
    const trouble = unable();
    if (trouble) {
      reject(trouble);
      return;
    }
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => resolve(positionOf(coords)),
      (error) => reject(TROUBLE[error.code] ?? "unavailable"),
      OPTIONS,
    );
  });
}

/** @returns {PositionTrouble | null} */
function unable() {
  if (!window.isSecureContext) return "insecure";
  return "geolocation" in navigator ? null : "unavailable";
}

/** @param {GeolocationCoordinates} coords @returns {Position} */
function positionOf({ longitude, latitude, accuracy }) {
  return { lon: longitude, lat: latitude, accuracyM: Math.round(accuracy) };
}

/** @param {{lon: number, lat: number}} place @returns {LonLat} */
export function placeOf({ lon, lat }) {
  return [lon, lat];
}
