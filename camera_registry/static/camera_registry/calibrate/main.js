// SPDX-License-Identifier: AGPL-3.0-or-later
// The calibrating page: one draft, shown in a picture, on a map and in a table, judged by the server as it changes.

import { download, toCsv } from "./files.js";
import { createFramePane } from "./frame-pane.js";
import { createFrameSource } from "./frame-source.js";
import { heightPrompt } from "./height-marks.js";
import { createHeightTable } from "./height-table.js";
import { createMapPane } from "./map-pane.js";
import { promptWords, showReport } from "./report.js";
import { debounced } from "../admin/debounced.js";
import { createServer, sameSize } from "./server.js";
import { createStore } from "./store.js";
import { createTable } from "./table.js";
import { text } from "../admin/words.js";

/** @import { Config, Half, HeightHandlers, Layers, Pair, PaneHandlers, SavedHeight, SavedPoint, Scene, Solution } from "./types" */

const SOLVE_MS = 120;
const WARP_MS = 350;

/** @template {HTMLElement} T @param {string} id @returns {T} */
const byId = (id) => /** @type {T} */ (document.getElementById(id));
/** @type {Config} */
const config = JSON.parse(byId("calibrate-config").textContent ?? "{}");
const csrf = /** @type {HTMLInputElement} */ (document.querySelector("[name=csrfmiddlewaretoken]")).value;
const server = createServer(config, csrf);

/** @type {string | null} */
let selected = null;
/** @type {Solution | null} */
let solution = null;
let trouble = "";
let hasFrame = false;
/** The thing of known height that is being marked: "new" before its foot, its id before its top. @type {string | null} */
let marking = null;
/** @type {Layers} */
const layers = { residuals: true, area: true, zones: true, errors: false, warp: false, opacity: 0.7 };

const store = createStore(`spark-calibrate-${config.camera}`, () => changed());

/** @type {PaneHandlers} */
const handlers = {
  placed(half, at, byKey) {
    if (marking && half === "px") {
      placeHeight(marking, at, byKey);
      return null;
    }
    const open = store.draft.points.find((point) => point.id === selected && !point[half]);
    if (open) {
      store.changePoint(open.id, { [half]: at });
      return open.id;
    }
    selected = store.addPoint({ [half]: at });
    show();
    return selected;
  },
  moved: (id, half, to, merge) => store.changePoint(id, { [half]: to }, merge),
  selected(id) {
    if (selected === id) return;
    selected = id;
    show();
  },
  removed(id) {
    store.removePoint(id);
  },
  toggled(id) {
    const point = store.draft.points.find((one) => one.id === id);
    if (point) store.changePoint(id, { kept: !point.kept });
  },
  onwards,
  lookedAt(half, at) {
    if (half === "px") frame.look(at);
  },
};
/** @type {HeightHandlers} */
const heightHandlers = {
  moved: (id, end, to, merge) => store.changeHeight(id, { [`${end}_px`]: to }, merge),
  removed: (id) => store.removeHeight(id),
  toggled(id) {
    const mark = store.draft.heights.find((one) => one.id === id);
    if (mark) store.changeHeight(id, { kept: !mark.kept });
  },
  selected: () => undefined,
  onwards(id, end) {
    const mark = store.draft.heights.find((one) => one.id === id);
    if (end === "top") heightTable.focus(id);
    else if (mark?.top_px) frame.focusHeight(id, "top");
    else frame.focus();
  },
  lookedAt: (at) => frame.look(at),
};
const frame = createFramePane(byId("frame"), handlers, heightHandlers);
const ground = createMapPane(byId("map"), config, handlers);
const table = createTable(byId("points"), {
  changed: (id, change) => {
    store.changePoint(id, change);
    if (change.lonlat) ground.goTo(change.lonlat);
  },
  selected: handlers.selected,
  removed: handlers.removed,
});

