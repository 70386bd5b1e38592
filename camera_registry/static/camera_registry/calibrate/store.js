// SPDX-License-Identifier: AGPL-3.0-or-later
// The draft of a calibration with everything it was before. Drafts are values: a change makes a new one.

/** @import { Draft, HeightMark, Pair, Point } from "./types" */

/** Steps of the same kind within this time are one for undo, ms: holding an arrow key down is one movement. */
const MERGE_MS = 900;
const MAX_STEPS = 300;

/** @type {Draft} */
const EMPTY = { points: [], lens: "auto", fovDeg: null, place: null, heights: [], imageSize: null };

/**
 * @param {string} key  under which the draft survives a reload of the page, in this tab only
 * @param {() => void} changed
 */
export function createStore(key, changed) {
  /** @type {Draft} */
  let draft = restored(key) ?? EMPTY;
  /** @type {Draft[]} */
  let past = [];
  /** @type {Draft[]} */
  let future = [];
  let last = { kind: "", at: 0 };

  /** @param {Draft} next @param {string} [kind] steps of one kind in quick succession are one */
  function commit(next, kind = "") {
    const now = performance.now();
    const merges = kind !== "" && kind === last.kind && now - last.at < MERGE_MS;
    if (!merges) past = [...past.slice(-MAX_STEPS), draft];
    last = { kind, at: now };
    future = [];
    show(next);
  }

  /** @param {Draft} next */
  function show(next) {
    draft = next;
    try {
      sessionStorage.setItem(key, JSON.stringify(draft));
    } catch {
      // A full or forbidden store costs the draft on reload, nothing else.
    }
    changed();
  }

  /** @param {string} id @param {Partial<Point>} change @param {string} [kind] */
  function changePoint(id, change, kind) {
    const points = draft.points.map((point) => (point.id === id ? { ...point, ...change } : point));
    commit({ ...draft, points }, kind);
  }

  /** @param {Partial<Point>} half */
  function addPoint(half) {
    const id = freeId(draft.points);
    const point = { id, name: freeName(draft.points), px: null, lonlat: null, kept: true, ...half };
    commit({ ...draft, points: [...draft.points, point] });
    return id;
  }

  /** @param {string} id @param {Partial<HeightMark>} change @param {string} [kind] */
  function changeHeight(id, change, kind) {
    const heights = draft.heights.map((mark) => (mark.id === id ? { ...mark, ...change } : mark));
    commit({ ...draft, heights }, kind);
  }

  /** @param {Partial<HeightMark>} known */
  function addHeight(known) {
    const used = new Set(draft.heights.map((mark) => mark.id));
    let number = 1;
    while (used.has(`h${number}`)) number += 1;
    const id = `h${number}`;
    const mark = { id, name: `H${number}`, foot_px: null, top_px: null, height_m: null, kept: true, ...known };
    commit({ ...draft, heights: [...draft.heights, mark] });
    return id;
  }

  return {
    get draft() {
      return draft;
    },
    get canUndo() {
      return past.length > 0;
    },
    get canRedo() {
      return future.length > 0;
    },
    addPoint,
    changePoint,
    addHeight,
    changeHeight,
    /** @param {string} id */
    removeHeight(id) {
      commit({ ...draft, heights: draft.heights.filter((mark) => mark.id !== id) });
    },
    /** @param {string} id */
    removePoint(id) {
      commit({ ...draft, points: draft.points.filter((point) => point.id !== id) });
    },
    /** @param {Omit<Point, "id">[]} points @param {Omit<HeightMark, "id">[]} [heights]  without them those that are there stay */
    replacePoints(points, heights) {
      commit({
        ...draft,
        points: points.map((point, index) => ({ ...point, id: `p${index + 1}` })),
        heights: heights?.map((mark, index) => ({ ...mark, id: `h${index + 1}` })) ?? draft.heights,
      });
    },
    /** @param {Partial<Draft>} change @param {string} [kind] */
    set(change, kind) {
      commit({ ...draft, ...change }, kind);
    },
    /** The picture's size belongs to the frame, not to what was done: undo leaves it alone. @param {Pair} size */
    setImageSize(size) {
      const sized = (/** @type {Draft} */ old) => ({ ...old, imageSize: size });
      past = past.map(sized);
      future = future.map(sized);
      show(sized(draft));
    },
    undo() {
      const before = past.pop();
      if (!before) return;
      future.push(draft);
      last = { kind: "", at: 0 };
      show(before);
    },
    redo() {
      const after = future.pop();
      if (!after) return;
      past.push(draft);
      last = { kind: "", at: 0 };
      show(after);
    },
    forget() {
      sessionStorage.removeItem(key);
    },
  };
}

/** @param {readonly Point[]} points @returns {string} */
function freeId(points) {
  const used = new Set(points.map((point) => point.id));
  let number = points.length + 1;
  while (used.has(`p${number}`)) number += 1;
  return `p${number}`;
}

/** @param {readonly Point[]} points @returns {string} */
function freeName(points) {
  const used = new Set(points.map((point) => point.name));
  let number = 1;
  while (used.has(String(number))) number += 1;
  return String(number);
}

/** @param {string} key @returns {Draft | null} */
function restored(key) {
  try {
    const found = JSON.parse(sessionStorage.getItem(key) ?? "null");
    return found && Array.isArray(found.points) ? { ...EMPTY, ...found } : null;
  } catch {
    return null;
  }
}
