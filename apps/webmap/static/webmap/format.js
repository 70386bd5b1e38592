// SPDX-License-Identifier: AGPL-3.0-or-later
// Words and numbers for people, from the page's translated strings.

/** @import { Strings } from "./types" */

/** @type {Strings} */
const strings = JSON.parse(document.getElementById("strings")?.textContent ?? "{}");
const language = document.documentElement.lang || "en";
const plural = new Intl.PluralRules(language);
const whole = new Intl.NumberFormat(language, { maximumFractionDigits: 0 });
const oneDecimal = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

const clock = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" });
const weekday = new Intl.DateTimeFormat(language, { weekday: "short" });
const dayOfMonth = new Intl.DateTimeFormat(language, { day: "numeric", month: "short" });
/** Farther ahead than this, a weekday's name may mean two days. */
const WEEKDAY_TELLS_MS = 6 * 86400 * 1000;

/** A pace in town, metres a minute: 4.8 km/h. */
export const WALK_M_PER_MIN = 80;

/**
 * A string by name with its {words} filled in; `values.n` chooses the plural form.
 * @param {string} name
 * @param {Record<string, string | number>} [values]
 */
export function text(name, values = {}) {
  const entry = strings[name] ?? name;
  const template = typeof entry === "string" ? entry : (entry[plural.select(Number(values.n))] ?? entry.other ?? name);
  return template.replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}

/** How long ago, in one short unit. @param {number} ms */
export function age(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 2) return text("ageNow");
  if (s < 120) return text("ageSeconds", { n: s });
  if (s < 7200) return text("ageMinutes", { n: Math.floor(s / 60) });
  if (s < 172800) return text("ageHours", { n: Math.floor(s / 3600) });
  return text("ageDays", { n: Math.floor(s / 86400) });
}

/**
 * A moment to come by the device's clock: "20:00" today, "Mon 08:00" within the week, "3 Jan 08:00" later.
 * @param {number} at ms since 1970
 * @param {number} [now]
 */
export function moment(at, now = Date.now()) {
  const day = new Date(at).toDateString() === new Date(now).toDateString() ? "" : dayWords(at, now);
  return [day, clock.format(at)].filter(Boolean).join(" ");
}

/** @param {number} at @param {number} now */
function dayWords(at, now) {
  return (at - now < WEEKDAY_TELLS_MS ? weekday : dayOfMonth).format(at);
}

/** Length × width in metres. @param {number} lengthM @param {number} widthM */
export function size(lengthM, widthM) {
  return text("size", { length: decimal(lengthM), width: decimal(widthM) });
}

/** One decimal, as people of this language write it. @param {number} value */
export function decimal(value) {
  return oneDecimal.format(value);
}

/** A share as whole percent. What a camera says is never certain, so 99 is the most. @param {number} share */
export function percent(share) {
  return Math.min(99, Math.round(share * 100));
}

/** A distance as people say it: 40 m, 350 m, 1.2 km, 14 km. @param {number} metres */
export function distance(metres) {
  if (metres < 995) return text("metres", { n: whole.format(roundedTo(metres, metres < 100 ? 5 : 10)) });
  const km = metres / 1000;
  return text("kilometres", { n: km < 9.95 ? decimal(km) : whole.format(km) });
}

/** How unsure a position is, as people say it: rounded up, since less would promise too much. @param {number} metres */
export function doubt(metres) {
  const step = metres < 100 ? 5 : metres < 1000 ? 10 : metres < 10000 ? 100 : 1000;
  return distance(Math.ceil(metres / step) * step);
}

/** The walk along so many metres. @param {number} metres */
export function walk(metres) {
  return text("walk", { n: whole.format(Math.max(1, Math.round(metres / WALK_M_PER_MIN))) });
}

/** The pace behind `walk`, in words. */
export function walkSpeed() {
  return text("walkSpeed", { speed: decimal((WALK_M_PER_MIN * 60) / 1000) });
}

/** @param {number} value @param {number} step */
function roundedTo(value, step) {
  return Math.max(step, Math.round(value / step) * step);
}
