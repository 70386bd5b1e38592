// SPDX-License-Identifier: AGPL-3.0-or-later
// Where the driver left the car: kept on the device, shown on the map, led back to, and forgotten with a tap.

/** @import { OnTheWay } from "./on-the-way.js" */

import { metresBetween } from "./distance.js";
import { by, onPress, setAttribute, setText } from "./dom.js";
import { age, distance, text } from "./format.js";
import { linkTo, suited } from "./navigation.js";
import { placeOf } from "./position.js";
import { load, placeFrom, save } from "./storage.js";

/** @typedef {{lon: number, lat: number, at: number, where: string}} ParkedCar */

export class Parked {
  /** @param {OnTheWay} way */
  constructor(way) {
    /** @type {ParkedCar | null} */
    this.car = parkedFrom(load("parked"));
    onPress("parked-mark", () => way.markHere());
    onPress("parked-forget", () => way.forgetCar());
    onPress("parked-show", () => way.showCar());
  }

  /**
   * Returns whether the device keeps it.
   * @param {{lon: number, lat: number}} place
   * @param {string} where the zone's name, or ""
   */
  mark({ lon, lat }, where) {
    this.car = { lon, lat, at: Date.now(), where };
    return save("parked", this.car);
  }

  forget() {
    this.car = null;
    save("parked", null);
  }

  /** @param {{lon: number, lat: number} | null} here */
  render(here) {
    const car = this.car;
    by("parked").hidden = car === null;
    by("parked-mark").hidden = car !== null;
    if (!car) return;
    const parts = [text("parkedLeft", { age: age(Date.now() - car.at) })];
    if (car.where) parts.push(car.where);
    if (here) parts.push(text("parkedAway", { distance: distance(metresBetween(placeOf(here), placeOf(car))) }));
    setText(by("parked-text"), parts.join(" · "));
    setAttribute(by("parked-go"), "href", linkTo(suited(), placeOf(car), "walking"));
  }
}

/** @param {any} stored @returns {ParkedCar | null} */
function parkedFrom(stored) {
  const place = placeFrom(stored);
  if (!place || typeof stored.at !== "number") return null;
  return { ...place, at: stored.at, where: typeof stored.where === "string" ? stored.where : "" };
}
