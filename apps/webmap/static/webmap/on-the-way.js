// SPDX-License-Identifier: AGPL-3.0-or-later
// From a chosen space to a parked car and back: going there, being told when it is taken, taking the next one, marking
// where the car was left.

/** @import { PositionTrouble } from "./position.js" */
/** @import { Space } from "./types" */
/** @import { Actions } from "./actions.js" */

import { say } from "./announcer.js";
import { by } from "./dom.js";
import { text } from "./format.js";
import { placeOf, positionOnce } from "./position.js";

const CAR_ZOOM = 18;

export class OnTheWay {
  /** @param {Actions} actions */
  constructor(actions) {
    this.actions = actions;
  }

  get app() {
    return this.actions.app;
  }

  /** The device's map app opens by the link itself; whoever goes there wants to know when the space is taken. */
  goThere() {
    const space = this.app.lastSeen;
    if (space) this.watch(space);
  }

  /** @param {Space} space */
  watch(space) {
    this.app.kept.start(space, this.app.zoneName(space.zone));
    this.app.draw();
  }

  toggleWatch() {
    const { kept, lastSeen } = this.app;
    if (!lastSeen) return;
    if (kept.is(lastSeen.id)) {
      kept.stop();
      this.app.draw();
      say(text("watchStopped"));
      return;
    }
    this.watch(lastSeen);
    say(text("watchStarted"));
  }

  /** The next best instead of one that was lost; it is watched in its turn. @param {Space} space */
  takeNext(space) {
    this.app.notice.close();
    this.actions.spaceChosen(space.id);
    this.watch(space);
  }

  closeNotice() {
    this.app.notice.close();
    by("headline").focus({ preventScroll: true });
  }

  /** Neither watched nor told about any more. */
  stop() {
    this.app.kept.stop();
    this.app.notice.close();
  }

  async share() {
    const space = this.app.lastSeen;
    if (!space) return;
    const url = this.actions.bar.share({ zone: space.zone, space: space.id, place: null, view: null });
    try {
      if (navigator.share) await navigator.share({ url, title: document.title });
      else {
        await navigator.clipboard.writeText(url);
        this.actions.message(text("linkCopied"));
      }
    } catch (error) {
      if (/** @type {Error} */ (error).name !== "AbortError") this.actions.message(text("linkNotCopied"));
    }
  }

  // --- the parked car -------------------------------------------------------------------------------------------------

  /** "I parked here", in the space that is shown. */
  parkInSpace() {
    const space = this.app.lastSeen;
    if (!space) return;
    const [lon, lat] = space.centre;
    this.park({ lon, lat }, this.app.zoneName(space.zone));
    this.actions.listScroll = 0; // the car's card comes first
    this.actions.opener = by("parked-show");
    this.actions.close();
  }

  /** "Mark where my car is": where the device is. */
  async markHere() {
    try {
      this.park(this.app.position.latest ?? (await positionOnce()), "");
    } catch (trouble) {
      this.app.position.failed(/** @type {PositionTrouble} */ (trouble));
    }
  }

  /** @param {{lon: number, lat: number}} place @param {string} where */
  park(place, where) {
    const { app } = this;
    const kept = app.parked.mark(place, where);
    this.stop();
    app.map?.showCar(app.parked.car);
    app.draw();
    say(text(kept ? "parkedMarked" : "parkedLost"));
    by("parked-show").focus({ preventScroll: true });
  }

  forgetCar() {
    this.app.parked.forget();
    this.app.map?.showCar(null);
    this.app.draw();
    say(text("parkedForgotten"));
    by("parked-mark").focus({ preventScroll: true });
  }

  showCar() {
    const { car } = this.app.parked;
    if (car) this.app.map?.focus(placeOf(car), CAR_ZOOM);
  }
}
