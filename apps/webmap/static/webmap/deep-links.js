// SPDX-License-Identifier: AGPL-3.0-or-later
// What the address says after its #: a place (`place=lat,lon&name=…`), a zone (`zone=slug`), a space (`space=id`) and the
// view (`view=lat,lon,zoom`). Browsers send nothing of it to the server.

/** @typedef {{lon: number, lat: number, name: string}} Place */
/** @typedef {{lon: number, lat: number, zoom: number}} View */
/** @typedef {{place: Place | null, zone: string | null, space: string | null, view: View | null, badPlace: boolean}} Link */

/** @param {string} hash with or without its # @returns {Link} */
export function readLink(hash) {
  const values = new URLSearchParams(hash.replace(/^#/, ""));
  const place = numbers(values.get("place"), 2);
  const view = numbers(values.get("view"), 3);
  return {
    place: place && { lat: place[0], lon: place[1], name: (values.get("name") ?? "").slice(0, 120) },
    zone: values.get("zone"),
    space: values.get("space"),
    view: view && { lat: view[0], lon: view[1], zoom: Math.min(21, Math.max(3, view[2])) },
    badPlace: values.has("place") && !place,
  };
}

/** @param {Omit<Link, "badPlace">} link @returns {string} "" or what begins with # */
export function writeLink({ place, zone, space, view }) {
  const parts = [];
  if (place) parts.push(`place=${place.lat.toFixed(5)},${place.lon.toFixed(5)}`);
  if (place?.name) parts.push(`name=${encodeURIComponent(place.name)}`);
  if (zone) parts.push(`zone=${encodeURIComponent(zone)}`);
  if (space) parts.push(`space=${encodeURIComponent(space)}`);
  if (view) parts.push(`view=${view.lat.toFixed(5)},${view.lon.toFixed(5)},${Number(view.zoom.toFixed(2))}`);
  return parts.length > 0 ? `#${parts.join("&")}` : "";
}

/** "lat,lon,…" as numbers on earth, or null. @param {string | null} words @param {number} count */
function numbers(words, count) {
  const found = (words ?? "").split(",").map((word) => (word.trim() === "" ? NaN : Number(word)));
  const sound = found.length === count && found.every(Number.isFinite);
  return sound && Math.abs(found[0]) <= 90 && Math.abs(found[1]) <= 180 ? found : null;
}
