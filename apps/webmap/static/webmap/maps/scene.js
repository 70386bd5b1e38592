// SPDX-License-Identifier: AGPL-3.0-or-later
// What is on the map and what a tap on it means, whoever draws it. The scene remembers everything it was told, so that
// another engine can take over at any moment with the same view and drawings.

import { status } from "../model.js";
import { arrangeLabels } from "./labels.js";
import { besideCover, cameraFor, project, ringDistancePx, viewOf } from "./mercator.js";

/** @import { Box, Camera, Label, LonLat, MapEngine, MapHandlers, PinName, Place, Position, Ring, Space, Zone } from "../types" */

/** A finger hits what lies within this many pixels: targets of 48 px. */
const TOUCH_RADIUS_PX = 24;
/** Steps in which a space fades as it gets old. */
const FADE_STEPS = 4;
export const MIN_ZOOM = 3;
export const MAX_ZOOM = 21;
/** A box is never shown nearer than this, unless asked for. */
const FIT_ZOOM = 19;
const ZOOM_SNAP = 0.25;
/** Free room around what is fitted into the view, pixels: labels stand above, the buttons at the right. */
const MARGIN = { top: 48, right: 64, bottom: 36, left: 24 };
/** @type {Camera} */
const WORLD = { centre: [15, 30], zoom: MIN_ZOOM };

/** @type {WeakMap<Ring[], string>} */
const shapes = new WeakMap();

/** Rings as a string to compare by, written once for each answer of the server. @param {Ring[]} rings */
function shapeOf(rings) {
  let shape = shapes.get(rings);
  if (shape === undefined) shapes.set(rings, (shape = JSON.stringify(rings)));
  return shape;
}

export class Scene {
  /**
   * @param {HTMLElement} element
   * @param {MapHandlers} handlers
   * @param {boolean} still no animation, as the reader's device asks
   */
  constructor(element, handlers, still) {
    this.element = element;
    this.handlers = handlers;
    this.still = still;
    /** @type {MapEngine | null} */
    this.engine = null;
    /** @type {Camera} */
    this.camera = WORLD;
    this.placed = false; // a view was chosen
    /** @type {Box | null} */
    this.firstView = null;
    this.untouched = true;
    this.covered = { bottom: 0, left: 0 };
    /** @type {Zone[]} */
    this.zones = [];
    /** @type {Space[]} */
    this.spaces = [];
    this.now = 0;
    /** @type {string | null} */
    this.selected = null;
    /** @type {Position | null} */
    this.position = null;
    /** @type {Map<PinName, Place | null>} */
    this.pins = new Map();
    /** @type {Label[]} */
    this.labels = [];
    this.arrangedAt = NaN;
    this.arrangedFor = "";
    /** @type {Map<string, string>} id of a zone → how it was drawn */
    this.drawnZones = new Map();
    /** @type {Map<string, {shape: string, fade: number, selected: boolean}>} */
    this.drawnSpaces = new Map();
    /** @type {Map<string, string>} */
    this.drawnLabels = new Map();
    for (const kind of ["pointerdown", "wheel", "keydown"]) {
      element.addEventListener(kind, () => (this.untouched = false), { passive: true });
    }
  }

  /** Let an engine draw from now on; the last one is taken down. @param {MapEngine} engine */
  use(engine) {
    if (this.engine && this.placed) this.camera = this.engine.camera();
    this.engine?.destroy();
    this.engine = engine;
    this.forgetDrawings();
    if (!this.placed) return;
    if (this.untouched && this.firstView) this.camera = this.cameraOf(this.firstView, FIT_ZOOM);
    engine.move(this.camera, false);
    this.drawAll();
  }

  forgetDrawings() {
    this.drawnZones.clear();
    this.drawnSpaces.clear();
    this.drawnLabels.clear();
    this.arrangedAt = NaN;
  }

  drawAll() {
    this.drawZones(this.zones);
    this.drawSpaces(this.spaces, this.now);
    this.showPosition(this.position);
    for (const [name, place] of this.pins) this.showPin(name, place);
  }

  // --- what the page calls -------------------------------------------------------------------------------------------

  get kind() {
    return this.engine?.kind ?? "leaflet";
  }

  /** @param {Box} box */
  open(box) {
    this.firstView = box;
    this.moveTo(this.cameraOf(box, FIT_ZOOM), false);
  }

  showWorld() {
    this.moveTo(WORLD, false);
  }

