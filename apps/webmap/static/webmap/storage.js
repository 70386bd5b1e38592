// SPDX-License-Identifier: AGPL-3.0-or-later
// What the device keeps: the driver's car, where it was left, the space that is watched. Nothing of it leaves the device.
// A browser may refuse to keep anything; then it lasts as long as the page.

const PREFIX = "spark.";

/**
 * What was kept under a name, or null; whoever reads it checks its form, since anybody may have written it.
 * @param {string} name
 * @returns {any}
 */
export function load(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? "null");
  } catch {
    return null;
  }
}

/** Keep a value, or forget it when null. Returns whether the browser did. @param {string} name @param {unknown} value */
export function save(name, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** A number within limits, or null. @param {unknown} value @param {number} low @param {number} high */
export function numberWithin(value, low, high) {
  return typeof value === "number" && value >= low && value <= high ? value : null;
}

/** A place on earth from whatever was stored, or null. @param {any} value @returns {{lon: number, lat: number} | null} */
export function placeFrom(value) {
  const lon = numberWithin(value?.lon, -180, 180);
  const lat = numberWithin(value?.lat, -90, 90);
  return lon === null || lat === null ? null : { lon, lat };
}