const heightTable = createHeightTable(byId("heights"), {
  changed: (id, change) => store.changeHeight(id, change),
  selected: () => undefined,
  removed: (id) => store.removeHeight(id),
});

/** Foot first, then top, then the metres. @param {string} which @param {Pair} at @param {boolean} byKey */
function placeHeight(which, at, byKey) {
  const isFoot = which === "new";
  const id = isFoot ? store.addHeight({ foot_px: at }) : which;
  if (!isFoot) store.changeHeight(id, { top_px: at });
  mark(isFoot ? id : null);
  if (byKey) frame.focusHeight(id, isFoot ? "foot" : "top");
  else if (!isFoot) heightTable.focus(id);
}

/** @param {string | null} which */
function mark(which) {
  marking = which;
  byId("add-height").setAttribute("aria-pressed", String(which !== null));
  byId("frame").classList.toggle("marking", which !== null);
  show();
}

/** Enter on a marker: to the point's other half, which appears where it is expected, or to the next point. @param {string} id @param {Half} half */
function onwards(id, half) {
  const point = store.draft.points.find((one) => one.id === id);
  if (!point) return;
  if (half === "px") {
    if (!point.lonlat) ground.focus();
    else ground.focusPoint(id);
  } else if (!point.px) frame.focus();
  else frame.focus();
}

const solve = debounced(
  SOLVE_MS,
  (/** @type {typeof store.draft} */ draft, signal) => server.solve(draft, signal),
  (result) => {
    [solution, trouble] = [result, ""];
    document.body.dataset.solved = String(Number(document.body.dataset.solved ?? 0) + 1);
    show();
    lay();
  },
  (error) => {
    trouble = error.message;
    show();
  },
);
/** @type {Record<"frame" | "errors", (wanted: boolean) => void>} */
const warps = { frame: warp("frame"), errors: warp("errors") };

/** @param {"frame" | "errors"} layer */
function warp(layer) {
  return debounced(
    WARP_MS,
    async (/** @type {boolean} */ wanted, signal) => (wanted ? server.warp(store.draft, layer, signal) : null),
    (laid) => ground.lay(layer, laid?.image ?? null, laid?.bounds),
    (error) => {
      ground.lay(layer, null);
      say(error.message);
    },
  );
}

function lay() {
  const fitted = solution?.state === "fitted";
  warps.frame(fitted && layers.warp && hasFrame);
  warps.errors(fitted && layers.errors);
}

/** The draft is another one: ask the server, and show what is known meanwhile. */
function changed() {
  if (store.draft.imageSize) solve(store.draft);
  show();
}

function show() {
  const { draft } = store;
  if (selected && !draft.points.some((point) => point.id === selected)) selected = null;
  /** @type {Scene} */
  const scene = { points: draft.points, heights: draft.heights, selected, solution, layers };
  if (marking && marking !== "new" && !draft.heights.some((one) => one.id === marking)) mark(null);
  frame.update(scene);
  ground.update(scene);
  table.update(scene);
  heightTable.update(scene);
  showReport(draft.imageSize ? solution : null, trouble);
  byId("prompt").textContent = heightPrompt(draft.heights, marking) || promptWords(draft, selected, hasFrame);
  byId("heights-table").hidden = draft.heights.length === 0;
  byId("no-points").hidden = draft.points.length > 0;
  byId("points-table").hidden = draft.points.length === 0;
  byId("undo").toggleAttribute("disabled", !store.canUndo);
  byId("redo").toggleAttribute("disabled", !store.canRedo);
  byId("export").toggleAttribute("disabled", !draft.points.some((point) => point.px && point.lonlat));
  byId("save").toggleAttribute("disabled", solution?.state !== "fitted" || trouble !== "");
  settings();
}

