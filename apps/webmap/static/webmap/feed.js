// SPDX-License-Identifier: AGPL-3.0-or-later
// Polling with If-None-Match. One request per address at a time; none while the tab is hidden.

/** @import { Box, FeatureCollection } from "./types" */

/** Requests that take longer than this are given up, ms. */
const PATIENCE_MS = 10000;

/** @typedef {{name: string, url: string, box: Box}} Want */

export class Feed {
  /**
   * @param {number} pollMs time between polls
   * @param {() => Want[]} wanted what to ask for now
   * @param {(want: Want, collection: FeatureCollection) => void} received called with each new answer
   * @param {() => void} settled called after each poll, good or bad
   */
  constructor(pollMs, wanted, received, settled) {
    this.pollMs = pollMs;
    this.wanted = wanted;
    this.received = received;
    this.settled = settled;
    /** @type {Map<string, {url: string, etag: string | null}>} the last answer by name */
    this.known = new Map();
    /** @type {number | null} local time of the last full success, ms */
    this.lastGood = null;
    /** @type {"offline" | "server" | null} */
    this.trouble = null;
    /** Whether a poll has ended, well or not, since somebody began to look: before, nothing is known about now. */
    this.checked = false;
    this.clockOffset = 0; // server time less local time, ms
    /** @type {number | undefined} */
    this.timer = undefined;
    /** @type {AbortController | null} */
    this.running = null;
    document.addEventListener("visibilitychange", () => this.wake());
    window.addEventListener("online", () => this.wake());
  }

  /** Server time now, ms: a phone's clock may be minutes off, and every age would be wrong with it. */
  now() {
    return Date.now() + this.clockOffset;
  }

  /** Whether the answers are those of a poll that went well, and that no newer one is replacing. */
  get current() {
    return this.checked && this.trouble === null && this.running === null;
  }

  /** Poll at once, or stop while nobody looks. */
  wake() {
    clearTimeout(this.timer);
    if (document.hidden) {
      this.checked = false;
      this.running?.abort();
      return;
    }
    this.poll();
  }

  async poll() {
    clearTimeout(this.timer);
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    const patience = setTimeout(() => running.abort(), PATIENCE_MS);
    try {
      await Promise.all(this.wanted().map((want) => this.ask(want, running.signal)));
      if (this.running !== running) return;
      this.lastGood = Date.now();
      this.trouble = null;
    } catch (error) {
      if (this.running !== running || document.hidden) return; // a newer poll has taken over, or nobody looks
      this.trouble = error instanceof ServerTrouble ? "server" : "offline";
    } finally {
      clearTimeout(patience);
      if (this.running === running) {
        this.running = null;
        if (!document.hidden) {
          this.checked = true;
          this.timer = setTimeout(() => this.poll(), this.pollMs);
        }
        this.settled();
      }
    }
  }

  /** @param {Want} want @param {AbortSignal} signal */
  async ask(want, signal) {
    const { name, url } = want;
    const last = this.known.get(name);
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/geo+json" };
    if (last?.url === url && last.etag) headers["If-None-Match"] = last.etag;
    // The browser's own cache is left out: it would turn a 304 into a 200 that has to be read again.
    const response = await fetch(url, { headers, signal, cache: "no-store", credentials: "omit" });
    this.setClock(response.headers.get("Date"));
    if (response.status === 304) return;
    if (!response.ok) throw new ServerTrouble(`${response.status} for ${url}`);
    const collection = await response.json();
    if (signal.aborted) return;
    this.known.set(name, { url, etag: response.headers.get("ETag") });
    this.received(want, collection);
  }

  /** Forget an answer that is no longer shown, so that the next one is complete. @param {string} name */
  forget(name) {
    this.known.delete(name);
  }

  /** @param {string | null} date */
  setClock(date) {
    const server = date ? Date.parse(date) : NaN;
    if (Number.isNaN(server)) return;
    // The header is cut to whole seconds; within that the phone's clock is as good.
    const offset = server + 500 - Date.now();
    this.clockOffset = Math.abs(offset) > 1500 ? offset : 0;
  }
}

class ServerTrouble extends Error {}