  /** @param {Box} box @param {{animate?: boolean, maxZoom?: number}} [options] */
  fit(box, { animate = true, maxZoom = FIT_ZOOM } = {}) {
    this.untouched = false;
    this.moveTo(this.cameraOf(box, maxZoom), animate);
  }

  /** @param {LonLat} place @param {number} [zoom] */
  focus(place, zoom = FIT_ZOOM) {
    this.untouched = false;
    const near = Math.min(MAX_ZOOM, Math.max(this.zoom(), zoom));
    const { bottom, left } = this.margins();
    // In the middle of what is seen: the room that is kept for labels and buttons is for boxes only.
    const covered = { top: 0, right: 0, bottom: bottom - MARGIN.bottom, left: left - MARGIN.left };
    this.moveTo({ centre: besideCover(place, near, covered), zoom: near }, true);
  }

  /** @returns {Box} */
  view() {
    return viewOf(this.seen(), this.size());
  }

  zoom() {
    return this.seen().zoom;
  }

  /** @param {Zone[]} zones */
  drawZones(zones) {
    this.zones = zones;
    const engine = this.drawing();
    if (!engine) return;
    const wanted = new Map(zones.map((zone) => [zone.id, zone]));
    for (const id of this.drawnZones.keys()) {
      if (wanted.has(id)) continue;
      engine.dropZone(id);
      this.drawnZones.delete(id);
    }
    for (const zone of zones) {
      const state = status(zone);
      const look = `${state} ${shapeOf(zone.rings)}`;
      if (this.drawnZones.get(zone.id) === look) continue;
      engine.putZone(zone, state);
      this.drawnZones.set(zone.id, look);
    }
    this.placeLabels();
  }

  /** @param {Space[]} spaces @param {number} now server time, ms */
  drawSpaces(spaces, now) {
    this.spaces = spaces;
    this.now = now;
    const engine = this.drawing();
    if (!engine) return;
    const wanted = new Set(spaces.map((space) => space.id));
    for (const id of this.drawnSpaces.keys()) {
      if (wanted.has(id)) continue;
      engine.dropSpace(id);
      this.drawnSpaces.delete(id);
    }
    for (const space of spaces) {
      const life = (now - space.observedAt) / Math.max(1, space.validUntil - space.observedAt);
      const fade = Math.min(FADE_STEPS, Math.max(0, Math.floor(life * (FADE_STEPS + 1))));
      const selected = space.id === this.selected;
      const shape = shapeOf(space.rings);
      const drawn = this.drawnSpaces.get(space.id);
      const moved = drawn?.shape !== shape;
      if (!moved && drawn?.fade === fade && drawn.selected === selected) continue;
      engine.putSpace(space, { fade, selected, moved });
      this.drawnSpaces.set(space.id, { shape, fade, selected });
    }
  }

  /** @param {string | null} id */
  select(id) {
    this.selected = id;
    this.drawSpaces(this.spaces, this.now);
  }

  /** @param {Position | null} position */
  showPosition(position) {
    this.position = position;
    this.drawing()?.putPosition(position);
  }

  /** @param {Place | null} car */
  showCar(car) {
    this.showPin("car", car);
  }

  /** @param {Place | null} place where the driver wants to go */
  showPlace(place) {
    this.showPin("goal", place);
  }

  /** @param {PinName} name @param {Place | null} place */
  showPin(name, place) {
    this.pins.set(name, place);
    this.drawing()?.putPin(name, place);
  }

  /** @param {{bottom?: number, left?: number}} covered pixels of the map under the page's panel */
  padding({ bottom = 0, left = 0 }) {
    if (bottom === this.covered.bottom && left === this.covered.left) return;
    this.covered = { bottom, left };
    this.element.style.setProperty("--covered-bottom", `${bottom}px`);
    this.element.style.setProperty("--covered-left", `${left}px`);
    this.reopen();
  }

  destroy() {
    this.engine?.destroy();
    this.engine = null;
    this.element.replaceChildren();
  }

  // --- what the engine tells -----------------------------------------------------------------------------------------

  /** The map has come to rest. */
  moved() {
    if (!this.engine || !this.placed) return;
    this.camera = this.engine.camera();
    this.placeLabels();
    this.handlers.moved();
  }

  /** The list takes its room after the first view was chosen; until someone moves the map it is chosen again. */
  reopen() {
    if (this.untouched && this.firstView && this.placed) this.moveTo(this.cameraOf(this.firstView, FIT_ZOOM), false);
  }

