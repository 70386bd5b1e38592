// SPDX-License-Identifier: AGPL-3.0-or-later
// The driver's page as a whole: what it knows, what is chosen, and how that is shown.

/** @import { Actions } from "./actions.js" */
/** @import { OnTheWay } from "./on-the-way.js" */
/** @import { Verdict } from "./watch.js" */
/** @import { Box, FeatureCollection, LonLat, MapAdapter, PageConfig, Space } from "./types" */
/** @import { View } from "./address-bar.js" */
/** @import { Place } from "./deep-links.js" */
/** @import { Want } from "./feed.js" */
/** @import { RankedZone } from "./nearby.js" */
/** @import { Origin } from "./roads.js" */

import * as announcer from "./announcer.js";
import { Asking } from "./asking.js";
import { Car } from "./car.js";
import { Details } from "./details.js";
import { by, setAttribute, setText, setWords } from "./dom.js";
import { Feed } from "./feed.js";
import { text } from "./format.js";
import { ZoneList } from "./list.js";
import { createMap, SPACES_FROM_ZOOM } from "./maps/index.js";
import { MapModel } from "./model.js";
import { middle, nextBest, ranked, targetOf } from "./nearby.js";
import { Notice } from "./notice.js";
import { Parked } from "./parked.js";
import { placeOf, PositionWatch } from "./position.js";
import { Roads } from "./roads.js";
import { Sheet } from "./sheet.js";
import { orderWords, positionTroubleWords, renderSummary, trouble } from "./summary.js";
import { KeptWatch, Watch } from "./watch.js";

export class App {
  /**
   * @param {PageConfig} config
   * @param {Actions} actions what the driver can do
   * @param {OnTheWay} way
   */
  constructor(config, actions, way) {
    this.config = config;
    this.actions = actions;
    this.model = new MapModel();
    this.car = new Car(config.vehicleClasses ?? []);
    this.asking = new Asking(config, this.car);
    this.roads = new Roads(config.routingUrl ?? "", () => this.draw());
    this.position = new PositionWatch(() => actions.where.positionChanged());
    this.looking = new Watch(); // the space whose details are shown
    this.kept = new KeptWatch(); // the space that the driver is on the way to
    this.feed = new Feed(config.pollS * 1000, () => this.wanted(), (want, collection) => this.received(want, collection), () => this.settled());
    this.list = new ZoneList(actions);
    this.details = new Details(way);
    this.notice = new Notice(way);
    this.parked = new Parked(way);
    /** @type {MapAdapter | null} */
    this.map = null;
    this.sheet = new Sheet((bottom) => this.map?.padding({ bottom, left: 0 }));

    /** @type {string | null} the zone whose spaces are listed */
    this.openZone = null;
    /** @type {Space | null} the chosen space as it was last known */
    this.lastSeen = null;
    /** @type {Verdict} what became of the chosen space */
    this.verdict = "there";
    /** @type {Place | null} where the driver is going */
    this.place = null;
    /** @type {View} */
    this.view = "list";
    this.waiting = true; // for the first answer to the present question
    this.asked = "";
    this.troubleTold = "";
    /** @type {RankedZone[]} */
    this.zones = [];
    /** @type {(() => void)[]} */
    this.afterPoll = [];
  }

  /** Draw the map, and begin to ask. */
  async begin() {
    this.map = await createMap(by("map"), this.config, {
      moved: () => this.moved(),
      spaceChosen: (id) => this.actions.spaceChosen(id),
      zoneChosen: (id) => this.actions.zoneOnMap(id),
      nothingChosen: () => this.actions.nothingChosen(),
      showAll: () => this.actions.showAll(),
    });
    this.sheet.settle("half");
    this.map.showCar(this.parked.car);
    setInterval(() => !document.hidden && this.draw(), 1000);
  }

  // --- asking ---------------------------------------------------------------------------------------------------------

  /** @returns {Want[]} */
  wanted() {
    if (!this.map) return [];
    const watched = [this.looking.target, this.kept.target, this.notice.about].filter((target) => target !== null);
    const wants = this.asking.wants(this.map, watched);
    for (const name of this.model.answers.keys()) {
      if (wants.some((want) => want.name === name)) continue;
      this.model.drop(name);
      this.feed.forget(name);
    }
    return wants;
  }

  /** @param {Want} want @param {FeatureCollection} collection */
  received({ name, box }, collection) {
    if (name === "zones") this.model.setZones(collection);
    else this.model.setSpaces(collection, box, name);
    if (this.car.tooLarge) this.model.forgetCounts();
  }

  settled() {
    if (this.feed.trouble === null) this.waiting = false;
    this.draw();
    if (this.feed.trouble === null) for (const then of this.afterPoll.splice(0)) then();
  }

  moved() {
    if (!this.map) return;
    const asked = this.wanted().map((want) => want.url).join(" ");
    if (asked !== this.asked) {
      this.asked = asked;
      this.feed.wake();
    }
    this.actions.viewMoved();
    this.draw();
  }

  /** The driver has another car: nothing known holds for it. */
  askAnew() {
    this.waiting = true;
    this.model.forgetCounts();
    this.asked = "";
    this.draw();
    this.moved();
  }

