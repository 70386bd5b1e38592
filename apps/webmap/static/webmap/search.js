// SPDX-License-Identifier: AGPL-3.0-or-later
// Finding a place by what was typed: zones' names at once, coordinates, and, when the operator has configured one, a
// geocoder's answers (Photon's or Nominatim's form).

/** @import { LonLat, Zone } from "./types" */

import { rounded } from "./distance.js";
import { middle } from "./nearby.js";

const PATIENCE_MS = 8000;
const MOST_ZONES = 8;
const MOST_PLACES = 8;
/** Decimals of a degree in which the geocoder hears where the map is: about 10 km. */
const BIAS_DECIMALS = 1;

/** @typedef {{id: string, kind: "zone" | "coordinates" | "place", name: string, lon: number, lat: number}} Found */

const DECIMAL = /^(-?\d{1,3}(?:\.\d+)?)\s*°?\s*([NS])?\s*[,;\s]\s*(-?\d{1,3}(?:\.\d+)?)\s*°?\s*([EW])?$/i;
const DECIMAL_COMMA = /^(-?\d{1,3},\d+)\s*°?\s*([NS])?\s*[;,\s]\s*(-?\d{1,3},\d+)\s*°?\s*([EW])?$/i;
const SEXAGESIMAL =
  /^(\d{1,3})°\s*(?:(\d{1,2})')?\s*(?:([\d.]+)")?\s*([NS])[,;\s]*(\d{1,3})°\s*(?:(\d{1,2})')?\s*(?:([\d.]+)")?\s*([EW])$/i;

/**
 * Latitude and longitude as people copy them: "38.7223, 35.4872", "38,7223 35,4872", "38.7223N 35.4872E",
 * "38°43'20.3\"N 35°29'14\"E", "geo:38.7223,35.4872". Null when it is none.
 * @param {string} words
 * @returns {{lon: number, lat: number} | null}
 */
export function coordinatesFrom(words) {
  const clean = words.trim().replace(/^geo:/i, "").replace(/[′’]/g, "'").replace(/[″”]/g, '"');
  const found = DECIMAL.exec(clean) ?? DECIMAL_COMMA.exec(clean);
  if (found) return onEarth(degrees(found[1], "", "", found[2]), degrees(found[3], "", "", found[4]));
  const parts = SEXAGESIMAL.exec(clean);
  if (!parts) return null;
  const [, d1, m1, s1, ns, d2, m2, s2, ew] = parts;
  return onEarth(degrees(d1, m1, s1, ns), degrees(d2, m2, s2, ew));
}

/** @param {string} d @param {string | undefined} m @param {string | undefined} s @param {string | undefined} side */
function degrees(d, m, s, side) {
  const value = Number(d.replace(",", ".")) + Number(m || 0) / 60 + Number(s || 0) / 3600;
  return /[SW]/i.test(side ?? "") ? -value : value;
}

/** @param {number} lat @param {number} lon */
function onEarth(lat, lon) {
  return Math.abs(lat) <= 90 && Math.abs(lon) <= 180 ? { lon, lat } : null;
}

/**
 * Zones whose name has what was typed, those that begin with it first. Case and accents do not matter.
 * @param {Iterable<Zone>} zones
 * @param {string} words
 * @returns {Found[]}
 */
export function zonesNamed(zones, words) {
  const wanted = plain(words);
  if (!wanted) return [];
  return [...zones]
    .map((zone) => ({ zone, at: Math.min(1, plain(zone.name).indexOf(wanted)) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at || a.zone.name.localeCompare(b.zone.name, undefined, { numeric: true }))
    .slice(0, MOST_ZONES)
    .map(({ zone }) => {
      const [lon, lat] = middle(zone.bounds);
      return { id: zone.id, kind: "zone", name: zone.name, lon, lat };
    });
}

/** @param {string} words */
function plain(words) {
  // The dotless i has no accent to take off.
  return words.toLocaleLowerCase().normalize("NFD").replace(/\p{M}/gu, "").replaceAll("ı", "i").trim();
}

/**
 * Ask the geocoder. Its address is a template: {q} is what was typed, {lat} and {lon} roughly where the map is, {lang} the
 * page's language.
 * @param {string} template
 * @param {string} words
 * @param {LonLat} near
 * @returns {Promise<Found[]>}
 */
export async function geocode(template, words, near) {
  const [lon, lat] = rounded(near, BIAS_DECIMALS);
  const lang = (document.documentElement.lang || "en").split("-")[0];
  const values = /** @type {Record<string, string | number>} */ ({ q: words, lat, lon, lang });
  const url = template.replace(/\{(q|lat|lon|lang)\}/g, (_, name) => encodeURIComponent(values[name]));
  const response = await fetch(url, {
    credentials: "omit",
    referrerPolicy: "no-referrer",
    headers: { Accept: "application/json" },
    signal: AbortSignal.timeout(PATIENCE_MS),
  });
  if (!response.ok) throw new Error(String(response.status));
  return placesFrom(await response.json());
}

/**
 * Places in a geocoder's answer: GeoJSON (Photon, Nominatim's geojson) or Nominatim's list.
 * @param {any} answer
 * @returns {Found[]}
 */
export function placesFrom(answer) {
  const entries = Array.isArray(answer) ? answer : (answer?.features ?? []);
  return entries
    .map((/** @type {any} */ entry) => {
      const of = entry.properties ?? entry;
      const [lon, lat] = entry.geometry?.coordinates ?? [Number(of.lon), Number(of.lat)];
      return { id: `${lat},${lon}`, kind: "place", name: nameOf(of), lon, lat };
    })
    .filter((/** @type {Found} */ { lon, lat }) => Number.isFinite(lon) && Number.isFinite(lat))
    .slice(0, MOST_PLACES);
}

/** @param {any} of */
function nameOf(of) {
  if (of.display_name) return String(of.display_name);
  const street = [of.street, of.housenumber].filter(Boolean).join(" ");
  const parts = [of.name, street, of.district, of.city ?? of.county, of.country].filter(Boolean);
  return [...new Set(parts)].join(", ");
}
