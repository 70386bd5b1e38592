// SPDX-License-Identifier: AGPL-3.0-or-later
// What the page asks the server: boxes of the map on a coarse grid, so that many drivers ask the same and nobody's place
// can be read from them, and the size of the car.

/** @import { Box, LonLat, MapAdapter, PageConfig, Zone } from "./types" */
/** @import { Car } from "./car.js" */
/** @import { Want } from "./feed.js" */

import { snappedBox } from "./geometry.js";
import { SPACES_FROM_ZOOM } from "./maps/index.js";
import { readZone } from "./model.js";

/** The list holds the zones of at least this much around the view, degrees (about 2 km). */
const NEARBY_DEG = 0.02;
const ZONES_MAX_DEG = 5;
/** Spaces are asked for in boxes of at least this size, degrees (about 500 m), however close the map is. */
const SPACES_MIN_DEG = 0.005;
const SPACES_MAX_DEG = 0.25;
/** The list of all zones is asked for again after this long, ms. */
const LIST_KEEP_MS = 60000;

export class Asking {
  /** @param {PageConfig} config @param {Car} car */
  constructor(config, car) {
    this.config = config;
    this.car = car;
    /** @type {Zone[]} */
    this.everyZone = [];
    this.listedAt = -Infinity;
  }

  /**
   * The questions of one poll: what is in view, and the surroundings of spaces that are watched out of view.
   * @param {MapAdapter} map
   * @param {{id: string, centre: LonLat}[]} watched
   * @returns {Want[]}
   */
  wants(map, watched) {
    const view = map.view();
    const wants = [this.want("zones", this.config.zonesUrl, snappedBox(view, NEARBY_DEG, ZONES_MAX_DEG))];
    if (this.car.tooLarge) return wants;
    if (map.zoom() >= SPACES_FROM_ZOOM) wants.push(this.spaces("spaces", snappedBox(view, SPACES_MIN_DEG, SPACES_MAX_DEG)));
    for (const { id, centre } of watched) {
      if (wants.some(({ name, box }) => name !== "zones" && holds(box, centre))) continue;
      wants.push(this.spaces(`around ${id}`, snappedBox([...centre, ...centre], SPACES_MIN_DEG, SPACES_MAX_DEG)));
    }
    return wants;
  }

  /** @param {string} name @param {Box} box */
  spaces(name, box) {
    return this.want(name, this.config.spacesUrl, box);
  }

  /** @param {string} name @param {string} path @param {Box} box @returns {Want} */
  want(name, path, box) {
    return { name, url: `${path}?bbox=${box.join(",")}${this.car.query()}`, box };
  }

  /** Every public zone, for search and links; what is known of it when the server cannot be asked. */
  async zones() {
    const { extent, zonesUrl } = this.config;
    if (!extent || Date.now() - this.listedAt < LIST_KEEP_MS) return this.everyZone;
    try {
      const response = await fetch(`${zonesUrl}?bbox=${snappedBox(extent, 0, ZONES_MAX_DEG).join(",")}`, { credentials: "omit" });
      if (!response.ok) return this.everyZone;
      this.everyZone = (await response.json()).features.map(readZone);
      this.listedAt = Date.now();
    } catch {
      // Offline: the zones in view are there all the same.
    }
    return this.everyZone;
  }
}

/** @param {Box} box @param {LonLat} place */
function holds([west, south, east, north], [lon, lat]) {
  return west <= lon && lon <= east && south <= lat && lat <= north;
}
