// SPDX-License-Identifier: AGPL-3.0-or-later
// The privacy mask's page: takes a picture, draws on it, saves. The picture goes when the page is saved or left.

/** @import { Config, Handle, Point } from "./types" */
import { createBoard } from "./board.js";
import { createShapes, crosses, held } from "./shapes.js";

const LOOK_AGAIN_MS = 1500;
/** After so long it helps to say where to look; after so much longer nobody waits any more. */
const PATIENCE_MS = 60_000;
const LONGEST_MS = 20 * 60_000;

/** @param {string} id */
const byId = (id) => /** @type {HTMLElement} */ (document.getElementById(id));
/** @param {string} id */
const buttonOf = (id) => /** @type {HTMLButtonElement} */ (document.getElementById(id));

/** @type {Config} */
const config = JSON.parse(byId("mask-config").textContent ?? "{}");
const csrf = /** @type {HTMLInputElement} */ (document.querySelector("[name=csrfmiddlewaretoken]")).value;
const words = config.words;
const said = byId("said");
const take = buttonOf("take");
const addBox = buttonOf("add-box");
const closeShape = buttonOf("close-shape");
const remove = buttonOf("remove");
const undo = buttonOf("undo");
const save = buttonOf("save");

const shapes = createShapes(config.polygons, config.maxPolygons, config.maxCorners);
let chosen = -1;
let changed = false;
/** Whether the server holds a picture for this page. */
let holding = false;
let timer = 0;

/** @param {string} template @param {Record<string, number>} [values] */
const fill = (template, values = {}) => template.replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
/** @param {string} text */
function say(text) {
  said.textContent = text;
}

const board = createBoard(byId("frame"), {
  tapped(at) {
    const open = shapes.open;
    if (open && open.length >= 3 && Math.hypot(at[0] - open[0][0], at[1] - open[0][1]) <= board.reach) return finish();
    chosen = -1;
    if (!shapes.add(held(at, board.size))) return say(words.tooMany);
    edited(fill(words.drawing, { n: shapes.open?.length ?? 0 }));
  },
  chosen(shape) {
    if (shape === chosen) return;
    chosen = shape;
    draw();
  },
  grabbed(handle) {
    chosen = handle.shape;
    shapes.remember();
    if (handle.kind !== "middle") return handle;
    return split(handle);
  },
  dragged(handle, at, by) {
    if (handle.kind === "corner") shapes.moveCorner(handle.shape, handle.corner, at, board.size);
    else shapes.moveShape(handle.shape, by, board.size);
    edited();
  },
  nudged(handle, by) {
    shapes.remember();
    if (handle.kind === "middle") {
      const corner = split(handle);
      edited();
      if (corner) board.focus(corner);
      return;
    }
    if (handle.kind === "shape") shapes.moveShape(handle.shape, by, board.size);
    else {
      const [x, y] = shapes.rings[handle.shape][handle.corner];
      shapes.moveCorner(handle.shape, handle.corner, [x + by[0], y + by[1]], board.size);
    }
    edited();
  },
  deleted(handle) {
    if (handle.kind === "shape") return removeShape(handle.shape);
    if (handle.kind !== "corner") return;
    if (shapes.removeCorner(handle.shape, handle.corner)) {
      edited();
      board.focus({ kind: "shape", shape: handle.shape, corner: -1 });
    } else gone(handle.shape);
  },
  key(name) {
    if (name === "Escape" && shapes.open) {
      shapes.cancel();
      edited();
    } else if (name === "z") stepBack();
  },
  label(handle) {
    const values = { shape: handle.shape + 1, corner: handle.corner + 1 };
    return fill({ shape: words.whole, corner: words.corner, middle: words.midpoint }[handle.kind], values);
  },
});

/** A new corner where the middle of a side is. @param {Handle} handle @returns {Handle | null} */
function split(handle) {
  const ring = shapes.rings[handle.shape];
  const [a, b] = [ring[handle.corner], ring[(handle.corner + 1) % ring.length]];
  /** @type {Point} */
  const middle = [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];
  if (!shapes.insert(handle.shape, handle.corner, middle)) return null;
  return { kind: "corner", shape: handle.shape, corner: handle.corner + 1 };
}

function finish() {
  const shape = shapes.close();
  if (shape < 0) return;
  chosen = shape;
  edited(fill(words.closed, { shape: shape + 1 }));
}

