// SPDX-License-Identifier: AGPL-3.0-or-later
// How far everything is, and in which order it is listed: zones with free spaces first, the nearest first; within a zone
// the nearest space first.

/** @import { Box, LonLat, Space, Zone } from "./types" */
/** @import { MapModel } from "./model.js" */
/** @import { Origin, Roads } from "./roads.js" */

import { metresBetween, nearestPoint } from "./distance.js";
import { status } from "./model.js";

/** @typedef {{zone: Zone, id: string, metres: number, at: LonLat, spaces: RankedSpace[]}} RankedZone */
/** @typedef {{space: Space, id: string, metres: number}} RankedSpace */

const RANK = { free: 0, full: 1, unknown: 2, closed: 3 };

/** The middle of a part of the map. @param {Box} box @returns {LonLat} */
export function middle([west, south, east, north]) {
  return [(west + east) / 2, (south + north) / 2];
}

/**
 * Everything in order.
 * @param {MapModel} model
 * @param {Origin} origin
 * @param {Roads} roads
 * @returns {RankedZone[]}
 */
export function ranked(model, origin, roads) {
  /** @type {Map<string, RankedSpace[]>} */
  const byZone = new Map();
  for (const space of model.spaces.values()) {
    const line = metresBetween(origin.at, space.centre);
    const one = { space, id: space.id, metres: (roads.use(origin) ? roads.metres(space.id, line) : null) ?? line };
    const others = byZone.get(space.zone);
    if (others) others.push(one);
    else byZone.set(space.zone, [one]);
  }
  const zones = [...model.zones.values()].map((zone) => rankedZone(zone, byZone.get(zone.id) ?? [], origin, roads));
  return zones.sort(
    (a, b) =>
      RANK[status(a.zone)] - RANK[status(b.zone)] ||
      a.metres - b.metres ||
      a.zone.name.localeCompare(b.zone.name, undefined, { numeric: true }) ||
      a.id.localeCompare(b.id),
  );
}

/**
 * A zone is as far as its nearest space; while those are not known, as its nearest ground.
 * @param {Zone} zone
 * @param {RankedSpace[]} spaces
 * @param {Origin} origin
 * @param {Roads} roads
 * @returns {RankedZone}
 */
function rankedZone(zone, spaces, origin, roads) {
  spaces.sort((a, b) => a.metres - b.metres || a.id.localeCompare(b.id));
  const at = spaces.length > 0 ? spaces[0].space.centre : nearestPoint(origin.at, zone.rings[0]);
  const line = metresBetween(origin.at, at);
  const road = roads.use(origin) ? roads.metres(targetOf(zone), line) : null;
  return { zone, id: zone.id, metres: road ?? (spaces.length > 0 ? spaces[0].metres : line), at, spaces };
}

/** What the roads call a zone; spaces go by their own id. @param {Zone} zone */
export function targetOf(zone) {
  return `zone ${zone.id}`;
}

/**
 * The free space that is nearest to one that was lost. Spaces for residents are offered only to whoever wanted one.
 * @param {Iterable<Space>} spaces
 * @param {{id: string, centre: LonLat, access: string}} lost
 * @returns {{space: Space, metres: number} | null}
 */
export function nextBest(spaces, lost) {
  let best = null;
  for (const space of spaces) {
    if (space.id === lost.id || (space.access !== "public" && space.access !== lost.access)) continue;
    const metres = metresBetween(lost.centre, space.centre);
    if (!best || metres < best.metres || (metres === best.metres && space.id < best.space.id)) best = { space, metres };
  }
  return best;
}
