// SPDX-License-Identifier: AGPL-3.0-or-later
// Distances by road from an OSRM table service, when the operator has configured one. The driver's position is rounded
// before it is sent; where the zones and spaces are is public anyway.

/** @import { LonLat } from "./types" */

import { rounded } from "./distance.js";

/** Decimals of a degree in which a position is told: about 110 m. A searched place is told to about a metre. */
const POSITION_DECIMALS = 3;
const PLACE_DECIMALS = 5;
/** What `POSITION_DECIMALS` amounts to, for words, m. */
export const TOLD_TO_M = 100;
/** Services commonly refuse tables with more than 100 places. */
const MOST_TARGETS = 80;
const PATIENCE_MS = 6000;
/** After trouble the service is left alone for this long, ms. */
const PAUSE_MS = 30000;

/** @typedef {{id: string, at: LonLat}} Target */
/** @typedef {{at: LonLat, kind: "here" | "place" | "middle"}} Origin */

export class Roads {
  /**
   * @param {string} url of the table service with its profile; "" when there is none
   * @param {() => void} changed called when distances came or the trouble changed
   */
  constructor(url, changed) {
    this.url = url.replace(/\/$/, "");
    this.changed = changed;
    this.host = url ? new URL(url, location.href).host : "";
    this.trouble = false;
    this.origin = "";
    /** @type {Map<string, number>} metres by target */
    this.known = new Map();
    /** @type {Set<string>} */
    this.asked = new Set();
    this.pausedUntil = 0;
  }

  /** Whether distances by road can be had and make sense from here. @param {Origin} origin */
  use(origin) {
    return this.url !== "" && origin.kind !== "middle";
  }

  /**
   * Metres by road, or null while unknown. Never less than the straight line, since the position was sent rounded.
   * @param {string} id
   * @param {number} straightM
   */
  metres(id, straightM) {
    const known = this.known.get(id);
    return known === undefined ? null : Math.max(known, straightM);
  }

  /**
   * Ask for what is not yet known. From the driver's position the way leads to the targets; to a searched place it leads
   * from them.
   * @param {Origin} origin
   * @param {Target[]} targets the most wanted first
   */
  want(origin, targets) {
    if (!this.use(origin) || Date.now() < this.pausedUntil) return;
    const at = rounded(origin.at, origin.kind === "here" ? POSITION_DECIMALS : PLACE_DECIMALS);
    const key = `${origin.kind} ${at}`;
    if (key !== this.origin) {
      this.origin = key;
      this.known.clear();
      this.asked.clear();
    }
    const missing = targets.filter((target) => !this.asked.has(target.id)).slice(0, MOST_TARGETS);
    if (missing.length === 0) return;
    for (const target of missing) this.asked.add(target.id);
    this.ask(at, origin.kind === "place", missing, key);
  }

  /** @param {LonLat} at @param {boolean} towards @param {Target[]} targets @param {string} key */
  async ask(at, towards, targets, key) {
    const places = [at, ...targets.map((target) => rounded(target.at, PLACE_DECIMALS))].map((place) => place.join(","));
    const which = towards ? "destinations" : "sources";
    try {
      const response = await fetch(`${this.url}/${places.join(";")}?${which}=0&annotations=distance`, {
        credentials: "omit",
        referrerPolicy: "no-referrer",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (!response.ok) throw new Error(String(response.status));
      const table = (await response.json()).distances;
      if (key !== this.origin) return;
      targets.forEach((target, index) => {
        const metres = towards ? table[index + 1][0] : table[0][index + 1];
        // null: there is no way by road; the straight line is then all there is.
        if (Number.isFinite(metres)) this.known.set(target.id, metres);
      });
      this.trouble = false;
    } catch {
      for (const target of targets) this.asked.delete(target.id);
      this.trouble = true;
      this.pausedUntil = Date.now() + PAUSE_MS;
    }
    this.changed();
  }
}
