// SPDX-License-Identifier: AGPL-3.0-or-later
// "Your space was taken", with the next best one a tap away.

/** @import { OnTheWay } from "./on-the-way.js" */
/** @import { Space } from "./types" */
/** @import { Loss, Watched } from "./watch.js" */

import { by, onPress, setAttribute, setText } from "./dom.js";
import { distance, size, text } from "./format.js";
import { linkTo, suited } from "./navigation.js";

/** Two short pulses, ms on and off. */
const PULSES = [180, 90, 180];
/** @type {Record<Loss, [title: string, words: string]>} */
const WORDS = {
  taken: ["takenTitle", "takenText"],
  ranOut: ["ranOutTitle", "ranOutText"],
  closed: ["closedTitle", "closedText"],
};

export class Notice {
  /** @param {OnTheWay} way */
  constructor(way) {
    /** @type {Watched | null} */
    this.about = null;
    /** @type {Space | null} */
    this.next = null;
    for (const id of ["notice-show", "notice-go"]) onPress(id, () => this.next && way.takeNext(this.next));
    onPress("notice-close", () => way.closeNotice());
  }

  /** Returns the words, for those who do not see them. @param {Watched} watched @param {Loss} verdict */
  open(watched, verdict) {
    this.about = watched;
    const [title, words] = WORDS[verdict];
    setText(by("notice-title"), text(title));
    setText(by("notice-text"), text(words, { zone: watched.zoneName }));
    by("notice").dataset.kind = verdict;
    by("notice").hidden = false;
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    // A browser that has not been touched yet refuses, and says so in its console.
    if (!still && navigator.userActivation?.hasBeenActive) navigator.vibrate?.(PULSES);
    return `${by("notice-title").textContent}. ${by("notice-text").textContent}`;
  }

  close() {
    this.about = null;
    this.next = null;
    by("notice").hidden = true;
  }

  /** The next best may change while the notice is read. @param {{space: Space, metres: number} | null} next */
  offer(next) {
    this.next = next?.space ?? null;
    for (const id of ["notice-show", "notice-go"]) by(id).hidden = !next;
    setText(by("notice-next"), nextWords(next));
    if (next) setAttribute(by("notice-go"), "href", linkTo(suited(), next.space.centre));
  }
}

/** @param {{space: Space, metres: number} | null} next */
export function nextWords(next) {
  if (!next) return text("noNext");
  const { space, metres } = next;
  return text("nextBest", { distance: distance(metres), size: size(space.lengthM, space.widthM) });
}
