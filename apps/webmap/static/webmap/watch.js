// SPDX-License-Identifier: AGPL-3.0-or-later
// A space that somebody has chosen, and what became of it. Taken means: cameras see it, and it is no longer free. Ran out
// means: nobody has seen it lately. Closed means: the zone's hours have ended. The three are never mixed up.

/** @import { LonLat, Space } from "./types" */
/** @import { MapModel } from "./model.js" */

import { load, placeFrom, save } from "./storage.js";

/** A watch that was begun this long ago is over, ms: the driver has parked somewhere. */
const FORGET_AFTER_MS = 2 * 3600 * 1000;

/** @typedef {"taken" | "ranOut" | "closed"} Loss */
/** @typedef {"there" | Loss} Verdict */
/** @typedef {{id: string, zone: string, zoneName: string, centre: LonLat, access: string, until: number, since: number}} Watched */

export class Watch {
  constructor() {
    /** @type {Watched | null} */
    this.target = null;
  }

  /** @param {Space} space @param {string} zoneName */
  start(space, zoneName) {
    const { id, zone, centre, access, validUntil } = space;
    this.target = { id, zone, zoneName, centre, access, until: validUntil, since: Date.now() };
  }

  stop() {
    this.target = null;
  }

  /** @param {string | null} id */
  is(id) {
    return id !== null && this.target?.id === id;
  }

  /**
   * What became of it by the newest answers.
   * @param {MapModel} model
   * @param {number} now server time, ms
   * @param {boolean} current the answers are those of the last poll; else only time can end it
   * @returns {Verdict}
   */
  verdict(model, now, current) {
    const target = this.target;
    if (!target) return "there";
    const space = model.find(target.id);
    if (space) {
      target.until = space.validUntil;
      return "there";
    }
    const zone = model.zones.get(target.zone);
    if (zone && !zone.open) return "closed";
    if (target.until <= now) return "ranOut";
    if (!current || !model.covers(target.centre)) return "there";
    return zone && zone.free === null ? "ranOut" : "taken";
  }
}

/** The watch that outlives the page: on the way there the device may throw the page out of its memory. */
export class KeptWatch extends Watch {
  constructor() {
    super();
    this.target = watchedFrom(load("watch"));
  }

  /** @param {Space} space @param {string} zoneName */
  start(space, zoneName) {
    super.start(space, zoneName);
    save("watch", this.target);
  }

  stop() {
    super.stop();
    save("watch", null);
  }
}

/** @param {any} stored @returns {Watched | null} */
function watchedFrom(stored) {
  const place = placeFrom({ lon: stored?.centre?.[0], lat: stored?.centre?.[1] });
  const young = Date.now() - stored?.since < FORGET_AFTER_MS;
  if (!place || !young || typeof stored.id !== "string" || typeof stored.until !== "number") return null;
  return {
    id: stored.id,
    zone: String(stored.zone),
    zoneName: String(stored.zoneName),
    centre: [place.lon, place.lat],
    access: String(stored.access),
    until: stored.until,
    since: stored.since,
  };
}