  /** @param {LonLat} place */
  tapped(place) {
    const zoom = this.zoom();
    const point = project(place, zoom);
    const label = this.labels.find(({ box: [left, top, right, bottom] }) =>
      point[0] >= left && point[0] <= right && point[1] >= top && point[1] <= bottom);
    if (label) return this.labelChosen(label.key);
    const space = this.nearestSpace(point, zoom);
    if (space) return this.handlers.spaceChosen(space);
    const zone = this.nearestZone(point, zoom);
    return zone ? this.handlers.zoneChosen(zone) : this.handlers.nothingChosen();
  }

  /** A label was tapped, or chosen by the keyboard. @param {string} key */
  labelChosen(key) {
    const label = this.labels.find((one) => one.key === key);
    if (!label) return;
    if (label.zones.length === 1) this.handlers.zoneChosen(label.zones[0]);
    else this.fit(label.bounds);
  }

  /** The keyboard came to a label: it has to be in sight. @param {string} key */
  labelFocused(key) {
    const label = this.labels.find((one) => one.key === key);
    if (!label) return;
    const [west, south, east, north] = this.view();
    const [lon, lat] = label.place;
    if (lon < west || lon > east || lat < south || lat > north) this.focus(label.place, this.zoom());
  }

  /** One step nearer or farther. @param {1 | -1} step */
  zoomBy(step) {
    this.untouched = false;
    const { centre, zoom } = this.seen();
    const next = Math.max(MIN_ZOOM, Math.min(MAX_ZOOM, Math.round(zoom) + step));
    this.moveTo({ centre, zoom: next }, true);
  }

  // --- inside --------------------------------------------------------------------------------------------------------

  /** The engine, once there is a view to draw in. */
  drawing() {
    return this.placed ? this.engine : null;
  }

  /** @returns {Camera} */
  seen() {
    return (this.placed && this.engine?.camera()) || this.camera;
  }

  /** @returns {[number, number]} */
  size() {
    return this.engine?.size() ?? [this.element.clientWidth, this.element.clientHeight];
  }

  margins() {
    const bottom = this.engine?.aboveCover ? 0 : this.covered.bottom;
    return { ...MARGIN, bottom: MARGIN.bottom + bottom, left: MARGIN.left + this.covered.left };
  }

  /** @param {Box} box @param {number} maxZoom */
  cameraOf(box, maxZoom) {
    return cameraFor(box, this.size(), this.margins(), { minZoom: MIN_ZOOM, maxZoom, snap: ZOOM_SNAP });
  }

  /** @param {Camera} camera @param {boolean} animate */
  moveTo(camera, animate) {
    const first = !this.placed;
    this.placed = true;
    this.camera = camera;
    this.engine?.move(camera, animate && !first && !this.still);
    if (first) this.drawAll();
  }

  placeLabels() {
    const engine = this.drawing();
    if (!engine) return;
    const zoom = this.zoom();
    const state = this.zones.map((zone) => `${zone.id}${zone.free}${zone.open}${zone.opensAt}`).join(" ");
    if (zoom === this.arrangedAt && state === this.arrangedFor) return;
    this.arrangedAt = zoom;
    this.arrangedFor = state;
    this.labels = arrangeLabels(this.zones, zoom);
    const wanted = new Set(this.labels.map((label) => label.key));
    for (const key of this.drawnLabels.keys()) {
      if (wanted.has(key)) continue;
      engine.dropLabel(key);
      this.drawnLabels.delete(key);
    }
    for (const label of this.labels) {
      const look = `${label.state} ${label.title} ${label.place.join(" ")}`;
      if (this.drawnLabels.get(label.key) === look) continue;
      engine.putLabel(label);
      this.drawnLabels.set(label.key, look);
    }
  }

  /** @param {[number, number]} point world pixel @param {number} zoom */
  nearestSpace(point, zoom) {
    let best = null;
    let bestPx = TOUCH_RADIUS_PX;
    for (const space of this.spaces) {
      const px = ringDistancePx(space.rings[0], point, zoom);
      if (px < bestPx) [best, bestPx] = [space.id, px];
    }
    return best;
  }

  /** @param {[number, number]} point world pixel @param {number} zoom */
  nearestZone(point, zoom) {
    let best = null;
    let bestPx = TOUCH_RADIUS_PX;
    for (const zone of this.zones) {
      const px = ringDistancePx(zone.rings[0], point, zoom);
      if (px < bestPx) [best, bestPx] = [zone.id, px];
    }
    return best;
  }
}