function settings() {
  const { lens, fovDeg, place } = store.draft;
  /** @type {[string, string][]} */
  const values = [
    ["lens", lens === "auto" || lens === null ? String(lens ?? "none") : "number"],
    ["lens-k", typeof lens === "number" ? String(lens) : ""],
    ["fov", fovDeg === null ? "" : String(fovDeg)],
    ["place", place ? `${place[0]}, ${place[1]}` : ""],
    ["height", place ? String(place[2]) : ""],
  ];
  for (const [id, value] of values) {
    const input = /** @type {HTMLInputElement} */ (byId(id));
    if (document.activeElement !== input && !input.dataset.pending) input.value = value;
  }
  byId("lens-k").hidden = typeof lens !== "number";
}

/** @param {string} words */
function say(words) {
  byId("frame-said").textContent = words;
}

/** @param {() => Promise<unknown>} work  What fails is said, not thrown. */
async function attempt(work) {
  try {
    await work();
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
  }
}

// --- the frame ---------------------------------------------------------------------------------------------------------

const source = createFrameSource(server, config.maxFrameBytes, {
  async arrived(picture) {
    const bitmap = await createImageBitmap(picture);
    /** @type {Pair} */
    const size = [bitmap.width, bitmap.height];
    bitmap.close();
    hasFrame = true;
    await frame.show(size, picture);
    store.setImageSize(size);
    const other = config.imageSize && !sameSize(size, config.imageSize);
    const words = [text("frameKept", sized(size))];
    if (other && config.imageSize) words.push(text("otherThanUsed", sized(config.imageSize)));
    say(words.join(" "));
  },
  said: say,
});

byId("next-frame").addEventListener("click", () => attempt(source.next));
byId("frame-file").addEventListener("change", () => {
  const input = /** @type {HTMLInputElement} */ (byId("frame-file"));
  const file = input.files?.[0];
  if (file) attempt(() => source.upload(file));
  input.value = "";
});

// --- points in and out -------------------------------------------------------------------------------------------------

/** @param {Blob | string} csv */
async function importCsv(csv) {
  take(await server.readPoints(csv));
}

/** @param {Pair} size */
const sized = ([width, height]) => ({ width, height });

/** @param {SavedPoint[]} points @param {SavedHeight[]} [heights] */
function take(points, heights) {
  store.replacePoints(
    points.map((point) => ({ kept: true, ...point })),
    heights?.map((mark) => ({ kept: true, ...mark })),
  );
  ground.open(points.map((point) => point.lonlat));
}

byId("csv-file").addEventListener("change", () => {
  const input = /** @type {HTMLInputElement} */ (byId("csv-file"));
  const file = input.files?.[0];
  if (file) attempt(() => importCsv(file));
  input.value = "";
});
document.addEventListener("paste", (event) => {
  const words = event.clipboardData?.getData("text/plain") ?? "";
  if (event.target instanceof HTMLInputElement || !/^\uFEFF?\s*name\s*,/i.test(words)) return;
  event.preventDefault();
  attempt(() => importCsv(words));
});
byId("export").addEventListener("click", () => download(toCsv(store.draft.points), `${config.camera}.csv`));
/** @param {SavedPoint | SavedHeight} row @returns {row is SavedHeight} */
const isHeight = (row) => "height_m" in row;
/** @param {SavedPoint | SavedHeight} row @returns {row is SavedPoint} */
const isPoint = (row) => !isHeight(row);
for (const { version, note, points, imageSize } of config.versions) {
  const option = document.createElement("option");
  option.value = String(version);
  const words = text("version", { version, count: points.filter(isPoint).length, ...sized(imageSize) });
  option.textContent = note ? `${words}, ${note}` : words;
  byId("from-version").append(option);
}
byId("from-version").hidden = config.versions.length === 0;
byId("from-version").addEventListener("change", () => {
  const chosen = /** @type {HTMLSelectElement} */ (byId("from-version"));
  const found = config.versions.find((row) => String(row.version) === chosen.value);
  chosen.value = "";
  if (!found) return;
  if (!store.draft.imageSize) {
    store.setImageSize(found.imageSize);
    frame.show(found.imageSize, null);
  }
  if (store.draft.imageSize && !sameSize(found.imageSize, store.draft.imageSize)) {
    say(text("otherThanPicked", sized(found.imageSize)));
  } else take(found.points.filter(isPoint), found.points.filter(isHeight));
});

