// SPDX-License-Identifier: AGPL-3.0-or-later
// The draft of a zone with everything it was before.

import { createHistory, kept } from "../../camera_registry/admin/history.js";

/** @import { Draft } from "./types" */

/** A drag is one step however long it takes. @param {string} kind */
const lasting = (kind) => /^(drag|shift) /.test(kind);

/**
 * @param {string} key  under which the draft survives a reload of the page, in this tab only
 * @param {Draft} saved  what the server has
 * @param {() => void} changed
 */
export function createStore(key, saved, changed) {
  const history = createHistory(key, restored(key) ?? saved, changed, lasting);
  return Object.assign(history, { isChanged: () => JSON.stringify(history.draft) !== JSON.stringify(saved) });
}

/** @param {string} key @returns {Draft | null} */
function restored(key) {
  const found = kept(key);
  return found && Array.isArray(found.rings) && found.fields ? found : null;
}
