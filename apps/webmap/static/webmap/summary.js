// SPDX-License-Identifier: AGPL-3.0-or-later
// What a driver sees in three seconds: how many are free, for which car, how fresh that is, and what is wrong.

/** @import { Car } from "./car.js" */
/** @import { Feed } from "./feed.js" */
/** @import { MapModel } from "./model.js" */
/** @import { PositionWatch } from "./position.js" */
/** @import { Origin, Roads } from "./roads.js" */

import { by, setAttribute, setText, setWords } from "./dom.js";
import { age, distance, doubt, moment, text, walkSpeed } from "./format.js";
import { TOLD_TO_M } from "./roads.js";

/** News older than this many polls mean that the connection is bad. */
const POLLS_MISSED = 2.5;
/** A picture that has lived half the time for which it is believed is worth a word, but none younger than this, ms. */
const PICTURE_OLD_MS = 60000;

/**
 * Headline and freshness. Returns what a screen reader is told of it, "" while nothing is known.
 * @param {MapModel} model
 * @param {Car} car
 * @param {number} now
 * @param {boolean} waiting
 */
export function renderSummary(model, car, now, waiting) {
  const totals = model.totals();
  const { free, known, open, closed, newest } = totals;
  const headline = headlineWords(totals, waiting, car.tooLarge);
  setText(by("headline-words"), headline);
  setWords(by("headline-car"), car.words() || null);
  const state = open === 0 && closed > 0 ? "closed" : known === 0 ? "unknown" : free ? "free" : "full";
  setAttribute(by("panel"), "data-state", waiting ? "waiting" : state);
  const parts = [];
  if (newest !== null) parts.push(text("updatedAt", { age: age(now - newest) }));
  const counts = open > 0 ? [text("zonesKnown", { known, all: open })] : [];
  if (closed > 0 && open > 0) counts.push(text("zonesClosed", { n: closed }));
  if (!waiting && !car.tooLarge) parts.push(...counts.slice(known < open ? 0 : 1));
  setText(by("freshness"), car.tooLarge ? car.tooLargeWords() : parts.join(" · ") || "\u00a0");
  return waiting || open + closed === 0 ? "" : [headline, ...counts].join(", ");
}

/** The button that says for which car, where there is one to choose. @param {Car} car */
export function renderCarButton(car) {
  by("car-button").hidden = !car.selectable;
  setText(by("car-button-words"), car.shortWords());
  const chosen = car.chosen ? `${text("carButton")}: ${car.shortWords()}` : text("carButton");
  setAttribute(by("car-button"), "aria-label", chosen);
  by("car-button").classList.toggle("on", car.chosen);
}

/** @param {ReturnType<MapModel["totals"]>} totals @param {boolean} waiting @param {boolean} tooLarge */
function headlineWords({ free, known, open, closed, opensAt }, waiting, tooLarge) {
  if (waiting) return text("loading");
  if (open + closed === 0) return text("noZones");
  if (tooLarge) return text("carTooLargeShort");
  if (open === 0) return opensAt === null ? text("allClosed") : text("allClosedUntil", { time: moment(opensAt) });
  if (known === 0) return text("nothingKnown");
  return free ? text("spacesFree", { n: free }) : text("noneFree");
}

/**
 * What is wrong with connection or data, and its kind; ages in the words grow while the kind stays.
 * @param {MapModel} model
 * @param {Feed} feed
 * @param {number} now
 * @returns {{kind: string, words: string} | null}
 */
export function trouble(model, feed, now) {
  const silence = feed.lastGood === null ? Infinity : Date.now() - feed.lastGood;
  if (feed.trouble && silence > POLLS_MISSED * feed.pollMs) {
    if (feed.lastGood === null) return { kind: "neverConnected", words: text("neverConnected") };
    const kind = feed.trouble === "server" ? "serverTrouble" : "offline";
    return { kind, words: text(kind, { age: age(silence) }) };
  }
  const { newest, newestLifeMs } = model.totals();
  if (newest === null || now - newest <= Math.max(PICTURE_OLD_MS, newestLifeMs / 2)) return null;
  return { kind: "dataOld", words: text("dataOld", { age: age(now - newest) }) };
}

/**
 * In which order the list is, how that is measured, and how sure the position is.
 * @param {Origin} origin
 * @param {string} placeName
 * @param {Roads} roads
 * @param {PositionWatch} position
 */
export function orderWords(origin, placeName, roads, position) {
  if (origin.kind === "middle") return text("orderMiddle");
  const parts = [origin.kind === "place" ? text("orderPlace", { place: placeName }) : text("orderHere")];
  if (!roads.use(origin)) parts.push(text("straight"));
  else if (roads.trouble) parts.push(text("roadTrouble", { host: roads.host }));
  else parts.push(text(roads.known.size > 0 ? "byRoad" : "straight"));
  parts.push(walkSpeed());
  if (origin.kind === "here" && position.latest) {
    parts.push(text("accuracy", { distance: doubt(position.latest.accuracyM) }));
  }
  return parts.join(" · ");
}

/** What happens with the position. @param {Roads} roads */
export function privacyWords(roads) {
  const rounded = roads.host ? text("positionRounded", { host: roads.host, distance: distance(TOLD_TO_M) }) : "";
  return [text("positionKept"), rounded].filter(Boolean).join(" ");
}

/** What is wrong with the position, and the cure; null when nothing is. @param {PositionWatch} position */
export function positionTroubleWords(position) {
  const words = { denied: "positionDenied", timeout: "positionTimeout", unavailable: "positionUnavailable", insecure: "positionInsecure" };
  if (position.trouble) return text(words[position.trouble]);
  if (!position.imprecise || !position.latest) return null;
  return text("positionImprecise", { distance: doubt(position.latest.accuracyM) });
}
