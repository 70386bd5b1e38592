// SPDX-License-Identifier: AGPL-3.0-or-later
// Where the driver says which car it is. A choice counts at once, and is kept on the device. Fetched with the first tap on
// its button.

/** @import { Car, CarChoice, CarKind } from "./car.js" */

import { kindWords, LENGTH_RANGE_M, WIDTH_RANGE_M } from "./car.js";
import { by, input, make, setWords } from "./dom.js";
import { decimal, text } from "./format.js";

export class CarForm {
  /**
   * @param {Car} car
   * @param {() => void} changed
   */
  constructor(car, changed) {
    this.car = car;
    this.changed = changed;
    by("car-kinds").replaceChildren(...car.kinds().map((kind) => this.option(kind)));
    const { lengthM, widthM } = car.choice;
    if (lengthM) input("car-length").value = String(lengthM);
    if (widthM) input("car-width").value = String(widthM);
    by("car").addEventListener("change", () => this.read());
    by("car").addEventListener("submit", (event) => {
      event.preventDefault();
      this.read();
    });
    this.render();
  }

  /** @param {CarKind} kind */
  option(kind) {
    const radio = make("input", "");
    radio.type = "radio";
    radio.name = "car-kind";
    radio.value = kind;
    radio.checked = this.car.choice.kind === kind;
    const hint = kind === "any" ? text("carAnyHint") : this.car.sizeWords(kind);
    const words = make("span", "words", make("span", "name", kindWords(kind)), make("span", "meta", hint));
    return make("label", "choice", radio, words);
  }

  /** What is entered becomes the choice, when it can be one. */
  read() {
    const kind = this.picked();
    by("car-own").hidden = kind !== "own";
    /** @type {CarChoice} */
    let choice = { kind };
    if (kind === "own") {
      const [lengthM, widthM] = [metres("car-length"), metres("car-width")];
      const trouble = rangeTrouble(lengthM, widthM);
      setWords(by("car-trouble"), trouble);
      if (trouble) return;
      choice = { kind, lengthM, widthM };
    }
    const before = JSON.stringify(this.car.choice);
    this.car.choose(choice);
    this.render();
    if (JSON.stringify(choice) !== before) this.changed();
  }

  /** @returns {CarKind} */
  picked() {
    const radio = /** @type {HTMLInputElement | null} */ (document.querySelector("[name=car-kind]:checked"));
    return /** @type {CarKind} */ (radio?.value ?? "any");
  }

  /** Bring the form on the screen: the picked kind is where the keyboard begins. */
  focus() {
    const radio = /** @type {HTMLInputElement | null} */ (document.querySelector("[name=car-kind]:checked"));
    radio?.focus({ preventScroll: true });
  }

  render() {
    by("car-own").hidden = this.car.choice.kind !== "own";
    setWords(by("car-trouble"), this.car.tooLarge ? this.car.tooLargeWords() : null);
  }
}

/** A number as people write it, with comma or point. @param {string} id */
function metres(id) {
  return Number.parseFloat(input(id).value.trim().replace(",", "."));
}

/** @param {number} lengthM @param {number} widthM */
function rangeTrouble(lengthM, widthM) {
  const checks = /** @type {[number, number[], string][]} */ ([
    [lengthM, LENGTH_RANGE_M, "carLengthRange"],
    [widthM, WIDTH_RANGE_M, "carWidthRange"],
  ]);
  for (const [value, [low, high], name] of checks) {
    if (!(value >= low && value <= high)) return text(name, { low: decimal(low), high: decimal(high) });
  }
  return null;
}
