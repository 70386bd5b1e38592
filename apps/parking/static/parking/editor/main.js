// SPDX-License-Identifier: AGPL-3.0-or-later
// The zone editor: one draft, shown on a map and in a form, judged by the server as it changes.

import { text } from "../../camera_registry/admin/words.js";
import { leastPoints, pathOf, pathsOf, withLine, withPoints } from "./lines.js";
import { createMap } from "./map.js";
import { byId, chosenNeighbours, createForm, promptWords, showFacts, showFindings, showLines, showNeighbours, showSplit } from "./panel.js";
import { debounced } from "../../camera_registry/admin/debounced.js";
import { createServer, Refused } from "./server.js";
import { createStore } from "./store.js";

/** @import { Config, Judgement, Kind, MapHandlers, Pair, Saved, Scene, Tool } from "./types" */

const JUDGE_MS = 120;
const AROUND_MS = 200;

/** @type {Config} */
const config = JSON.parse(byId("editor-config").textContent ?? "{}");
const csrf = /** @type {HTMLInputElement} */ (document.querySelector("[name=csrfmiddlewaretoken]")).value;
const server = createServer(config, csrf);
const confirmBox = /** @type {HTMLInputElement} */ (byId("confirm"));

/** @type {Tool} */
let tool = { name: "edit" };
/** @type {string | null} */
let active = config.draft.rings.length ? "ring0" : null;
/** @type {Judgement | null} */
let judgement = null;
/** The line to split along. @type {Pair[] | null} */
let cut = null;
/** @type {number | null} */
let sketched = null;
let snap = true;
let layers = { zones: true, views: true, slots: true };
let saving = false;
/** What had been said when it was ticked as read. */
let said = "";

const store = createStore(`spark-zone-${config.zone}-${config.basedOn}`, config.draft, () => changed());
const form = createForm(config, () => store.draft.fields, (fields, kind) => store.commit({ ...store.draft, fields }, kind));

/** @type {MapHandlers} */
const handlers = {
  moved(key, index, to, merge) {
    change(key, (points) => points.map((at, other) => (other === index ? to : at)), merge);
  },
  inserted(key, after, at) {
    change(key, (points) => [...points.slice(0, after + 1), at, ...points.slice(after + 1)]);
  },
  removed(key, index) {
    change(key, (points, kind) => (points.length > leastPoints(kind) ? points.filter((_, other) => other !== index) : points));
  },
  activated(key) {
    active = key;
    show();
  },
  shifted: (draft, merge) => store.commit(draft, merge),
  drawn(points) {
    if (tool.name === "split") {
      cut = points;
      tool = { name: "edit" };
      judge({ draft: store.draft, cut });
      show();
    } else if (tool.name === "draw") {
      const made = withLine(store.draft, tool.kind, points);
      active = made.key;
      tool = { name: "edit" };
      store.commit(made.draft);
      ground.focusVertex(made.key, points.length - 1);
    }
  },
  drawing(count) {
    sketched = count;
    byId("prompt").textContent = promptWords(tool, store.draft, sketched);
    byId("finish").hidden = sketched === null;
    byId("finish").toggleAttribute("disabled", (sketched ?? 0) < leastPoints(tool.name === "draw" ? tool.kind : "kerb"));
  },
  looked: (bounds) => look(bounds),
};

/** @param {string} key @param {(points: Pair[], kind: Kind) => Pair[]} work @param {string} [merge] */
function change(key, work, merge) {
  const path = pathOf(store.draft, key);
  if (path) store.commit(withPoints(store.draft, path, work(path.points, path.kind)), merge);
}

const ground = createMap(byId("map"), config, handlers);

const judge = debounced(
  JUDGE_MS,
  (/** @type {{ draft: typeof store.draft, cut: Pair[] | null }} */ asked, signal) => server.judge(asked.draft, asked.cut, signal),
  (result) => {
    judgement = result;
    document.body.dataset.judged = String(Number(document.body.dataset.judged ?? 0) + 1);
    show();
  },
  (error) => say(error.message),
);
const look = debounced(
  AROUND_MS,
  (/** @type {number[]} */ bounds, signal) => server.around(bounds, signal),
  (found) => {
    ground.setAround(found);
    document.body.dataset.looked = String(Number(document.body.dataset.looked ?? 0) + 1);
  },
  (error) => say(error.message),
);

/** The draft is another one: ask the server, and show what is known meanwhile. */
function changed() {
  cut = null;
  if (judgement) judgement = { ...judgement, split: null };
  say("");
  judge({ draft: store.draft, cut });
  show();
}

function show() {
  const { draft } = store;
  if (active && !pathOf(draft, active)) active = draft.rings.length ? "ring0" : null;
  /** @type {Scene} */
  const scene = { draft, active, tool, snap, judgement, layers };
  ground.update(scene);
  form.show(draft.fields);
  showLines(draft, active, { choose: handlers.activated, remove: removeLine });
  const findings = judgement?.findings ?? [];
  // Places move while corners are dragged; another sentence must be read anew.
  const sentences = findings.map((finding) => finding.message.replace(/[\d.]+/g, "")).join("\n");
  if (sentences !== said) confirmBox.checked = false;
  said = sentences;
  showFindings(findings, ground.goTo);
  showFacts(judgement, draft);
  showNeighbours(config.isNew ? null : judgement);
  showSplit(judgement?.split ?? null);
  byId("prompt").textContent = promptWords(tool, draft, sketched);
  byId("undo").toggleAttribute("disabled", !store.canUndo && !sketched);
  byId("redo").toggleAttribute("disabled", !store.canRedo);
  for (const button of document.querySelectorAll("button[data-tool]")) {
    const name = tool.name === "draw" ? `draw-${tool.kind}` : tool.name;
    const own = /** @type {HTMLElement} */ (button).dataset.tool ?? "";
    button.setAttribute("aria-pressed", String(own === name));
    const needsOutline = !["draw-ring", "edit"].includes(own);
    button.toggleAttribute("disabled", (needsOutline && draft.rings.length === 0) || (own === "split" && config.isNew));
  }
  const refused = judgement?.findings.some((finding) => finding.refused) ?? true;
  const waits = !byId("confirm-row").hidden && !confirmBox.checked;
  for (const id of ["save", "accept"]) document.getElementById(id)?.toggleAttribute("disabled", saving || refused || waits);
}

