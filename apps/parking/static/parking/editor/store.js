// SPDX-License-Identifier: AGPL-3.0-or-later
// The draft of a zone with everything it was before. Drafts are values: a change makes a new one.

/** @import { Draft } from "./types" */

/** Steps of the same kind within this time are one for undo, ms: holding an arrow key down is one movement. A drag is one however long it takes. */
const MERGE_MS = 900;
const MAX_STEPS = 300;

/**
 * @param {string} key  under which the draft survives a reload of the page, in this tab only
 * @param {Draft} saved  what the server has
 * @param {() => void} changed
 */
export function createStore(key, saved, changed) {
  /** @type {Draft} */
  let draft = restored(key) ?? saved;
  /** @type {Draft[]} */
  let past = [];
  /** @type {Draft[]} */
  let future = [];
  let last = { kind: "", at: 0 };

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
    get isChanged() {
      return JSON.stringify(draft) !== JSON.stringify(saved);
    },
    /** @param {Draft} next @param {string} [kind] steps of one kind in quick succession are one */
    commit(next, kind = "") {
      const now = performance.now();
      const merges = kind !== "" && kind === last.kind && (now - last.at < MERGE_MS || /^(drag|shift) /.test(kind));
      if (!merges) past = [...past.slice(-MAX_STEPS), draft];
      last = { kind, at: now };
      future = [];
      show(next);
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

/** @param {string} key @returns {Draft | null} */
function restored(key) {
  try {
    const found = JSON.parse(sessionStorage.getItem(key) ?? "null");
    return found && Array.isArray(found.rings) && found.fields ? found : null;
  } catch {
    return null;
  }
}
