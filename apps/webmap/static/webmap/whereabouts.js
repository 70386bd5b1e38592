// SPDX-License-Identifier: AGPL-3.0-or-later
// Where the driver is and where the driver goes: near me, and the search for a place.

/** @import { Box, LonLat } from "./types" */
/** @import { Actions } from "./actions.js" */
/** @import { Place } from "./deep-links.js" */
/** @import { Found } from "./search.js" */
/** @import { SearchBox } from "./search-box.js" */

import { say } from "./announcer.js";
import { by, setAttribute } from "./dom.js";
import { doubt, text } from "./format.js";
import { placeOf } from "./position.js";
import { positionTroubleWords } from "./summary.js";

/** How close the map comes. */
const ZOOM = { space: 19, place: 17.5, near: 17.5 };
/** The map shows at least this much around the driver, degrees (about 40 m), or as far as the position is unsure. */
const AROUND_DEG = 0.00036;
const M_PER_DEG = 111195;
/** Zones beyond this are not opened by themselves for being the nearest, m. */
const NEAR_M = 1500;

export class Whereabouts {
  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
    this.positionKnown = false;
    /** @type {Promise<SearchBox> | null} fetched when it is first wanted */
    this.search = null;
    // From the beginning: Enter pressed before the search is there must not leave the page.
    by("search").addEventListener("submit", async (event) => {
      event.preventDefault();
      (await this.searchBox()).submitted();
    });
  }

  get app() {
    return this.actions.app;
  }

  nearMe() {
    const { position } = this.app;
    this.positionKnown = false;
    if (position.on && !position.trouble) {
      position.stop();
      say(text("positionOff"));
      return;
    }
    if (this.app.place) this.clearPlace();
    say(text("positionAsking"));
    position.start();
  }

  positionChanged() {
    const { app } = this;
    const { position } = app;
    setAttribute(by("near-button"), "aria-pressed", String(position.on && !position.trouble));
    by("near-button").classList.toggle("busy", position.asking);
    app.map?.showPosition(position.latest);
    const trouble = positionTroubleWords(position);
    if (position.trouble && trouble) say(trouble);
    if (position.latest && !this.positionKnown) {
      this.positionKnown = true;
      say(trouble ?? text("positionFound", { distance: doubt(position.latest.accuracyM) }));
      app.draw(); // what is known already is now in the order of distance
      if (!this.showNearest()) {
        app.fit(around(placeOf(position.latest), position.latest.accuracyM), ZOOM.near);
        app.afterPoll.push(() => this.showNearest());
        app.feed.wake();
      }
    }
    app.draw();
  }

  /**
   * The nearest zone with free spaces opens by itself and comes into view, unless the driver looks at another one.
   * Returns whether it did.
   */
  showNearest() {
    const { app } = this;
    const here = app.position.latest;
    const [nearest] = app.zones;
    if (!here || app.openZone || app.view !== "list" || !nearest?.zone.free || nearest.metres > NEAR_M) {
      return false;
    }
    app.openZone = nearest.id;
    app.fit(both(around(placeOf(here), 0), nearest.zone.bounds), ZOOM.space);
    app.draw();
    return true;
  }

  /** @param {Found} found */
  found(found) {
    this.actions.opener = null;
    this.setPlace({ lon: found.lon, lat: found.lat, name: found.name }, found.kind !== "zone");
    this.app.openZone = found.kind === "zone" ? found.id : null;
    const zone = [...this.knownZones()].find(({ id }) => id === this.app.openZone);
    if (zone) this.app.fit(zone.bounds, ZOOM.space);
    this.actions.listScroll = 0;
    this.actions.setView("list");
    this.actions.writeAddress(false);
    this.app.draw();
    by("place-clear").focus({ preventScroll: true });
    say(text("destinationSet", { place: this.app.placeName() }));
  }

  /** @param {Place | null} place @param {boolean} move */
  setPlace(place, move) {
    this.app.place = place;
    this.app.map?.showPlace(place);
    if (place && move) this.app.fit(around(placeOf(place), 0), ZOOM.place);
  }

  clearPlace() {
    this.setPlace(null, false);
    this.actions.writeAddress(false);
    this.app.draw();
    say(text("destinationCleared"));
    by("search-button").focus({ preventScroll: true });
  }

  async openSearch() {
    // At once, since phones show their keyboard only in answer to a tap.
    by("search-words").focus({ preventScroll: true });
    const search = await this.searchBox();
    search.begin();
    await this.app.asking.zones();
    if (this.app.view === "search") search.zonesCame();
  }

  /** @returns {Promise<SearchBox>} */
  searchBox() {
    this.search ??= this.fetchSearchBox().catch((error) => {
      this.search = null; // without a connection now; the next tap tries again
      throw error;
    });
    return this.search;
  }

  async fetchSearchBox() {
    const { SearchBox } = await import("./search-box.js");
    const { geocoderUrl = "", geocoderAttribution = "" } = this.app.config;
    return new SearchBox({ url: geocoderUrl, attribution: geocoderAttribution }, {
      zones: () => this.knownZones(),
      near: () => this.app.middle(),
      found: (found) => this.found(found),
    });
  }

  /** Every zone there is, those in view as they are now. */
  knownZones() {
    const known = new Map(this.app.asking.everyZone.map((zone) => [zone.id, zone]));
    for (const [id, zone] of this.app.model.zones) known.set(id, zone);
    return known.values();
  }
}

/** A box around a place that holds what the position may be. @param {LonLat} place @param {number} accuracyM @returns {Box} */
function around([lon, lat], accuracyM) {
  const high = Math.max(AROUND_DEG, accuracyM / M_PER_DEG);
  const wide = high / Math.cos((lat * Math.PI) / 180);
  return [lon - wide, lat - high, lon + wide, lat + high];
}

/** The box that holds two. @param {Box} a @param {Box} b @returns {Box} */
function both(a, b) {
  return [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
}
