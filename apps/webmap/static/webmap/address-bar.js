// SPDX-License-Identifier: AGPL-3.0-or-later
// The address says what is shown, so that it can be shared, and the back button closes what was opened.

/** @import { Link } from "./deep-links.js" */

import { readLink, writeLink } from "./deep-links.js";

/** The map's view is written once it has rested, ms; browsers refuse many changes in a row. */
const REST_MS = 600;

/** @typedef {"list" | "details" | "search" | "car"} View what the panel shows */

export class AddressBar {
  /** @param {(link: Link, view: View) => void} returned called when the driver went back or forth */
  constructor(returned) {
    /** @type {number | undefined} */
    this.timer = undefined;
    window.addEventListener("popstate", () => {
      clearTimeout(this.timer);
      returned(readLink(window.location.hash), history.state?.view ?? "list");
    });
  }

  /** The link with which the page was opened. */
  get link() {
    return readLink(window.location.hash);
  }

  /** Whether going back stays on the page. */
  get deep() {
    return (history.state?.depth ?? 0) > 0;
  }

  /**
   * @param {Omit<Link, "badPlace">} link
   * @param {View} view
   * @param {boolean} deeper a step into something that "back" leads out of
   */
  write(link, view, deeper) {
    clearTimeout(this.timer);
    const depth = (history.state?.depth ?? 0) + (deeper ? 1 : 0);
    const address = window.location.pathname + window.location.search + writeLink(link);
    try {
      if (deeper) history.pushState({ depth, view }, "", address);
      else history.replaceState({ depth, view }, "", address);
    } catch {
      // Too many changes in a short time: the address lags behind, nothing else.
    }
  }

  /** Write what `link` gives once the map rests. @param {() => Omit<Link, "badPlace">} link @param {() => View} view */
  writeSoon(link, view) {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.write(link(), view(), false), REST_MS);
  }

  /** A link to one thing, for others. @param {Omit<Link, "badPlace">} link */
  share(link) {
    return window.location.origin + window.location.pathname + writeLink(link);
  }
}
