// SPDX-License-Identifier: AGPL-3.0-or-later
// The list of zones with their spaces: the same as the map shows, in words, in the order of distance.

/** @import { Space, Zone } from "./types" */
/** @import { RankedSpace, RankedZone } from "./nearby.js" */

import { by, keepRows, make, makeButton, setAttribute, setText } from "./dom.js";
import { age, distance, percent, size, text, walk } from "./format.js";
import { closedWords, untilWords } from "./hours.js";
import { status } from "./model.js";

/** Steps in which a space fades as it gets old; the map has as many. */
const FADE_STEPS = 4;
const STATE_WORDS = { free: "zoneFree", full: "zoneFull", unknown: "zoneUnknown", closed: "zoneClosed" };

/**
 * What the list needs beside its rows.
 * @typedef {object} ListView
 * @property {string | null} openZone
 * @property {string | null} chosen the space whose details are shown
 * @property {number} now server time, ms
 * @property {boolean} distances whether there is somewhere to measure them from
 * @property {boolean} waiting an answer to a new question is on its way
 * @property {boolean} tooLarge nothing is planned for the driver's vehicle
 */

/** @typedef {{item: HTMLElement, button: HTMLElement, size: HTMLElement, meta: HTMLElement, far: HTMLElement, walk: HTMLElement}} SpaceRow */
/** @typedef {{item: HTMLElement, button: HTMLElement, name: HTMLElement, far: HTMLElement, meta: HTMLElement, count: HTMLElement, spaces: HTMLElement, rows: Map<string, SpaceRow>}} ZoneRow */

export class ZoneList {
  /** @param {{zoneChosen: (id: string) => void, spaceChosen: (id: string) => void}} handlers */
  constructor(handlers) {
    this.handlers = handlers;
    /** @type {Map<string, ZoneRow>} */
    this.rows = new Map();
  }

  /** @param {RankedZone[]} zones @param {ListView} view */
  render(zones, view) {
    keepPlace(by("panel-body"), by("list"), () => {
      keepRows(by("list"), this.rows, zones, ({ id }) => this.addZone(id));
      for (const zone of zones) this.renderZone(/** @type {ZoneRow} */ (this.rows.get(zone.id)), zone, view);
    });
  }

  /** @param {string} id @returns {ZoneRow} */
  addZone(id) {
    const [name, far, meta, count] = ["name", "far", "meta", "count"].map((kind) => make("span", kind));
    const words = make("span", "words", name, far, meta);
    const button = makeButton("zone-row", () => this.handlers.zoneChosen(id), words, count);
    const spaces = make("ul", "spaces");
    const item = make("li", "", button, spaces);
    return { item, button, name, far, meta, count, spaces, rows: new Map() };
  }

  /** @param {ZoneRow} row @param {RankedZone} ranked @param {ListView} view */
  renderZone(row, { zone, metres, spaces }, view) {
    const state = status(zone);
    const open = zone.id === view.openZone;
    setAttribute(row.item, "class", `zone-item state-${view.waiting ? "waiting" : state}${open ? " open" : ""}`);
    setText(row.name, zone.name);
    row.far.hidden = !view.distances;
    setText(row.far, view.distances ? `${distance(metres)} · ${walk(metres)}` : "");
    setText(row.meta, zoneMeta(zone, view));
    setText(row.count, view.waiting ? "…" : text(STATE_WORDS[state], { n: zone.free ?? 0 }));
    setAttribute(row.button, "aria-expanded", String(open));
    row.spaces.hidden = !open || spaces.length === 0;
    keepRows(row.spaces, row.rows, open ? spaces : [], ({ id }) => this.addSpace(id));
    if (open) for (const space of spaces) renderSpace(/** @type {SpaceRow} */ (row.rows.get(space.id)), space, view);
  }

  /** @param {string} id @returns {SpaceRow} */
  addSpace(id) {
    const [name, meta, far, minutes] = ["name", "meta", "far", "meta"].map((kind) => make("span", kind));
    const words = make("span", "words", name, meta);
    const way = make("span", "words way", far, minutes);
    const button = makeButton("space-row", () => this.handlers.spaceChosen(id), words, way);
    return { item: make("li", "", button), button, size: name, meta, far, walk: minutes };
  }

