// SPDX-License-Identifier: AGPL-3.0-or-later
// What the page knows: zones and spaces by id, and the rule that everything ends at its valid_until, whether or not
// the server can still be reached. Unknown is not full, and never 0.

import { bounds, centre } from "./geometry.js";

export class MapModel {
  constructor() {
    this.zones = new Map();
    this.spaces = new Map();
  }

  setZones(collection) {
    this.zones = new Map(collection.features.map((feature) => [feature.id, readZone(feature)]));
  }

  setSpaces(collection) {
    this.spaces = new Map(collection.features.map((feature) => [feature.id, readSpace(feature)]));
  }

  /** Drop what has run out at `now` (server time, ms). Returns whether anything changed. */
  expire(now) {
    let changed = false;
    for (const [id, space] of this.spaces) {
      if (space.validUntil > now) continue;
      this.spaces.delete(id);
      changed = true;
      const zone = this.zones.get(space.zone);
      // As the server does: when the last one has run out, nothing is known any more.
      if (zone?.free > 0) zone.free = zone.free > 1 ? zone.free - 1 : null;
    }
    for (const zone of this.zones.values()) {
      if (zone.free === null || zone.validUntil > now) continue;
      zone.free = null;
      changed = true;
    }
    return changed;
  }

  /** Zones with free spaces first, then full, then unknown; by name within. */
  sortedZones() {
    const rank = { free: 0, full: 1, unknown: 2 };
    return [...this.zones.values()].sort(
      (a, b) => rank[status(a)] - rank[status(b)] || a.name.localeCompare(b.name, undefined, { numeric: true }) || a.id.localeCompare(b.id),
    );
  }

  /** The spaces of a zone, the surest first; the order is stable. */
  spacesOf(zoneId) {
    return [...this.spaces.values()]
      .filter((space) => space.zone === zoneId)
      .sort((a, b) => b.confidence - a.confidence || a.id.localeCompare(b.id));
  }

  totals() {
    let free = 0;
    let known = 0;
    let newest = null;
    for (const zone of this.zones.values()) {
      if (zone.observedAt !== null) newest = Math.max(newest ?? 0, zone.observedAt);
      if (zone.free === null) continue;
      known += 1;
      free += zone.free;
    }
    return { free, known, all: this.zones.size, newest };
  }
}

export function status(zone) {
  if (zone.free === null) return "unknown";
  return zone.free > 0 ? "free" : "full";
}

const time = (value) => (value === null ? null : Date.parse(value));

function readZone(feature) {
  const of = feature.properties;
  const ring = feature.geometry.coordinates[0];
  return {
    id: feature.id,
    name: of.name,
    rings: feature.geometry.coordinates,
    bounds: bounds(ring),
    free: of.free_count,
    observedAt: time(of.observed_at),
    validUntil: time(of.valid_until) ?? 0,
    orientation: of.orientation,
    access: of.access,
  };
}

function readSpace(feature) {
  const of = feature.properties;
  const ring = feature.geometry.coordinates[0];
  return {
    id: feature.id,
    zone: of.zone,
    rings: feature.geometry.coordinates,
    centre: centre(ring),
    lengthM: of.length_m,
    widthM: of.width_m,
    confidence: of.confidence,
    hiddenShare: of.hidden_share,
    observedAt: time(of.observed_at),
    validUntil: time(of.valid_until),
    orientation: of.orientation,
    access: of.access,
  };
}
