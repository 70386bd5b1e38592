// SPDX-License-Identifier: AGPL-3.0-or-later
// What stands beside the map: the rules, what is said of the zone, its lines, its neighbours.

import { decimal, text } from "../../camera_registry/admin/words.js";
import { pathsOf } from "./lines.js";

/** @import { Config, Draft, Fields, Finding, Judgement, Mode, Pair, Tool } from "./types" */

/** @template {HTMLElement} T @param {string} id @returns {T} */
export const byId = (id) => /** @type {T} */ (document.getElementById(id));

const NUMBERS = /** @type {const} */ (["angle_deg", "slot_length_m", "slot_width_m", "spacing_m", "validity_s"]);
const TEXTS = /** @type {const} */ (["name", "slug", "mode", "access", "hours"]);
const FLAGS = /** @type {const} */ (["mixed_sizes", "enabled"]);
/** Letters that a short name keeps as their plain ones. */
const PLAIN = { ı: "i", ß: "ss", ø: "o", æ: "ae", đ: "d", ł: "l" };

/** @param {string} id */
const control = (id) => /** @type {HTMLInputElement | HTMLSelectElement | null} */ (document.getElementById(id));

/** A short name for addresses from one for people. @param {string} name */
export function slugOf(name) {
  const plain = name.toLowerCase().replace(/[ıßøæđł]/g, (letter) => PLAIN[/** @type {keyof PLAIN} */ (letter)]);
  return plain.normalize("NFKD").replace(/[\u0300-\u036f]/g, "").replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 60);
}

/**
 * The form; `changed` gets each change with its kind, so that typing one word is one step of undo.
 * @param {Config} config @param {() => Fields} current @param {(fields: Fields, kind: string) => void} changed
 */
export function createForm(config, current, changed) {
  let slugIsOwn = !config.isNew || config.draft.fields.slug !== "";

  /** @param {Partial<Fields>} change @param {string} kind */
  const change = (change, kind) => changed({ ...current(), ...change }, kind);
  for (const name of TEXTS) {
    control(name)?.addEventListener("input", (event) => {
      const value = /** @type {HTMLInputElement} */ (event.target).value;
      if (name === "slug") slugIsOwn = true;
      const slug = name === "name" && !slugIsOwn ? { slug: slugOf(value) } : {};
      const angle = name === "mode" ? { angle_deg: value === "diagonal" ? 45 : null, ...sizes(/** @type {Mode} */ (value)) } : {};
      change({ [name]: value, ...slug, ...angle }, `field ${name}`);
    });
  }
  for (const name of NUMBERS) {
    control(name)?.addEventListener("input", (event) => {
      const text = /** @type {HTMLInputElement} */ (event.target).value.trim().replace(",", ".");
      const value = text === "" || !Number.isFinite(Number(text)) ? null : Number(text);
      change({ [name]: value }, `field ${name}`);
    });
  }
  for (const name of FLAGS) {
    control(name)?.addEventListener("change", (event) => {
      change({ [name]: /** @type {HTMLInputElement} */ (event.target).checked }, "");
    });
  }

  /** Sizes that were another mode's defaults become the new one's. @param {Mode} mode @returns {Partial<Fields>} */
  function sizes(mode) {
    const fields = current();
    const before = config.defaults[fields.mode];
    const names = /** @type {const} */ (["slot_length_m", "slot_width_m", "spacing_m"]);
    return Object.fromEntries(names.filter((name) => fields[name] === before[name]).map((name) => [name, config.defaults[mode][name]]));
  }

  return {
    /** @param {Fields} fields */
    show(fields) {
      for (const name of [...TEXTS, ...NUMBERS]) {
        const input = control(name);
        const value = fields[name] === null ? "" : String(fields[name]);
        const same = input && (input.value === value || (document.activeElement === input && Number(input.value.replace(",", ".")) === fields[name]));
        if (input && !same && !(document.activeElement === input && fields[name] === null)) input.value = value;
      }
      for (const name of FLAGS) {
        const box = /** @type {HTMLInputElement | null} */ (control(name));
        if (box) box.checked = fields[name];
      }
      byId("angle-row").hidden = fields.mode !== "diagonal";
    },
  };
}

