// SPDX-License-Identifier: AGPL-3.0-or-later
// Text in and out: two numbers as people type them, and the CSV that `python -m camera_registry.calibrate` reads.

/** @import { Pair, Point } from "./types" */

/** Two numbers with anything plain between them: "35.49, 38.73", "35.49 38.73". @param {string} text @returns {Pair | null} */
export function parsePair(text) {
  const parts = text.trim().split(/[\s,;]+/);
  if (parts.length !== 2) return null;
  const [a, b] = parts.map(Number);
  return Number.isFinite(a) && Number.isFinite(b) ? [a, b] : null;
}

/** @param {Pair | null} px */
export const pxText = (px) => (px ? `${round(px[0], 2)}, ${round(px[1], 2)}` : "");
/** Seven decimals are a centimetre. @param {Pair | null} lonlat */
export const lonlatText = (lonlat) => (lonlat ? `${lonlat[0].toFixed(7)}, ${lonlat[1].toFixed(7)}` : "");

/** @param {number} value @param {number} digits */
export const round = (value, digits) => Math.round(value * 10 ** digits) / 10 ** digits;

/** @param {readonly Point[]} points those that are complete @returns {string} */
export function toCsv(points) {
  const lines = points.map(({ name, px, lonlat }) =>
    px && lonlat ? [quoted(name), px[0], px[1], lonlat[0].toFixed(8), lonlat[1].toFixed(8)].join(",") : "",
  );
  return ["name,px_x,px_y,lon,lat", ...lines.filter(Boolean), ""].join("\r\n");
}

/** @param {string} text */
const quoted = (text) => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** @param {string} text @param {string} name */
export function download(text, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