  // --- where things are -----------------------------------------------------------------------------------------------

  /** From where distances are measured. @returns {Origin} */
  origin() {
    if (this.place) return { kind: "place", at: placeOf(this.place) };
    if (this.position.settled) return { kind: "here", at: placeOf(this.position.settled) };
    return { kind: "middle", at: this.middle() };
  }

  /** @returns {LonLat} */
  middle() {
    return this.map ? middle(this.map.view()) : [0, 0];
  }

  placeName() {
    return this.place?.name || (this.place ? `${this.place.lat.toFixed(4)}, ${this.place.lon.toFixed(4)}` : "");
  }

  /** @param {string} id */
  zoneName(id) {
    return this.model.zones.get(id)?.name ?? "";
  }

  // --- showing --------------------------------------------------------------------------------------------------------

  draw() {
    if (!this.map) return;
    const now = this.feed.now();
    this.model.expire(now);
    const origin = this.origin();
    this.zones = ranked(this.model, origin, this.roads);
    this.map.drawZones([...this.model.zones.values()]);
    this.map.drawSpaces([...this.model.spaces.values()], now);
    this.drawList(origin, now);
    this.watch(now);
    this.drawDetails(origin, now);
    this.drawTrouble(now);
    this.parked.render(this.position.latest);
    this.measure(origin);
  }

  /** @param {Origin} origin @param {number} now */
  drawList(origin, now) {
    const news = renderSummary(this.model, this.car, now, this.waiting);
    if (news) announcer.news(news);
    const { openZone, waiting } = this;
    const chosen = this.looking.target?.id ?? null;
    const distances = origin.kind !== "middle";
    this.list.render(this.zones, { openZone, chosen, now, distances, waiting, tooLarge: this.car.tooLarge });
    setWords(by("order"), this.zones.length > 0 ? orderWords(origin, this.placeName(), this.roads, this.position) : null);
    by("place").hidden = this.place === null;
    setText(by("place-name"), this.place ? text("destination", { place: this.placeName() }) : "");
    by("empty").hidden = this.waiting || this.zones.length > 0;
    const far = (this.map?.zoom() ?? 0) < SPACES_FROM_ZOOM;
    setWords(by("zoom-hint"), far && this.model.zones.size > 0 ? text("zoomIn") : null);
  }

  /** @param {Origin} origin @param {number} now */
  drawDetails(origin, now) {
    const target = this.looking.target;
    setAttribute(by("panel"), "data-view", this.view);
    if (!target) return;
    const gone = this.verdict !== "there";
    const space = gone ? null : this.lastSeen;
    const known = this.zones.flatMap((zone) => zone.spaces).find(({ id }) => id === target.id);
    this.details.render({
      space,
      verdict: this.verdict,
      zone: this.model.zones.get(target.zone) ?? null,
      zoneName: this.zoneName(target.zone) || target.zoneName,
      now,
      metres: origin.kind === "middle" ? null : (known?.metres ?? null),
      watching: this.kept.is(target.id),
      next: gone ? nextBest(this.model.everySpace(), target) : null,
      noticed: this.notice.about?.id === target.id,
    });
  }

  /** What became of the chosen space and of the one that is watched. @param {number} now */
  watch(now) {
    if (!this.feed.checked) return;
    const found = this.model.find(this.looking.target?.id ?? null);
    if (found) {
      this.lastSeen = found;
      this.verdict = "there";
    } else if (this.verdict === "there") {
      this.verdict = this.looking.verdict(this.model, now, this.feed.current);
    }
    const verdict = this.kept.verdict(this.model, now, this.feed.current);
    if (verdict !== "there" && this.kept.target) {
      announcer.alarm(this.notice.open(this.kept.target, verdict));
      this.kept.stop();
    }
    if (this.notice.about) this.notice.offer(nextBest(this.model.everySpace(), this.notice.about));
  }

  /** @param {number} now */
  drawTrouble(now) {
    const found = trouble(this.model, this.feed, now);
    by("banner").hidden = found === null;
    setText(by("banner-text"), found?.words ?? "");
    setWords(by("position-words"), positionTroubleWords(this.position));
    by("position-trouble").hidden = by("position-words").hidden;
    const kind = found?.kind ?? "";
    if (kind === this.troubleTold) return;
    // Its age grows with each second; it is told once.
    announcer.say(found ? found.words : text("connected"));
    this.troubleTold = kind;
  }

  /** Ask for distances by road to what the driver looks at first. @param {Origin} origin */
  measure(origin) {
    if (!this.roads.use(origin)) return;
    const zones = this.zones.map(({ zone, at }) => ({ id: targetOf(zone), at }));
    const open = this.zones.find(({ id }) => id === this.openZone)?.spaces ?? [];
    const spaces = open.map(({ id, space }) => ({ id, at: space.centre }));
    this.roads.want(origin, [...spaces, ...zones]);
  }

  /** @param {Box} box @param {number} [maxZoom] */
  fit(box, maxZoom) {
    this.map?.fit(box, { maxZoom });
  }
}