/** @param {number} shape */
function removeShape(shape) {
  shapes.remove(shape);
  gone(shape);
}

/** @param {number} shape */
function gone(shape) {
  chosen = -1;
  edited(fill(words.removed, { shape: shape + 1 }));
  addBox.focus();
}

function stepBack() {
  shapes.undo();
  chosen = -1;
  edited();
}

/** @param {string} [text] */
function edited(text) {
  changed = true;
  draw();
  const wrong = [...crossing()];
  say(wrong.length ? fill(words.crosses, { shape: wrong[0] + 1 }) : (text ?? words.unsaved));
}

function crossing() {
  return new Set(shapes.rings.flatMap((ring, index) => (crosses(ring) ? [index] : [])));
}

function draw() {
  const wrong = crossing();
  board.draw(shapes.rings, shapes.open, chosen, wrong);
  undo.disabled = !shapes.canUndo;
  remove.disabled = chosen < 0 || chosen >= shapes.rings.length;
  closeShape.hidden = (shapes.open?.length ?? 0) < 3;
  addBox.disabled = shapes.full || Boolean(byId("frame").hidden);
  save.disabled = !changed || wrong.size > 0 || shapes.open !== null;
}

/** @param {string} url @param {unknown} [body] */
async function post(url, body) {
  const headers = { "X-CSRFToken": csrf, "Content-Type": "application/json" };
  const response = await fetch(url, {
    method: "POST",
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    credentials: "same-origin",
    redirect: "error",
  }).catch(() => null);
  if (!response) throw new Error(words.offline);
  if (response.ok) return;
  const told = await response.json().catch(() => null);
  throw new Error(told?.message ?? words.lost);
}

/** @param {unknown} error */
const failed = (error) => say(error instanceof Error ? error.message : String(error));

async function look() {
  clearTimeout(timer);
  const response = await fetch(config.urls.frame, { credentials: "same-origin", cache: "no-store", redirect: "error" }).catch(() => null);
  if (response?.status === 200) {
    arrived(await response.blob()).catch(failed);
    return true;
  }
  return false;
}

/** @param {number} since */
async function waitForOne(since) {
  if (await look()) return;
  const waited = Date.now() - since;
  if (waited > PATIENCE_MS && said.textContent === words.waiting) say(words.late);
  if (waited < LONGEST_MS) timer = window.setTimeout(waitForOne, LOOK_AGAIN_MS, since);
}

/** @param {Blob} blob */
async function arrived(blob) {
  holding = true;
  const size = await board.show(blob);
  if (!size) return;
  const before = board.size;
  if (!byId("frame").hidden && (before[0] !== size[0] || before[1] !== size[1])) shapes.scale(before, size);
  board.resize(size);
  draw();
  say(words.arrived);
}

take.addEventListener("click", async () => {
  try {
    await post(config.urls.next);
    say(words.waiting);
    await waitForOne(Date.now());
  } catch (error) {
    failed(error);
  }
});
addBox.addEventListener("click", () => {
  const shape = shapes.addBox(board.size);
  if (shape < 0) {
    say(words.tooMany);
    return;
  }
  chosen = shape;
  edited();
  board.focus({ kind: "shape", shape, corner: -1 });
});
closeShape.addEventListener("click", finish);
remove.addEventListener("click", () => removeShape(chosen));
undo.addEventListener("click", stepBack);
save.addEventListener("click", async () => {
  save.disabled = true;
  try {
    await post(config.urls.save, { polygons: shapes.rings, image_size: board.size });
    changed = holding = false;
    await board.show(null);
    draw();
    say(shapes.rings.length ? words.saved : words.cleared);
  } catch (error) {
    draw();
    failed(error);
  }
});
window.addEventListener("resize", draw);
window.addEventListener("beforeunload", (event) => {
  if (changed) event.preventDefault();
});
window.addEventListener("pagehide", () => {
  clearTimeout(timer);
  if (holding)
    void fetch(config.urls.leave, { method: "POST", headers: { "X-CSRFToken": csrf }, credentials: "same-origin", keepalive: true });
});

if (config.imageSize) board.resize(config.imageSize);
draw();
// Until here a press would have been lost, and nobody told.
take.disabled = false;
void look();
