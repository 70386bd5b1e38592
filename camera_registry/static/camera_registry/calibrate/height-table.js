// SPDX-License-Identifier: AGPL-3.0-or-later
// Things of known height as a table, to read and type into.

import { parsePair, pxText } from "./files.js";
import { cell, field, write } from "./table.js";
import { decimal, text } from "../admin/words.js";

/** @import { End, HeightMark, HeightResult, Scene } from "./types" */

/** Metres as people type them, with a point or a comma. @param {string} words @returns {number | null} */
export function parseMetres(words) {
  const number = Number(words.trim().replace(",", "."));
  return words.trim() !== "" && Number.isFinite(number) ? number : null;
}

/**
 * @param {HTMLTableSectionElement} body
 * @param {{ changed(id: string, change: Partial<HeightMark>): void, selected(id: string): void, removed(id: string): void }} handlers
 */
export function createHeightTable(body, handlers) {
  /** @type {Map<string, ReturnType<typeof createRow>>} */
  const rows = new Map();
  return {
    /** @param {Scene} scene */
    update({ heights, solution }) {
      const found = solution?.state === "fitted" ? solution.heights : null;
      const results = new Map((found?.marks ?? []).map((result) => [result.id, result]));
      const named = new Set(found?.named ?? []);
      for (const [id, row] of rows) {
        if (heights.some((mark) => mark.id === id)) continue;
        row.element.remove();
        rows.delete(id);
      }
      for (const mark of heights) {
        let row = rows.get(mark.id);
        if (!row) {
          row = createRow(mark.id, handlers);
          rows.set(mark.id, row);
          body.append(row.element);
        }
        row.update(mark, results.get(mark.id), named.has(mark.id));
      }
    },
    /** To where the metres are typed. @param {string} id */
    focus(id) {
      rows.get(id)?.metres.focus();
    },
  };
}

/** @param {string} id @param {Parameters<typeof createHeightTable>[1]} handlers */
function createRow(id, handlers) {
  const element = document.createElement("tr");
  element.dataset.row = id;
  const name = field(text("name"), "cal-name");
  const ends = { foot: field(text("foot"), "cal-px"), top: field(text("top"), "cal-px") };
  const metres = field(text("metres"), "cal-metres");
  metres.inputMode = "decimal";
  const kept = document.createElement("input");
  kept.type = "checkbox";
  const remove = document.createElement("button");
  remove.type = "button";
  remove.className = "cal-remove";
  remove.textContent = "✕";
  remove.title = text("delete");
  const off = cell();
  off.className = "cal-others";
  for (const content of [name, metres, ends.foot, ends.top]) element.append(cell(content));
  element.append(off, cell(kept), cell(remove));

  element.addEventListener("focusin", () => handlers.selected(id));
  name.addEventListener("change", () => handlers.changed(id, { name: name.value.trim() || id }));
  kept.addEventListener("change", () => handlers.changed(id, { kept: kept.checked }));
  remove.addEventListener("click", () => handlers.removed(id));
  metres.addEventListener("input", () => metres.setCustomValidity(""));
  metres.addEventListener("change", () => {
    const height = parseMetres(metres.value);
    if (height !== null || !metres.value.trim()) return handlers.changed(id, { height_m: height });
    metres.setCustomValidity(text("oneNumber"));
    metres.reportValidity();
  });
  for (const [end, input] of /** @type {[End, HTMLInputElement][]} */ (Object.entries(ends))) {
    input.addEventListener("input", () => input.setCustomValidity(""));
    input.addEventListener("change", () => {
      const pair = parsePair(input.value);
      if (pair || !input.value.trim()) return handlers.changed(id, { [`${end}_px`]: pair });
      input.setCustomValidity(text("twoNumbersPx"));
      input.reportValidity();
    });
  }

  return {
    element,
    metres,
    /** @param {HeightMark} mark @param {HeightResult | undefined} result @param {boolean} named */
    update(mark, result, named) {
      write(name, mark.name);
      write(metres, mark.height_m === null ? "" : String(mark.height_m));
      write(ends.foot, pxText(mark.foot_px));
      write(ends.top, pxText(mark.top_px));
      kept.checked = mark.kept;
      kept.setAttribute("aria-label", text("useHeight", { name: mark.name }));
      remove.setAttribute("aria-label", text("deleteHeight", { name: mark.name }));
      for (const [input, what] of /** @type {[HTMLInputElement, string][]} */ ([
        [name, "name"],
        [metres, "metres"],
        [ends.foot, "foot"],
        [ends.top, "top"],
      ])) {
        input.setAttribute("aria-label", text("ofHeight", { what: text(what), name: mark.name }));
      }
      const bad = named || Boolean(result?.suspect);
      element.className = [bad && "bad", !mark.kept && "dropped"].filter(Boolean).join(" ");
      const words = result?.off_px == null ? "–" : `${decimal(result.off_px, 1)} px`;
      const sign = named ? `⚠ ${text("refused")}` : bad ? `⚠ ${text("disagrees")}` : mark.kept ? "" : text("notUsed");
      const said = document.createElement("strong");
      said.textContent = sign;
      off.replaceChildren(words, ...(sign ? [said] : []));
    },
  };
}
