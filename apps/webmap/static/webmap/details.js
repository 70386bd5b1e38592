// SPDX-License-Identifier: AGPL-3.0-or-later
// All about the chosen space, and what to do with it.

/** @import { OnTheWay } from "./on-the-way.js" */
/** @import { LonLat, Space, Zone } from "./types" */
/** @import { MapApp } from "./navigation.js" */
/** @import { Loss, Verdict } from "./watch.js" */

import { by, onPress, setAttribute, setText, setWords } from "./dom.js";
import { age, distance, percent, size, text, walk } from "./format.js";
import { closedWords, untilWords } from "./hours.js";
import { roomWords } from "./list.js";
import { linkTo, suited } from "./navigation.js";
import { nextWords } from "./notice.js";

/** @type {Record<Loss, [title: string, hint: string]>} */
const LOST = { taken: ["gone", "goneHint"], ranOut: ["ranOut", "ranOutHint"], closed: ["closedHere", "zoneLabel"] };
const APPS = /** @type {MapApp[]} */ (["apple", "google", "geo"]);

/**
 * @typedef {object} DetailsView
 * @property {Space | null} space null when it is gone
 * @property {Verdict} verdict why
 * @property {Zone | null} zone null while it is out of view
 * @property {string} zoneName
 * @property {number} now server time, ms
 * @property {number | null} metres to where distances are measured from; null when nowhere
 * @property {boolean} watching
 * @property {{space: Space, metres: number} | null} next the nearest other one, when this is gone
 * @property {boolean} noticed a notice says already that it is gone
 */

export class Details {
  /** @param {OnTheWay} way */
  constructor(way) {
    /** @type {Space | null} */
    this.next = null;
    for (const app of APPS) onPress(`go-${app}`, () => way.goThere());
    onPress("details-go", () => way.goThere());
    onPress("details-watch", () => way.toggleWatch());
    onPress("details-park", () => way.parkInSpace());
    onPress("details-share", () => way.share());
    onPress("details-next", () => this.next && way.takeNext(this.next));
  }

  /** @param {DetailsView} view */
  render(view) {
    const { space, verdict } = view;
    by("details").classList.toggle("gone", !space);
    by("details-live").hidden = !space;
    by("details-gone").hidden = space !== null || view.noticed;
    this.next = view.next?.space ?? null;
    if (!space) {
      const [title, hint] = LOST[verdict === "there" ? "taken" : verdict];
      const state = closedWords(view.zone?.opensAt ?? null);
      setText(by("details-title"), text(title));
      setText(by("details-where"), text(hint, { name: view.zoneName, state }));
      setText(by("details-next-words"), nextWords(view.next));
      by("details-next").hidden = !view.next;
      return;
    }
    setText(by("details-title"), text("freeSpace"));
    setText(by("details-where"), whereWords(space, view));
    setWords(by("details-far"), view.metres === null ? null : `${distance(view.metres)} · ${walk(view.metres)}`);
    setText(by("details-size"), size(space.lengthM, space.widthM));
    setText(by("details-age"), age(view.now - space.observedAt));
    setText(by("details-sure"), text("percent", { n: percent(space.confidence) }));
    /** @type {HTMLMeterElement} */ (by("details-meter")).value = space.confidence;
    setWords(by("details-hidden"), noteWords(space) || null);
    this.renderLinks(space.centre);
    setAttribute(by("details-watch"), "aria-pressed", String(view.watching));
    setText(by("details-watch-words"), text(view.watching ? "watching" : "watch"));
  }

  /** @param {LonLat} place */
  renderLinks(place) {
    setAttribute(by("details-go"), "href", linkTo(suited(), place));
    for (const app of APPS) setAttribute(by(`go-${app}`), "href", linkTo(app, place));
  }

  focus() {
    by("details-title").focus({ preventScroll: true });
    by("panel-body").scrollTop = 0;
    /** @type {HTMLDetailsElement} */ (by("details-apps")).open = false;
  }
}

/** @param {Space} space @param {DetailsView} view */
function whereWords(space, { zone, zoneName }) {
  const access = space.access === "residents" ? "residents" : "public";
  const parts = [zoneName, text(space.orientation), text(access), zone ? untilWords(zone) : ""];
  return parts.filter(Boolean).join(" · ");
}

/** @param {Space} space */
function noteWords(space) {
  const parts = [roomWords(space)];
  const hidden = percent(space.hiddenShare);
  if (hidden > 0) parts.push(text("hidden", { n: hidden }));
  return parts.filter(Boolean).join(" · ");
}
