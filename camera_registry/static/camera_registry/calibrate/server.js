// SPDX-License-Identifier: AGPL-3.0-or-later
// All that the page asks of the server, which does all of the mathematics.

import { text } from "../admin/words.js";

/** @import { Config, Draft, Pair, SavedPoint, Solution } from "./types" */

/** What the server refused, in its words. */
export class Refused extends Error {}

/** @param {Config} config @param {string} csrf */
export function createServer(config, csrf) {
  /**
   * @param {string} url @param {BodyInit | null} body @param {string} type @param {AbortSignal} [signal]
   * @returns {Promise<Response>}
   */
  async function post(url, body, type, signal) {
    const headers = { "X-CSRFToken": csrf, "Content-Type": type };
    const response = await fetch(url, { method: "POST", headers, body, signal, credentials: "same-origin" });
    if (response.ok) return response;
    throw new Refused(await words(response));
  }

  /** @param {Draft} draft @param {Record<string, unknown>} [more] */
  const asJson = (draft, more) =>
    JSON.stringify({
      image_size: draft.imageSize,
      points: draft.points,
      lens: draft.lens,
      fov_deg: draft.fovDeg,
      place: draft.place,
      heights: draft.heights,
      ...more,
    });

  return {
    /** @param {Draft} draft @param {AbortSignal} signal @returns {Promise<Solution>} */
    async solve(draft, signal) {
      return (await post(config.urls.solve, asJson(draft), "application/json", signal)).json();
    },
    /**
     * The frame, or the expected error, as seen from above.
     * @param {Draft} draft @param {"frame" | "errors"} layer @param {AbortSignal} signal
     * @returns {Promise<{ image: Blob, bounds: [number, number, number, number] }>}
     */
    async warp(draft, layer, signal) {
      const response = await post(config.urls.warp, asJson(draft, { layer }), "application/json", signal);
      return { image: await response.blob(), bounds: JSON.parse(response.headers.get("X-Bounds") ?? "[0,0,0,0]") };
    },
    /** @param {Blob | string} csv @returns {Promise<SavedPoint[]>} */
    async readPoints(csv) {
      return (await (await post(config.urls.points, csv, "text/csv")).json()).points;
    },
    /** The reference frame, or null when there is none yet. @returns {Promise<Blob | null>} */
    async frame() {
      const response = await fetch(config.urls.frame, { credentials: "same-origin", cache: "no-store" });
      if (response.status === 204) return null;
      if (!response.ok) throw new Refused(await words(response));
      return response.blob();
    },
    /** @param {Blob} picture */
    async uploadFrame(picture) {
      await post(config.urls.frame, picture, "application/octet-stream");
    },
    async askForNextFrame() {
      await post(config.urls.next, null, "application/json");
    },
    async leave() {
      await post(config.urls.leave, null, "application/json");
    },
    /** @param {Draft} draft @param {string} note @returns {Promise<number>} the new version's number */
    async save(draft, note) {
      return (await (await post(config.urls.save, asJson(draft, { note }), "application/json")).json()).version;
    },
  };
}

/** @param {Response} response @returns {Promise<string>} */
async function words(response) {
  try {
    return (await response.json()).message;
  } catch {
    return response.status === 403 ? text("loggedOut") : text("serverAnswered", { status: response.status });
  }
}

/** @param {Pair} size @param {Pair} other */
export const sameSize = (size, other) => size[0] === other[0] && size[1] === other[1];
