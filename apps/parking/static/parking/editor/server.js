// SPDX-License-Identifier: AGPL-3.0-or-later
// All that the editor asks of the server, which judges, cuts, joins and saves.
import { text } from "../../camera_registry/admin/words.js";

/** @import { Around, Config, Draft, Finding, Judgement, Pair, Saved } from "./types" */

/** What the server refused, in its words. */
export class Refused extends Error {
  /** @param {string} message @param {Finding[]} findings */
  constructor(message, findings) {
    super(message);
    this.findings = findings;
  }
}

/** @param {Config} config @param {string} csrf */
export function createServer(config, csrf) {
  /** @param {string} url @param {Draft} draft @param {Record<string, unknown>} [more] @param {AbortSignal} [signal] */
  async function post(url, draft, more, signal) {
    const body = JSON.stringify({ zone: config.isNew ? null : config.zone, basedOn: config.basedOn, draft, ...more });
    const headers = { "X-CSRFToken": csrf, "Content-Type": "application/json" };
    const response = await fetch(url, { method: "POST", headers, body, signal, credentials: "same-origin" });
    if (response.ok) return response.json();
    throw await refusal(response);
  }

  return {
    /** @param {Draft} draft @param {Pair[] | null} line @param {AbortSignal} signal @returns {Promise<Judgement>} */
    judge: (draft, line, signal) => post(config.urls.judge, draft, { line }, signal),
    /** @param {Draft} draft @param {boolean} confirmed @param {boolean} accept @returns {Promise<Saved>} */
    save: (draft, confirmed, accept) => post(config.urls.save, draft, { confirmed, accept }),
    /** @param {Draft} draft @param {Pair[]} line @returns {Promise<Saved>} */
    split: (draft, line) => post(config.urls.split, draft, { line }),
    /** @param {Draft} draft @param {string[]} others @returns {Promise<Saved>} */
    merge: (draft, others) => post(config.urls.merge, draft, { others }),
    /** Zones and camera views in a box. @param {number[]} bounds @param {AbortSignal} signal @returns {Promise<Around>} */
    async around(bounds, signal) {
      const query = new URLSearchParams({ bbox: bounds.join(","), zone: config.isNew ? "" : config.zone });
      const response = await fetch(`${config.urls.around}?${query}`, { signal, credentials: "same-origin" });
      if (!response.ok) throw await refusal(response);
      return response.json();
    },
  };
}

/** @param {Response} response */
async function refusal(response) {
  try {
    const { message, findings } = await response.json();
    return new Refused(message, findings ?? []);
  } catch {
    const words =
      response.status === 403
        ? text("loggedOut")
        : text("serverAnswered", { status: response.status });
    return new Refused(words, []);
  }
}
