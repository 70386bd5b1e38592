// SPDX-License-Identifier: AGPL-3.0-or-later
// The labels of zones: their words, and where they stand. No two ever cover each other: those that would are joined into
// one that adds them up ("3 places · 12 free"). Only the zoom decides, never where the map is, so that moving the map
// leaves every label as it was.

import { text } from "../format.js";
import { bounds, labelPoint } from "../geometry.js";
import { closedWords } from "../hours.js";
import { status } from "../model.js";
import { project, unproject } from "./mercator.js";

/** @import { Box, Label, LonLat, PinName, Zone, ZoneStatus } from "../types" */

/** A label's plate as page.css draws it, pixels: its font, what surrounds the words, its height, how far it floats. */
const FONT = "700 14px";
const AROUND_WORDS_PX = 24;
const HEIGHT_PX = 30;
const LIFT_PX = 5;
/** Room that is left between two labels. */
const APART_PX = 3;

/** @type {CanvasRenderingContext2D | null} */
let ruler = null;
/** @type {Map<string, number>} */
const widths = new Map();

/** Width of a plate with these words, pixels. @param {string} words */
function widthOf(words) {
  let width = widths.get(words);
  if (width === undefined) {
    ruler ??= document.createElement("canvas").getContext("2d");
    if (ruler) ruler.font = `${FONT} ${getComputedStyle(document.body).fontFamily}`;
    width = Math.ceil(ruler?.measureText(words).width ?? words.length * 9) + AROUND_WORDS_PX;
    widths.set(words, width);
  }
  return width;
}

/**
 * The labels of these zones at a zoom.
 * @param {Iterable<Zone>} zones
 * @param {number} zoom
 * @returns {Label[]}
 */
export function arrangeLabels(zones, zoom) {
  let groups = [...zones].sort((a, b) => (a.id < b.id ? -1 : 1)).map((zone) => {
    const [x, y] = project(labelPoint(zone.rings[0]), zoom);
    return group([zone], x, y);
  });
  for (let joined = true; joined; ) {
    [groups, joined] = joinOnce(groups);
  }
  return groups.map(({ zones: members, x, y, words, state }) => ({
    key: members.length === 1 ? members[0].id : `${members.length}+${members[0].id}`,
    place: unproject([x, y], zoom),
    words,
    state,
    title: members.length === 1 ? text("zoneLabel", { name: members[0].name, state: words }) : words,
    zones: members.map((zone) => zone.id),
    bounds: boundsOf(members),
    box: boxOf(x, y, words),
  }));
}

/** @typedef {{zones: Zone[], x: number, y: number, words: string, state: ZoneStatus, box: Box}} Group */

/** @param {Zone[]} zones @param {number} x @param {number} y @returns {Group} */
function group(zones, x, y) {
  const [state, words] = zones.length === 1 ? wordsOfOne(zones[0]) : wordsOfMany(zones);
  return { zones, x, y, words, state, box: boxOf(x, y, words) };
}

/** Left, top, right, bottom in world pixels. @param {number} x @param {number} y @param {string} words @returns {Box} */
function boxOf(x, y, words) {
  const half = widthOf(words) / 2;
  return [x - half, y - LIFT_PX - HEIGHT_PX, x + half, y - LIFT_PX];
}

/**
 * Joins each label with the first one below that it would touch.
 * @param {Group[]} groups
 * @returns {[Group[], boolean]}
 */
function joinOnce(groups) {
  groups.sort((a, b) => a.box[1] - b.box[1] || a.x - b.x);
  const kept = [];
  /** @type {Set<Group>} */
  const gone = new Set();
  for (let i = 0; i < groups.length; i += 1) {
    const one = groups[i];
    if (gone.has(one)) continue;
    let joined = null;
    for (let j = i + 1; j < groups.length && groups[j].box[1] < one.box[3] + APART_PX; j += 1) {
      const other = groups[j];
      if (gone.has(other) || other.box[0] >= one.box[2] + APART_PX || one.box[0] >= other.box[2] + APART_PX) continue;
      gone.add(other);
      joined = join(one, other);
      break;
    }
    kept.push(joined ?? one);
  }
  return [kept, gone.size > 0];
}

/** @param {Group} a @param {Group} b */
function join(a, b) {
  const [n, m] = [a.zones.length, b.zones.length];
  const zones = [...a.zones, ...b.zones].sort((one, other) => (one.id < other.id ? -1 : 1));
  return group(zones, (a.x * n + b.x * m) / (n + m), (a.y * n + b.y * m) / (n + m));
}

/** @param {Zone} zone @returns {[ZoneStatus, string]} */
function wordsOfOne(zone) {
  const state = status(zone);
  if (state === "free") return [state, text("zoneFree", { n: zone.free ?? 0 })];
  if (state === "closed") return [state, closedWords(zone.opensAt)];
  return [state, text(state === "full" ? "zoneFull" : "zoneUnknown").toLocaleLowerCase()];
}

/**
 * One full place beside one that nobody sees is not "full"; beside a closed one it is, since neither has room.
 * @param {Zone[]} zones
 * @returns {[ZoneStatus, string]}
 */
function wordsOfMany(zones) {
  const n = zones.length;
  const free = zones.reduce((sum, zone) => sum + (zone.free ?? 0), 0);
  if (free > 0) return ["free", text("placesFree", { n, free })];
  if (zones.every((zone) => !zone.open)) return ["closed", text("placesClosed", { n })];
  const full = zones.every((zone) => zone.free !== null || !zone.open);
  return full ? ["full", text("placesFull", { n })] : ["unknown", text("placesUnknown", { n })];
}

/** @param {Zone[]} zones @returns {Box} */
function boundsOf(zones) {
  /** @type {(zone: Zone) => LonLat[]} */
  const corners = ({ bounds: [west, south, east, north] }) => [[west, south], [east, north]];
  return bounds(zones.flatMap(corners));
}

/**
 * The plate that stands on the map; the same element for as long as the label lives.
 * @param {HTMLElement} plate
 * @param {Label} label
 */
export function writePlate(plate, label) {
  const look = `zone-label label-${label.state}`;
  if (plate.className !== look) plate.className = look;
  if (plate.textContent !== label.words) plate.textContent = label.words;
}

/** Pins with their words and pictures. @type {Record<PinName, [className: string, words: string, icon: string]>} */
const PINS = { car: ["car-pin", "parkedMarker", "icon-car"], goal: ["goal-pin", "goalMarker", "icon-goal"] };

/** @param {PinName} name */
export function namedPin(name) {
  const [className, words, icon] = PINS[name];
  return pin(`pin ${className}`, text(words), icon);
}

/**
 * A mark that says what it is.
 * @param {string} className
 * @param {string} words
 * @param {string} [icon] id of a template
 */
export function pin(className, words, icon = "") {
  const mark = document.createElement("span");
  mark.className = className;
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", words);
  const template = document.getElementById(icon);
  if (template instanceof HTMLTemplateElement) mark.append(template.content.cloneNode(true));
  return mark;
}
