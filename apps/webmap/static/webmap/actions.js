// SPDX-License-Identifier: AGPL-3.0-or-later
// What a driver can do on the page, each as one function.

/** @import { PageConfig, Space } from "./types" */
/** @import { View } from "./address-bar.js" */
/** @import { CarForm } from "./car-form.js" */
/** @import { Link } from "./deep-links.js" */

import { AddressBar } from "./address-bar.js";
import { expectNews, say } from "./announcer.js";
import { App } from "./app.js";
import { by, onPress, setAttribute, setText, setWords } from "./dom.js";
import { text } from "./format.js";
import { OnTheWay } from "./on-the-way.js";
import { privacyWords, renderCarButton } from "./summary.js";
import { Whereabouts } from "./whereabouts.js";

/** How close the map comes. */
const ZOOM = { zone: 20, space: 19 };

export class Actions {
  /** @param {PageConfig} config */
  constructor(config) {
    this.config = config;
    this.way = new OnTheWay(this);
    this.where = new Whereabouts(this);
    this.app = new App(config, this, this.way);
    this.bar = new AddressBar((link, view) => this.open(link, view));
    /** @type {CarForm | null} */
    this.carForm = null;
    this.touched = false;
    this.listScroll = 0; // where the list was left
    /** @type {HTMLElement | null} where the keyboard returns to */
    this.opener = null;
    this.bindButtons();
  }

