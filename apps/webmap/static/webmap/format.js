// SPDX-License-Identifier: AGPL-3.0-or-later
// Words and numbers for people, from the page's translated strings.

const strings = JSON.parse(document.getElementById("strings").textContent);
const language = document.documentElement.lang || "en";
const plural = new Intl.PluralRules(language);
const oneDecimal = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** A string by name with its {words} filled in; `values.n` chooses the plural form. */
export function text(name, values = {}) {
  let template = strings[name];
  if (typeof template === "object") template = template[plural.select(values.n)] ?? template.other;
  return template.replace(/\{(\w+)\}/g, (_, key) => String(values[key]));
}

/** How long ago, in one short unit. */
export function age(ms) {
  const s = Math.max(0, Math.round(ms / 1000));
  if (s < 2) return text("ageNow");
  if (s < 120) return text("ageSeconds", { n: s });
  if (s < 7200) return text("ageMinutes", { n: Math.floor(s / 60) });
  if (s < 172800) return text("ageHours", { n: Math.floor(s / 3600) });
  return text("ageDays", { n: Math.floor(s / 86400) });
}

/** Length × width in metres. */
export function size(lengthM, widthM) {
  return text("size", { length: oneDecimal.format(lengthM), width: oneDecimal.format(widthM) });
}

/** A share as whole percent. What a camera says is never certain, so 99 is the most. */
export function percent(share) {
  return Math.min(99, Math.round(share * 100));
}
