// SPDX-License-Identifier: AGPL-3.0-or-later
// The search: zones appear while one types; everything else waits for Enter.

/** @import { LonLat, Zone } from "./types" */
/** @import { Found } from "./search.js" */

import { say } from "./announcer.js";
import { by, input, make, makeButton, setText, setWords } from "./dom.js";
import { text } from "./format.js";
import { coordinatesFrom, geocode, zonesNamed } from "./search.js";

export class SearchBox {
  /**
   * @param {{url: string, attribution: string}} geocoder `url` is "" when there is none
   * @param {{zones: () => Iterable<Zone>, near: () => LonLat, found: (found: Found) => void}} handlers
   */
  constructor(geocoder, handlers) {
    this.geocoder = geocoder;
    this.handlers = handlers;
    this.host = geocoder.url ? new URL(geocoder.url, location.href).host : "";
    /** @type {Found[]} */
    this.results = [];
    setText(by("search-label"), text(this.host ? "searchPlaces" : "searchZones"));
    setWords(by("search-sends"), this.host ? text("searchSends", { host: this.host }) : null);
    /** The words that Enter was pressed on. */
    this.asked = "";
    input("search-words").addEventListener("input", () => this.typed());
  }

  get words() {
    return input("search-words").value.trim();
  }

  /** The last words may be typed over. */
  begin() {
    input("search-words").select();
    this.typed();
  }

  typed() {
    this.asked = "";
    this.show(this.atOnce(), "");
  }

  /** More zones have come: what was asked of nobody else is answered again. */
  zonesCame() {
    if (!this.asked) this.typed();
    else if (!this.host) this.submitted();
  }

  /** What needs nobody else's help. @returns {Found[]} */
  atOnce() {
    const zones = zonesNamed(this.handlers.zones(), this.words);
    const place = coordinatesFrom(this.words);
    if (!place) return zones;
    const name = `${place.lat.toFixed(5)}, ${place.lon.toFixed(5)}`;
    return [{ id: name, kind: "coordinates", name, ...place }, ...zones];
  }

  async submitted() {
    const words = this.words;
    if (!words) return;
    this.asked = words;
    const atOnce = this.atOnce();
    if (atOnce.length > 0 && (!this.host || atOnce[0].kind === "coordinates")) {
      this.handlers.found(atOnce[0]);
      return;
    }
    if (!this.host) {
      this.show([], text("searchNothing", { query: words }));
      return;
    }
    this.show(atOnce, text("searchBusy"));
    try {
      const places = await geocode(this.geocoder.url, words, this.handlers.near());
      if (words !== this.words) return;
      const all = [...atOnce, ...places];
      this.show(all, all.length > 0 ? "" : text("searchNothing", { query: words }));
      if (all.length > 0) say(text("searchFound", { n: all.length }));
      setWords(by("search-credit"), places.length > 0 ? this.geocoder.attribution : null);
    } catch {
      this.show(atOnce, text("searchTrouble", { host: this.host }));
    }
  }

  /** @param {Found[]} results @param {string} words */
  show(results, words) {
    setWords(by("search-state"), words || null);
    by("search-credit").hidden = true;
    const key = (/** @type {Found[]} */ list) => list.map(({ kind, id }) => `${kind} ${id}`).join("\n");
    if (key(results) === key(this.results)) return;
    this.results = results;
    by("search-results").replaceChildren(...results.map((found) => make("li", "", this.result(found))));
  }

  /** @param {Found} found */
  result(found) {
    const kind = { zone: "searchZone", coordinates: "searchCoordinates", place: "" }[found.kind];
    const words = make("span", "words", make("span", "name", found.name));
    if (kind) words.append(make("span", "meta", text(kind)));
    return makeButton("plain-row", () => this.handlers.found(found), words);
  }
}