/** @param {string} tag @param {string} words @param {Record<string, string>} [attributes] */
function made(tag, words, attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = words;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** @param {readonly Finding[]} findings @param {(place: Pair) => void} goTo */
export function showFindings(findings, goTo) {
  const list = byId("findings");
  list.replaceChildren(
    ...findings.map((finding) => {
      const item = made("li", "", { class: finding.refused ? "refused" : "notice" });
      item.append(made("span", finding.refused ? "✕ " : "⚠ ", { "aria-hidden": "true" }), made("span", finding.message));
      const place = finding.lonlat;
      if (place) {
        const button = made("button", text("show"), { type: "button", class: "button zed-small" });
        button.setAttribute("aria-label", text("showPlace", { words: finding.message }));
        button.addEventListener("click", () => goTo(place));
        item.append(" ", button);
      }
      return item;
    }),
  );
  byId("all-well").hidden = findings.length > 0;
  const refused = findings.some((finding) => finding.refused);
  byId("confirm-row").hidden = refused || findings.length === 0;
}

/** @param {Judgement | null} judgement @param {Draft} draft */
export function showFacts(judgement, draft) {
  const facts = byId("facts");
  const rows = [];
  if (judgement?.area_m2 != null) {
    const area = decimal(judgement.area_m2, 1);
    rows.push([text("ground"), judgement.wide_m == null ? `${area} m²` : text("areaAndWidth", { area, width: decimal(judgement.wide_m, 2) })]);
    rows.push([text("ruler"), text(draft.kerb ? "slotsAlongKerb" : "slotsAlongEdge", { count: judgement.slots.length })]);
    const seen = judgement.seen.map(({ camera, share }) => `${camera} ${Math.round(share * 100)} %`).join(", ");
    rows.push([text("cameras"), seen || text("noneSees")]);
  }
  facts.replaceChildren(...rows.flatMap(([name, words]) => [made("dt", name), made("dd", words)]));
}

/**
 * The zone's lines, to choose the one whose corners are shown.
 * @param {Draft} draft @param {string | null} active
 * @param {{ choose(key: string): void, remove(key: string): void }} actions
 */
export function showLines(draft, active, actions) {
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.line : undefined;
  byId("lines").replaceChildren(
    ...pathsOf(draft).map((path) => {
      const item = made("li", "");
      const chosen = path.key === active;
      const choose = made("button", text("lineHas", { line: path.label, count: path.points.length }), { type: "button", class: "zed-line", "aria-pressed": String(chosen), "data-line": path.key });
      choose.addEventListener("click", () => actions.choose(path.key));
      const remove = made("button", "✕", { type: "button", class: "zed-remove", "aria-label": text("deleteLine", { line: path.label }) });
      remove.addEventListener("click", () => actions.remove(path.key));
      item.append(choose, remove);
      return item;
    }),
  );
  if (focused) /** @type {HTMLElement | null} */ (document.querySelector(`[data-line="${focused}"]`))?.focus();
}

/** @param {Judgement | null} judgement */
export function showNeighbours(judgement) {
  const touching = judgement?.touching ?? [];
  const chosen = new Set(chosenNeighbours());
  byId("merge").hidden = touching.length === 0;
  byId("touching").replaceChildren(
    ...touching.map(({ slug, name }) => {
      const label = made("label", "");
      const box = /** @type {HTMLInputElement} */ (made("input", "", { type: "checkbox", value: slug }));
      box.checked = chosen.has(slug);
      label.append(box, ` ${name}`);
      return label;
    }),
  );
}

/** @returns {string[]} slugs of the touching zones that are ticked */
export const chosenNeighbours = () =>
  [...byId("touching").querySelectorAll("input")].filter((box) => box.checked).map((box) => box.value);

/** @param {Judgement["split"]} split */
export function showSplit(split) {
  byId("split").hidden = split === null;
  byId("split-said").textContent = split?.message ?? "";
  byId("split-now").toggleAttribute("disabled", !split?.possible);
}

/** What to do next, in words. @param {Tool} tool @param {Draft} draft @param {number | null} count @returns {string} */
export function promptWords(tool, draft, count) {
  const first = count ? "" : ` ${text("withKeys")}`;
  if (tool.name === "draw" && tool.kind === "ring") {
    if (!count) return text("clickOutline") + first;
    return text(count < 3 ? "nextCorner" : "closeOutline");
  }
  if (tool.name === "draw") return count ? text("endLine") : text(tool.kind === "kerb" ? "clickKerb" : "clickAccess") + first;
  if (tool.name === "split") return count ? text("endCut") : text("clickCut") + first;
  if (tool.name === "move") return text("dragZone");
  return text(draft.rings.length === 0 ? "noOutline" : "dragCorners");
}
