// SPDX-License-Identifier: AGPL-3.0-or-later
// The points as a table: the same draft as in both panes, to read, type and paste into. Rows stay while they are edited.

import { lonlatText, parsePair, pxText } from "./files.js";
import { decimal, text } from "../admin/words.js";

/** @import { Half, Point, PointResult, Scene } from "./types" */

/**
 * @param {HTMLTableSectionElement} body
 * @param {{ changed(id: string, change: Partial<Point>): void, selected(id: string): void, removed(id: string): void }} handlers
 */
export function createTable(body, handlers) {
  /** @type {Map<string, ReturnType<typeof createRow>>} */
  const rows = new Map();

  /** @param {Scene} scene */
  function update({ points, selected, solution }) {
    const results = new Map((solution?.state === "fitted" ? solution.points : []).map((result) => [result.id, result]));
    const named = new Set(solution?.named ?? []);
    for (const [id, row] of rows) {
      if (points.some((point) => point.id === id)) continue;
      row.element.remove();
      rows.delete(id);
    }
    for (const point of points) {
      let row = rows.get(point.id);
      if (!row) {
        row = createRow(point.id, handlers);
        rows.set(point.id, row);
      }
      if (body.children[points.indexOf(point)] !== row.element) body.append(row.element);
      row.update(point, results.get(point.id), named.has(point.id), point.id === selected);
    }
  }

  return { update };
}

/** @param {string} id @param {Parameters<typeof createTable>[1]} handlers */
function createRow(id, handlers) {
  const element = document.createElement("tr");
  element.dataset.row = id;
  const name = field(text("name"), "cal-name");
  const px = field(text("pixel"), "cal-px");
  const lonlat = field(text("lonlat"), "cal-lonlat");
  const kept = document.createElement("input");
  kept.type = "checkbox";
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "cal-remove";
  remove.textContent = "✕";
  const [pixels, metres, others] = [cell(), cell(), cell()];
  others.className = "cal-others";
  for (const content of [name, px, lonlat]) element.append(cell(content));
  element.append(pixels, metres, others, cell(kept), cell(remove));

  element.addEventListener("focusin", () => handlers.selected(id));
  name.addEventListener("change", () => handlers.changed(id, { name: name.value.trim() || id }));
  kept.addEventListener("change", () => handlers.changed(id, { kept: kept.checked }));
  remove.addEventListener("click", () => handlers.removed(id));
  for (const [half, input] of /** @type {[Half, HTMLInputElement][]} */ ([
    ["px", px],
    ["lonlat", lonlat],
  ])) {
    input.addEventListener("input", () => input.setCustomValidity(""));
    input.addEventListener("change", () => {
      const pair = parsePair(input.value);
      if (pair || !input.value.trim()) return handlers.changed(id, { [half]: pair });
      input.setCustomValidity(text(half === "px" ? "twoNumbersPx" : "twoNumbersLonlat"));
      input.reportValidity();
    });
  }

  return {
    element,
    /** @param {Point} point @param {PointResult | undefined} result @param {boolean} named @param {boolean} selected */
    update(point, result, named, selected) {
      write(name, point.name);
      write(px, pxText(point.px));
      write(lonlat, lonlatText(point.lonlat));
      kept.checked = point.kept;
      kept.setAttribute("aria-label", text("usePoint", { name: point.name }));
      remove.setAttribute("aria-label", text("deletePoint", { name: point.name }));
      remove.title = text("delete");
      for (const [input, what] of /** @type {[HTMLInputElement, string][]} */ ([
        [name, text("name")],
        [px, text("pixel")],
        [lonlat, text("lonlat")],
      ])) {
        input.setAttribute("aria-label", text("ofPoint", { what, name: point.name }));
      }
      element.className = [selected && "selected", (named || result?.suspect) && "bad", !point.kept && "dropped"]
        .filter(Boolean)
        .join(" ");
      pixels.textContent = number(result?.residual_px, 1);
      metres.textContent = number(result?.residual_m, 2);
      judge(others, point, result, named);
    },
  };
}

/** What the others say of a point, in words and as a bar. @param {HTMLElement} place @param {Point} point @param {PointResult | undefined} result @param {boolean} named */
function judge(place, point, result, named) {
  const error = result?.leave_one_out_m ?? null;
  const words = document.createElement("span");
  words.textContent = error === null ? "–" : `${decimal(error, 2)} m`;
  place.replaceChildren(words);
  if (error !== null && result?.disagreement != null) {
    const bar = document.createElement("meter");
    Object.assign(bar, { min: 0, max: 1.5, low: 0.7, high: 1, optimum: 0, value: Math.min(1.5, result.disagreement) });
    bar.setAttribute("aria-hidden", "true");
    bar.title = text("howStrongly");
    place.append(bar);
  }
  const sign = document.createElement("strong");
  const verdict = named ? `⚠ ${text("refused")}` : result?.suspect ? `⚠ ${text("disagrees")}` : "";
  sign.textContent = verdict || (point.kept ? "" : text("checkOnly"));
  if (sign.textContent) place.append(sign);
}

/** @param {number | null | undefined} value @param {number} digits */
const number = (value, digits) => (value == null ? "–" : decimal(value, digits));

/** @param {HTMLInputElement} input @param {string} value  What is being typed is left alone. */
export function write(input, value) {
  if (document.activeElement !== input || input.dataset.shown === input.value) {
    if (input.value !== value) input.value = value;
    input.dataset.shown = value;
  }
}

/** @param {string} label @param {string} className */
export function field(label, className) {
  const input = document.createElement("input");
  input.type = "text";
  input.className = className;
  input.placeholder = className === "cal-name" ? "" : label.toLocaleLowerCase(document.documentElement.lang);
  input.autocomplete = "off";
  input.spellcheck = false;
  return input;
}

/** @param {HTMLElement[]} content */
export function cell(...content) {
  const td = document.createElement("td");
  td.append(...content);
  return td;
}