// --- undo, layers, settings --------------------------------------------------------------------------------------------

byId("undo").addEventListener("click", store.undo);
byId("redo").addEventListener("click", store.redo);
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return;
  const typing = event.target instanceof HTMLInputElement && event.target.type === "text";
  if (typing) return;
  const key = event.key.toLowerCase();
  if (key === "z" && !event.shiftKey) store.undo();
  else if (key === "y" || (key === "z" && event.shiftKey)) store.redo();
  else return;
  event.preventDefault();
});
for (const name of /** @type {("residuals" | "area" | "zones" | "errors" | "warp")[]} */ (
  ["residuals", "area", "zones", "errors", "warp"]
)) {
  const box = /** @type {HTMLInputElement} */ (byId(`layer-${name}`));
  box.checked = layers[name];
  box.addEventListener("change", () => {
    layers[name] = box.checked;
    byId("legend").hidden = !layers.errors;
    show();
    lay();
  });
}
byId("opacity").addEventListener("input", () => {
  layers.opacity = Number(/** @type {HTMLInputElement} */ (byId("opacity")).value) / 100;
  ground.setOpacity(layers.opacity);
});

/** @param {string} id @returns {number | null} */
function numberIn(id) {
  const text = /** @type {HTMLInputElement} */ (byId(id)).value.trim();
  return text === "" || !Number.isFinite(Number(text)) ? null : Number(text);
}
byId("lens").addEventListener("change", () => {
  const chosen = /** @type {HTMLSelectElement} */ (byId("lens")).value;
  const fitted = solution?.state === "fitted" ? (solution.lens_k ?? 0) : 0;
  store.set({ lens: chosen === "number" ? Math.round(fitted * 1e4) / 1e4 : chosen === "none" ? null : "auto" });
});
byId("lens-k").addEventListener("change", () => store.set({ lens: numberIn("lens-k") ?? 0 }));
byId("fov").addEventListener("change", () => store.set({ fovDeg: numberIn("fov") }));
for (const id of ["place", "height"]) {
  byId(id).addEventListener("change", () => {
    const words = /** @type {HTMLInputElement} */ (byId("place")).value.split(/[\s,;]+/).map(Number);
    const height = numberIn("height");
    const whole = words.length === 2 && words.every(Number.isFinite) && height !== null;
    // Half an entry waits for its other half.
    for (const other of ["place", "height"]) byId(other).toggleAttribute("data-pending", !whole);
    if (whole) store.set({ place: [words[0], words[1], height] });
    else if (store.draft.place) store.set({ place: null });
  });
}

byId("add-height").addEventListener("click", () => {
  mark(marking ? null : "new");
  if (marking) frame.focus();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && marking) mark(null);
});

// --- the end -----------------------------------------------------------------------------------------------------------

byId("save-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const note = /** @type {HTMLInputElement} */ (byId("note")).value;
  byId("save").toggleAttribute("disabled", true);
  server.save(store.draft, note).then(
    () => {
      store.forget();
      location.assign(config.cameraUrl);
    },
    (error) => {
      byId("save-said").textContent = error.message;
      byId("save").toggleAttribute("disabled", false);
    },
  );
});
byId("leave").addEventListener("click", async () => {
  await server.leave().catch(() => undefined);
  store.forget();
  location.assign(config.cameraUrl);
});

// --- the beginning -----------------------------------------------------------------------------------------------------

ground.open(store.draft.points.flatMap((point) => (point.lonlat ? [point.lonlat] : [])));
if (!store.draft.imageSize && config.imageSize) store.setImageSize(config.imageSize);
if (store.draft.imageSize) frame.show(store.draft.imageSize, null);
changed();
attempt(source.begin);
