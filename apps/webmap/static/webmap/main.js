// SPDX-License-Identifier: AGPL-3.0-or-later
// The driver's page: polls the API, keeps the model, draws map and list.

import { Feed } from "./feed.js";
import { age, text } from "./format.js";
import { snappedBox } from "./geometry.js";
import { createMap, SPACES_FROM_ZOOM } from "./maps/index.js";
import { MapModel } from "./model.js";
import { Panel } from "./panel.js";

const config = JSON.parse(document.getElementById("config").textContent);
/** The list holds the zones of at least this much around the view, degrees (about 2 km). */
const NEARBY_DEG = 0.02;
const ZONES_MAX_DEG = 5;
const SPACES_MAX_DEG = 0.25;
/** News older than this many polls mean that the connection is bad. */
const POLLS_MISSED = 2.5;
/** Cameras send every 30 s; twice that without a picture is worth a word, ms. */
const PICTURE_OLD_MS = 60000;
/** Screen readers are told of new counts at most this often, ms. */
const ANNOUNCE_EVERY_MS = 10000;

const model = new MapModel();
const pollMs = config.pollS * 1000;
let openZone = null;
let chosen = null;
let chosenUntil = 0; // when the chosen space runs out, server time ms
let loaded = false;
let asked = "";
let announced = "";
let announcedAt = 0;

const panel = new Panel({
  zoneChosen: (id) => chooseZone(id, { fromList: true }),
  spaceChosen: (id) => chooseSpace(id, { fromList: true }),
  detailsClosed: () => closeDetails(),
  showAll: () => showAll(),
});
const map = await createMap(document.getElementById("map"), config, {
  moved: () => moved(),
  spaceChosen: (id) => chooseSpace(id),
  zoneChosen: (id) => chooseZone(id, {}),
  showAll: () => showAll(),
  nothingChosen: () => chosen !== null && closeDetails(),
});
const feed = new Feed(pollMs, wanted, received, () => draw());

if (config.extent) map.open(config.extent);
else map.showWorld();
setInterval(tick, 1000);

function wanted() {
  const view = map.view();
  const asks = [{ name: "zones", url: address(config.zonesUrl, snappedBox(view, NEARBY_DEG, ZONES_MAX_DEG)) }];
  if (map.zoom() >= SPACES_FROM_ZOOM) {
    asks.push({ name: "spaces", url: address(config.spacesUrl, snappedBox(view, 0, SPACES_MAX_DEG)) });
  } else if (model.spaces.size > 0) {
    feed.forget("spaces");
    model.setSpaces({ features: [] });
  }
  return asks;
}

function address(path, box) {
  return `${path}?bbox=${box.join(",")}`;
}

function received(name, collection) {
  if (name === "zones") {
    model.setZones(collection);
    loaded = true;
  } else {
    model.setSpaces(collection);
  }
}

function moved() {
  const addresses = wanted().map((want) => want.url).join(" ");
  if (addresses !== asked) {
    asked = addresses;
    feed.wake();
  }
  panel.zoomHint(map.zoom() < SPACES_FROM_ZOOM && model.zones.size > 0);
}

/** Every second: ages grow, what has run out goes, with or without a server. */
function tick() {
  if (!document.hidden) draw();
}

function draw() {
  const now = feed.now();
  model.expire(now);
  map.drawZones([...model.zones.values()]);
  map.drawSpaces([...model.spaces.values()], now);
  panel.render(model, openZone, now, loaded);
  const space = chosen === null ? null : model.spaces.get(chosen) ?? null;
  if (space) chosenUntil = space.validUntil;
  panel.renderDetails(chosen, space, space && model.zones.get(space.zone), now, chosenUntil <= now);
  panel.banner(bannerWords(now));
  panel.zoomHint(map.zoom() < SPACES_FROM_ZOOM && model.zones.size > 0);
  announce();
}

function bannerWords(now) {
  const silence = feed.lastGood === null ? Infinity : Date.now() - feed.lastGood;
  if (feed.trouble && silence > POLLS_MISSED * pollMs) {
    if (feed.lastGood === null) return text("neverConnected");
    return text(feed.trouble === "server" ? "serverTrouble" : "offline", { age: age(silence) });
  }
  const { newest } = model.totals();
  if (newest !== null && now - newest > PICTURE_OLD_MS) return text("dataOld", { age: age(now - newest) });
  return null;
}

function announce() {
  if (!loaded || Date.now() - announcedAt < ANNOUNCE_EVERY_MS) return;
  const { free, known, all } = model.totals();
  const spaces = known === 0 ? text("nothingKnown") : free ? text("spacesFree", { n: free }) : text("noneFree");
  const words = text("announce", { spaces, zones: text("zonesKnown", { known, all }) });
  if (words === announced) return;
  announced = words;
  announcedAt = Date.now();
  panel.announce(words);
}

function chooseZone(id, { fromList = false }) {
  const zone = model.zones.get(id);
  if (!zone) return;
  const closing = fromList && openZone === id;
  openZone = closing ? null : id;
  chosen = null;
  map.select(null);
  if (!closing) map.fit(zone.bounds, { maxZoom: 20 });
  draw();
  panel.reveal(id);
}

function chooseSpace(id, { fromList = false } = {}) {
  const space = model.spaces.get(id);
  if (!space) return;
  chosen = id;
  openZone = space.zone;
  panel.setExpanded(true);
  map.select(id);
  draw();
  if (fromList) map.focus(space.centre, 19);
  panel.focusDetails();
}

function closeDetails() {
  const space = model.spaces.get(chosen);
  chosen = null;
  map.select(null);
  draw();
  panel.focusZone(space?.zone ?? openZone);
}

function showAll() {
  if (config.extent) map.fit(config.extent);
}
