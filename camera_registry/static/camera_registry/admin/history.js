// SPDX-License-Identifier: AGPL-3.0-or-later
// A draft with everything it was before. Drafts are values: a change makes a new one.

/** Steps of the same kind within this time are one for undo, ms: holding an arrow key down is one movement. */
const MERGE_MS = 900;
const MAX_STEPS = 300;

/**
 * @template D
 * @param {string} key  under which the draft survives a reload of the page, in this tab only
 * @param {D} first
 * @param {() => void} changed
 * @param {(kind: string) => boolean} [lasting]  kinds whose steps are one however long they take
 */
export function createHistory(key, first, changed, lasting = () => false) {
  let draft = first;
  /** @type {D[]} */
  let past = [];
  /** @type {D[]} */
  let future = [];
  let last = { kind: "", at: 0 };

  /** @param {D} next */
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
    /** @param {D} next @param {string} [kind] steps of one kind in quick succession are one */
    commit(next, kind = "") {
      const now = performance.now();
      const merges = kind !== "" && kind === last.kind && (now - last.at < MERGE_MS || lasting(kind));
      if (!merges) past = [...past.slice(-MAX_STEPS), draft];
      last = { kind, at: now };
      future = [];
      show(next);
    },
    /** Change what the draft is, was and will be again: undo leaves it alone. @param {(draft: D) => D} change */
    revise(change) {
      past = past.map(change);
      future = future.map(change);
      show(change(draft));
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

/** What this tab kept under `key`, or null. @param {string} key @returns {any} */
export function kept(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key) ?? "null");
  } catch {
    return null;
  }
}