  /** @param {string | null} id */
  focusZone(id) {
    const row = id === null ? undefined : this.rows.get(id);
    (row?.button ?? by("list")).focus({ preventScroll: true });
  }

  /** @param {string} id */
  reveal(id) {
    this.rows.get(id)?.item.scrollIntoView({ block: "nearest" });
  }
}

/** @param {SpaceRow} row @param {RankedSpace} ranked @param {ListView} view */
function renderSpace(row, { space, metres }, { now, distances, chosen }) {
  setAttribute(row.item, "class", `space-item fade-${fadeStep(space, now)}${space.id === chosen ? " chosen" : ""}`);
  setText(row.size, size(space.lengthM, space.widthM));
  const parts = [text("seen", { age: age(now - space.observedAt) }), text("sure", { n: percent(space.confidence) })];
  const room = roomWords(space);
  if (room) parts.unshift(room);
  setText(row.meta, parts.join(" · "));
  setText(row.far, distances ? distance(metres) : "");
  setText(row.walk, distances ? walk(metres) : "");
}

/** How much of its life a space has behind it, in steps. @param {Space} space @param {number} now */
function fadeStep(space, now) {
  const life = (now - space.observedAt) / Math.max(1, space.validUntil - space.observedAt);
  return Math.min(FADE_STEPS, Math.max(0, Math.floor(life * (FADE_STEPS + 1))));
}

/** "room for 5.6 × 2.5 m" where that is more than the space itself; else "". @param {Space} space */
export function roomWords({ lengthM, widthM, roomLengthM, roomWidthM }) {
  const longer = (roomLengthM ?? 0) >= lengthM + 0.1;
  const wider = (roomWidthM ?? 0) >= widthM + 0.1;
  // Each is what there is while the other stays as it is, so the two are not said together.
  if (longer) return text("room", { size: size(roomLengthM ?? lengthM, widthM) });
  return wider ? text("room", { size: size(lengthM, roomWidthM ?? widthM) }) : "";
}

/** @param {Zone} zone @param {ListView} view */
function zoneMeta(zone, { now, waiting, tooLarge }) {
  const state = status(zone);
  const parts = [];
  if (zone.access === "residents") parts.push(text("residents"));
  if (state === "closed") parts.push(closedWords(zone.opensAt));
  else if (tooLarge) parts.push(text("zoneOtherSize"));
  else if (zone.observedAt === null) parts.push(text("zoneNeverSeen"));
  else if (state !== "unknown" || waiting) parts.push(text("seen", { age: age(now - zone.observedAt) }));
  else if (zone.validUntil > now) parts.push(text("zoneUncertain"));
  else parts.push(text("zoneLastSeen", { age: age(now - zone.observedAt) }));
  if (state === "free") parts.push(text(zone.orientation), untilWords(zone));
  return parts.filter(Boolean).join(" · ");
}

/**
 * Change a list without moving what is read: the row under the eye stays where it is on the screen, unless the list is at
 * its top, where the best one shall appear.
 * @param {HTMLElement} scroller
 * @param {HTMLElement} list
 * @param {() => void} change
 */
function keepPlace(scroller, list, change) {
  const { top, bottom } = scroller.getBoundingClientRect();
  const rows = scroller.scrollTop > 0 ? [...list.children] : [];
  const places = new Map();
  for (const row of rows) {
    const place = row.getBoundingClientRect();
    if (place.bottom > top && place.top < bottom) places.set(row, place.top);
  }
  change();
  const moved = [...places]
    .filter(([row]) => row.isConnected)
    .map(([row, before]) => ({ read: row.contains(document.activeElement), by: row.getBoundingClientRect().top - before }))
    .sort((one, other) => one.by - other.by);
  // What has the focus stays; without it what most of the rows do, since any one of them may rise or fall.
  const by = (moved.find((row) => row.read) ?? moved[moved.length >> 1])?.by ?? 0;
  if (Math.abs(by) >= 1) scroller.scrollTop += by;
}
