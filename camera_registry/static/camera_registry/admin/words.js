// SPDX-License-Identifier: AGPL-3.0-or-later
// Words and numbers for people, in the page's language; the page's config brings the words.

/** @type {Record<string, string>} */
const words = JSON.parse(document.querySelector('script[type="application/json"][id$="-config"]')?.textContent ?? "{}").words ?? {};
const language = document.documentElement.lang || "en";

/**
 * A text by name with its {words} filled in.
 * @param {string} name @param {Record<string, string | number>} [values]
 */
export function text(name, values = {}) {
  return (words[name] ?? name).replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}

/** A number with so many decimals, without marks between thousands. @param {number} value @param {number} digits */
export function decimal(value, digits) {
  return value.toLocaleString(language, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
  });
}
