// SPDX-License-Identifier: AGPL-3.0-or-later
// What the page knows: zones and spaces by id, and the rule that everything ends at its valid_until, whether or not
// the server can still be reached. Unknown is not full, and never 0.

/** @import { Box, Feature, FeatureCollection, LonLat, Space, Zone, ZoneStatus } from "./types" */

import { bounds, centre } from "./geometry.js";

/** The spaces that are drawn and listed; other answers surround a space that is watched out of view. */
const IN_VIEW = "spaces";
/** @type {Map<string, Space>} */
const NOTHING = new Map();

export class MapModel {
  constructor() {
    /** @type {Map<string, Zone>} */
    this.zones = new Map();
    /** @type {Map<string, {box: Box, spaces: Map<string, Space>}>} answers with spaces, by name */
    this.answers = new Map();
  }

  /** The spaces in view. @returns {Map<string, Space>} */
  get spaces() {
    return this.answers.get(IN_VIEW)?.spaces ?? NOTHING;
  }

  /** @param {FeatureCollection} collection */
  setZones(collection) {
    this.zones = new Map(collection.features.map((feature) => [feature.id, readZone(feature)]));
  }

  /** @param {FeatureCollection} collection @param {Box} box what was asked for @param {string} [name] */
  setSpaces(collection, box, name = IN_VIEW) {
    const spaces = new Map(collection.features.map((feature) => [feature.id, readSpace(feature)]));
    this.answers.set(name, { box, spaces });
  }

  /** @param {string} name */
  drop(name) {
    this.answers.delete(name);
  }

  /** The question has changed, and what was known answers it no longer. The zones' ground stays. */
  forgetCounts() {
    this.answers.clear();
    for (const zone of this.zones.values()) zone.free = null;
  }

  /** A space by its id, in view or not. @param {string | null} id @returns {Space | null} */
  find(id) {
    if (id === null) return null;
    for (const { spaces } of this.answers.values()) {
      const space = spaces.get(id);
      if (space) return space;
    }
    return null;
  }

  /** Every known space once. @returns {Space[]} */
  everySpace() {
    /** @type {Map<string, Space>} */
    const all = new Map();
    for (const { spaces } of this.answers.values()) for (const [id, space] of spaces) all.set(id, space);
    return [...all.values()];
  }

  /** Whether the newest answers speak of this place. @param {LonLat} place */
  covers([lon, lat]) {
    return [...this.answers.values()].some(({ box: [w, s, e, n] }) => w <= lon && lon <= e && s <= lat && lat <= n);
  }

  /** Drop what has run out at `now` (server time, ms). @param {number} now */
  expire(now) {
    for (const [name, { spaces }] of this.answers) {
      for (const [id, space] of spaces) {
        if (space.validUntil > now) continue;
        spaces.delete(id);
        const zone = name === IN_VIEW ? this.zones.get(space.zone) : undefined;
        // As the server does: when the last one has run out, nothing is known any more.
        if (zone?.free) zone.free = zone.free > 1 ? zone.free - 1 : null;
      }
    }
    for (const zone of this.zones.values()) {
      if (zone.validUntil <= now) zone.free = null;
      keepHours(zone, now);
    }
  }

  /** Of the zones where one may park now; of the others only how many there are, and when the first of them opens. */
  totals() {
    let free = 0;
    let known = 0;
    let open = 0;
    /** @type {number | null} */
    let newest = null;
    let newestLifeMs = 0;
    let opensAt = null;
    for (const zone of this.zones.values()) {
      if (!zone.open) {
        if (zone.opensAt !== null) opensAt = Math.min(opensAt ?? Infinity, zone.opensAt);
        continue;
      }
      open += 1;
      if (zone.observedAt !== null && zone.observedAt > (newest ?? 0)) {
        newest = zone.observedAt;
        newestLifeMs = zone.validUntil - zone.observedAt;
      }
      if (zone.free === null) continue;
      known += 1;
      free += zone.free;
    }
    return { free, known, open, closed: this.zones.size - open, newest, newestLifeMs, opensAt };
  }
}

/** Hours go by the clock, whether or not the server can be reached. @param {Zone} zone @param {number} now */
function keepHours(zone, now) {
  if (zone.open && zone.closesAt !== null && zone.closesAt <= now) [zone.open, zone.closesAt, zone.free] = [false, null, null];
  else if (!zone.open && zone.opensAt !== null && zone.opensAt <= now) [zone.open, zone.opensAt] = [true, null];
}

/** @param {Zone} zone @returns {ZoneStatus} */
export function status(zone) {
  if (!zone.open) return "closed";
  if (zone.free === null) return "unknown";
  return zone.free > 0 ? "free" : "full";
}

/** @param {string | null | undefined} value */
const time = (value) => (value ? Date.parse(value) : null);

/** A zone as the API writes it. @param {Feature} feature @returns {Zone} */
export function readZone(feature) {
  const of = feature.properties;
  return {
    id: feature.id,
    name: of.name,
    rings: feature.geometry.coordinates,
    bounds: bounds(feature.geometry.coordinates[0]),
    free: of.free_count,
    observedAt: time(of.observed_at),
    validUntil: time(of.valid_until) ?? 0,
    open: of.open,
    closesAt: time(of.closes_at),
    opensAt: time(of.opens_at),
    orientation: of.orientation,
    access: of.access,
  };
}

/** @param {Feature} feature @returns {Space} */
function readSpace(feature) {
  const of = feature.properties;
  return {
    id: feature.id,
    zone: of.zone,
    rings: feature.geometry.coordinates,
    centre: centre(feature.geometry.coordinates[0]),
    lengthM: of.length_m,
    widthM: of.width_m,
    roomLengthM: of.room_length_m ?? null,
    roomWidthM: of.room_width_m ?? null,
    confidence: of.confidence,
    hiddenShare: of.hidden_share,
    observedAt: Date.parse(of.observed_at),
    validUntil: Date.parse(of.valid_until),
    orientation: of.orientation,
    access: of.access,
  };
}