/** @param {string} key */
function removeLine(key) {
  const path = pathOf(store.draft, key);
  if (!path) return;
  store.commit(withPoints(store.draft, path, null));
  byId("map").focus({ preventScroll: true });
}

/** @param {string} words */
function say(words) {
  byId("said").textContent = words;
}

// --- tools -------------------------------------------------------------------------------------------------------------

/** @param {Tool} next */
function take(next) {
  tool = next;
  if (next.name !== "edit") ground.focus();
  show();
}

/** @param {string} name @returns {Tool} */
function toolOf(name) {
  if (name === "split" || name === "move" || name === "edit") return { name };
  return { name: "draw", kind: /** @type {Kind} */ (name.replace("draw-", "")) };
}

for (const button of document.querySelectorAll("button[data-tool]")) {
  button.addEventListener("click", () => take(toolOf(/** @type {HTMLElement} */ (button).dataset.tool ?? "edit")));
}

function undo() {
  if (!ground.undoSketch()) store.undo();
  show();
}

byId("undo").addEventListener("click", undo);
byId("redo").addEventListener("click", store.redo);
byId("finish").addEventListener("click", () => ground.finishSketch());

/** Keys without a modifier that choose a tool while no field has the focus. */
const TOOL_KEYS = /** @type {Record<string, string>} */ ({ o: "draw-ring", k: "draw-kerb", a: "draw-access", x: "split", m: "move", e: "edit" });

document.addEventListener("keydown", (event) => {
  const typing = event.target instanceof HTMLElement && event.target.matches("input:not([type=checkbox]), select, textarea");
  const key = event.key.toLowerCase();
  if ((event.ctrlKey || event.metaKey) && !event.altKey) {
    if (key === "s") byId("save").click();
    else if (typing) return;
    else if (key === "z" && !event.shiftKey) undo();
    else if (key === "y" || key === "z") store.redo();
    else return;
  } else if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  else if (event.key === "Escape" && tool.name !== "edit") take({ name: "edit" });
  else if (key in TOOL_KEYS) {
    const button = /** @type {HTMLButtonElement | null} */ (document.querySelector(`button[data-tool=${TOOL_KEYS[key]}]`));
    if (button && !button.disabled) take(toolOf(TOOL_KEYS[key]));
  } else if (key === "c") document.querySelector(/** @type {any} */ (".zed-knob.corner"))?.focus({ preventScroll: true });
  else return;
  event.preventDefault();
});

const snapBox = /** @type {HTMLInputElement} */ (byId("snap"));
snapBox.checked = snap;
snapBox.addEventListener("change", () => {
  snap = snapBox.checked;
  show();
});
for (const name of /** @type {("zones" | "views" | "slots")[]} */ (["zones", "views", "slots"])) {
  const box = /** @type {HTMLInputElement} */ (byId(`layer-${name}`));
  box.checked = layers[name];
  box.addEventListener("change", () => {
    layers = { ...layers, [name]: box.checked };
    show();
  });
}

// --- saving ------------------------------------------------------------------------------------------------------------

/** @param {() => Promise<Saved>} work */
async function write(work) {
  saving = true;
  show();
  say(text("saving"));
  try {
    const saved = await work();
    store.forget();
    leaving = true;
    location.assign(saved.url);
  } catch (error) {
    saving = false;
    show();
    if (error instanceof Refused && error.findings.length) showFindings(error.findings, ground.goTo);
    say(error instanceof Error ? error.message : String(error));
  }
}

let leaving = false;
confirmBox.addEventListener("change", show);
byId("save-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const accept = event.submitter?.id === "accept";
  write(() => server.save(store.draft, confirmBox.checked, accept));
});
byId("split-now").addEventListener("click", () => {
  const line = cut;
  if (line) write(() => server.split(store.draft, line));
});
byId("split-cancel").addEventListener("click", () => {
  cut = null;
  judge({ draft: store.draft, cut });
  byId("map").focus({ preventScroll: true });
});
byId("merge-now").addEventListener("click", () => {
  const others = chosenNeighbours();
  if (others.length === 0) say(text("tickZones"));
  else write(() => server.merge(store.draft, others));
});
byId("leave").addEventListener("click", () => {
  store.forget();
  leaving = true;
  location.assign(config.urls.list);
});
addEventListener("beforeunload", (event) => {
  if (!leaving && store.isChanged()) event.preventDefault();
});

// --- the beginning -----------------------------------------------------------------------------------------------------

ground.open(pathsOf(store.draft).flatMap((path) => path.points));
if (store.draft.rings.length === 0) tool = { name: "draw", kind: "ring" };
changed();