  bindButtons() {
    onPress("near-button", () => this.where.nearMe());
    onPress("search-button", () => this.showForm("search"));
    onPress("car-button", () => this.showForm("car"));
    onPress("position-search", () => this.showForm("search"));
    onPress("place-clear", () => this.where.clearPlace());
    onPress("empty-all", () => this.showAll());
    for (const button of document.querySelectorAll("[data-close]")) button.addEventListener("click", () => this.close());
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.app.view !== "list") this.close();
    });
    for (const kind of ["pointerdown", "wheel", "keydown"]) {
      window.addEventListener(kind, () => (this.touched = true), { passive: true });
    }
    by("skip").addEventListener("click", (event) => {
      event.preventDefault(); // the address says what is shown, not where the keyboard is
      by("list").focus();
    });
    setText(by("privacy"), privacyWords(this.app.roads));
    renderCarButton(this.app.car);
  }

  async begin() {
    await this.app.begin();
    const { link } = this.bar;
    const { map } = this.app;
    if (link.view) {
      map?.showWorld();
      map?.focus([link.view.lon, link.view.lat], link.view.zoom);
    } else if (this.config.extent) {
      map?.open(this.config.extent);
    } else {
      map?.showWorld();
    }
    this.app.afterPoll.push(() => {
      // A form that was opened before the first answer came stays open, also before a link's space.
      const { view } = this.app;
      if (view === "list") this.open(link, link.space ? "details" : "list", link.view === null);
      else this.open({ ...link, space: null }, view, link.view === null);
    });
  }

  // --- what the address says --------------------------------------------------------------------------------------------

  /** @returns {Omit<Link, "badPlace">} */
  link() {
    const { app } = this;
    const [lon, lat] = app.middle();
    return {
      place: app.place,
      zone: app.openZone,
      space: app.looking.target?.id ?? null,
      view: app.map && { lon, lat, zoom: app.map.zoom() },
    };
  }

  /** @param {boolean} deeper */
  writeAddress(deeper) {
    this.bar.write(this.link(), this.app.view, deeper);
  }

  viewMoved() {
    if (!this.touched) return; // the first view goes without saying
    this.bar.writeSoon(() => this.link(), () => this.app.view);
  }

  /**
   * Show what a link names: at the start, and when the driver goes back or forth.
   * @param {Link} link
   * @param {View} view
   * @param {boolean} [move] whether the map goes there
   */
  async open(link, view, move = false) {
    const { app } = this;
    const within = by("details").contains(document.activeElement) || document.activeElement === document.body;
    const left = app.looking.target?.zone ?? null;
    this.where.setPlace(link.place, move);
    setWords(by("message"), link.badPlace ? text("linkPlaceBad") : null);
    app.openZone = link.zone;
    if (link.space !== app.looking.target?.id) this.lookAt(null);
    const wanted = link.zone && !app.model.zones.has(link.zone) ? await this.zoneElsewhere(link.zone) : null;
    const zone = wanted ?? app.model.zones.get(link.zone ?? "");
    if (zone && move) app.fit(zone.bounds, ZOOM.zone);
    if (link.space && !app.looking.is(link.space)) this.whenAsked(() => this.openSpace(link.space ?? ""));
    this.setView(view === "details" && !app.looking.target ? "list" : view);
    app.draw();
    if (left && within && app.view === "list") app.list.focusZone(left);
  }

  /** After the answer for the present view. @param {() => void} then */
  whenAsked(then) {
    if (this.app.feed.current) then();
    else this.app.afterPoll.push(then);
  }

  /** @param {string} slug */
  async zoneElsewhere(slug) {
    const zone = (await this.app.asking.zones()).find(({ id }) => id === slug) ?? null;
    if (!zone) this.message(text("linkZoneUnknown", { id: slug }));
    return zone;
  }

  /** A space from a link. @param {string} id */
  openSpace(id) {
    if (this.app.model.find(id)) this.spaceChosen(id, false);
    else this.message(text("linkSpaceGone"));
  }

  /** @param {string} words */
  message(words) {
    setWords(by("message"), words);
    say(words);
  }

  // --- what the panel shows -------------------------------------------------------------------------------------------

  /** @param {View} view */
  setView(view) {
    const scroller = by("panel-body");
    if (this.app.view === "list") this.listScroll = scroller.scrollTop;
    const changed = this.app.view !== view;
    this.app.view = view;
    setAttribute(by("panel"), "data-view", view);
    if (changed) scroller.scrollTop = view === "list" ? this.listScroll : 0;
    for (const form of ["search", "car"]) setAttribute(by(`${form}-button`), "aria-expanded", String(view === form));
    if (view !== "list") this.app.sheet.raise();
    if (view !== "search" && this.app.sheet.rest === "high") this.app.sheet.settle("half");
  }

  /** @param {"search" | "car"} form */
  showForm(form) {
    if (this.app.view === form) {
      this.close();
      return;
    }
    this.opener = by(`${form}-button`);
    const deeper = this.app.view === "list";
    this.lookAt(null);
    this.setView(form);
    this.writeAddress(deeper);
    if (form === "search") {
      this.app.sheet.settle("high");
      this.where.openSearch();
    } else {
      this.openCarForm();
    }
    this.app.draw();
  }

  /** Back to the list: the same as the back button, where that stays on the page. */
  close() {
    const { opener } = this;
    this.opener = null;
    if (this.bar.deep) {
      window.addEventListener("popstate", () => opener?.focus({ preventScroll: true }), { once: true });
      history.back();
      return;
    }
    const zone = this.app.looking.target?.zone ?? this.app.openZone;
    this.lookAt(null);
    this.setView("list");
    this.writeAddress(false);
    this.app.draw();
    if (opener) opener.focus({ preventScroll: true });
    else this.app.list.focusZone(zone);
  }

  // --- zones and spaces -----------------------------------------------------------------------------------------------

  /** A tap in the list opens or closes a zone. @param {string} id */
  zoneChosen(id) {
    this.openZone(this.app.openZone === id ? null : id);
  }

  /** @param {string} id */
  zoneOnMap(id) {
    this.openZone(id);
    this.app.list.reveal(id);
  }

  /** @param {string | null} id */
  openZone(id) {
    const { app } = this;
    const deeper = app.openZone === null && app.view === "list";
    app.openZone = id;
    this.lookAt(null);
    this.setView("list");
    setWords(by("message"), null);
    const zone = app.model.zones.get(id ?? "");
    if (zone) app.fit(zone.bounds, ZOOM.zone);
    this.writeAddress(deeper && id !== null);
    app.draw();
  }

  /** @param {string} id @param {boolean} [deeper] */
  spaceChosen(id, deeper = this.app.view !== "details") {
    const { app } = this;
    const space = app.model.find(id);
    if (!space) return;
    const onMap = document.activeElement === by("map");
    this.lookAt(space);
    app.openZone = space.zone;
    setWords(by("message"), null);
    this.setView("details");
    app.sheet.raise();
    app.draw();
    if (!onMap) app.map?.focus(space.centre, ZOOM.space);
    this.writeAddress(deeper);
    app.details.focus();
  }

  nothingChosen() {
    if (this.app.view === "details") this.close();
  }

  /** @param {Space | null} space */
  lookAt(space) {
    const { app } = this;
    app.lastSeen = space;
    app.verdict = "there";
    if (space) app.looking.start(space, app.zoneName(space.zone));
    else app.looking.stop();
    app.map?.select(space?.id ?? null);
  }

  showAll() {
    if (this.config.extent) this.app.fit(this.config.extent);
  }

  // --- the car --------------------------------------------------------------------------------------------------------

  async openCarForm() {
    const { CarForm } = await import("./car-form.js");
    this.carForm ??= new CarForm(this.app.car, () => this.carChanged());
    if (this.app.view === "car") this.carForm.focus();
  }

  carChanged() {
    const { app } = this;
    renderCarButton(app.car);
    this.lookAt(null);
    this.way.stop();
    this.listScroll = 0;
    expectNews();
    say(app.car.tooLarge ? app.car.tooLargeWords() : text("carChanged", { car: app.car.shortWords() }));
    app.askAnew();
  }
}
