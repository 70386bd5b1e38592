// SPDX-License-Identifier: AGPL-3.0-or-later
// Where the reference frame comes from: the camera's next one, a file, or one that is still there from before.

import { text } from "../admin/words.js";

/** @import { createServer } from "./server.js" */
/** @typedef {ReturnType<typeof createServer>} Server */

const LOOK_AGAIN_MS = 1500;

/**
 * @param {Server} server @param {number} maxBytes
 * @param {{ arrived(picture: Blob): void, said(words: string): void }} handlers
 */
export function createFrameSource(server, maxBytes, handlers) {
  let timer = 0;

  async function look() {
    try {
      const picture = await server.frame();
      if (picture) return handlers.arrived(picture);
    } catch (error) {
      return handlers.said(String(error instanceof Error ? error.message : error));
    }
    timer = window.setTimeout(look, LOOK_AGAIN_MS);
  }

  return {
    /** A frame of an earlier visit, if it is still kept. */
    async begin() {
      const picture = await server.frame().catch(() => null);
      if (picture) handlers.arrived(picture);
      return picture !== null;
    },
    async next() {
      clearTimeout(timer);
      await server.askForNextFrame();
      handlers.said(text("waitingForFrame"));
      await look();
    },
    /** @param {File} file */
    async upload(file) {
      clearTimeout(timer);
      if (file.size > maxBytes) throw new Error(text("tooLarge", { mb: Math.round(maxBytes / 1e6) }));
      await server.uploadFrame(file);
      handlers.arrived(file);
    },
  };
}
