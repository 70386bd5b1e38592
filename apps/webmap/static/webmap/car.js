// SPDX-License-Identifier: AGPL-3.0-or-later
// The driver's car, and for which of the planned sizes that asks. Kept on the device; the server hears a length and a
// width, as it does from everybody with such a car.

/** @import { VehicleClass } from "./types" */

import { size, text } from "./format.js";
import { load, numberWithin, save } from "./storage.js";

/** What a driver picks, with the length it stands for, m; the smallest planned size that holds it is asked for. */
const KINDS = { small: 3.6, normal: 4.8, van: 6, trailer: 8 };
const WORDS = {
  any: "carAny",
  small: "carSmall",
  normal: "carNormal",
  van: "carVan",
  trailer: "carTrailer",
  own: "carOwn",
};

/** What can be entered as a vehicle, m. */
export const LENGTH_RANGE_M = [2, 20];
export const WIDTH_RANGE_M = [1, 3.5];

/** @typedef {"any" | "small" | "normal" | "van" | "trailer" | "own"} CarKind */
/** @typedef {{kind: CarKind, lengthM?: number, widthM?: number}} CarChoice */

/**
 * The smallest planned size that holds a vehicle, or null when it is larger than all.
 * @param {VehicleClass[]} classes
 * @param {number} lengthM
 * @param {number | null} widthM
 */
export function classThatHolds(classes, lengthM, widthM) {
  const sorted = [...classes].sort((a, b) => a.length_m - b.length_m || a.width_m - b.width_m);
  return sorted.find((of) => lengthM <= of.length_m && (widthM === null || widthM <= of.width_m)) ?? null;
}

export class Car {
  /** @param {VehicleClass[]} classes the sizes that the server plans; none: there is nothing to choose */
  constructor(classes) {
    this.classes = classes;
    /** @type {CarChoice} */
    this.choice = choiceFrom(load("car"));
  }

  /** Whether a size can be chosen at all. */
  get selectable() {
    return this.classes.length > 0;
  }

  /** The kinds that the planned sizes allow. @returns {CarKind[]} */
  kinds() {
    const planned = /** @type {(keyof typeof KINDS)[]} */ (Object.keys(KINDS)).filter((kind) => this.classOf({ kind }));
    return ["any", ...planned, "own"];
  }

  /** @param {CarChoice} choice */
  classOf(choice) {
    if (choice.kind === "any") return null;
    if (choice.kind !== "own") return classThatHolds(this.classes, KINDS[choice.kind], null);
    return classThatHolds(this.classes, choice.lengthM ?? 0, choice.widthM ?? null);
  }

  get chosen() {
    return this.selectable && this.choice.kind !== "any";
  }

  /** The chosen vehicle is larger than every planned size. */
  get tooLarge() {
    return this.chosen && this.classOf(this.choice) === null;
  }

  /** Keep a choice. @param {CarChoice} choice */
  choose(choice) {
    this.choice = choice;
    save("car", choice.kind === "any" ? null : choice);
  }

  /** What to add to a question to the server: "" when no car is chosen. */
  query() {
    const of = this.chosen ? this.classOf(this.choice) : null;
    if (!of) return "";
    const { kind, lengthM = of.length_m, widthM = of.width_m } = this.choice;
    return kind === "own"
      ? `&vehicle_length=${lengthM}&vehicle_width=${widthM}`
      : `&vehicle_length=${of.length_m}&vehicle_width=${of.width_m}`;
  }

  /** "for: Van, up to 6.0 × 2.1 m"; "" when no car is chosen. */
  words() {
    if (!this.chosen) return "";
    const { kind, lengthM = 0, widthM = 0 } = this.choice;
    const of = kind === "own" ? size(lengthM, widthM) : this.sizeWords(kind);
    return text("carFor", { car: text(WORDS[kind]), size: of });
  }

  /** The button's words: the kind, or the own size. */
  shortWords() {
    if (!this.chosen) return text("carButton");
    const { kind, lengthM = 0, widthM = 0 } = this.choice;
    return kind === "own" ? size(lengthM, widthM) : text(WORDS[kind]);
  }

  /** The size a kind stands for. @param {CarKind} kind */
  sizeWords(kind) {
    const of = kind === "own" ? null : this.classOf({ kind });
    return of ? text("carUpTo", { size: size(of.length_m, of.width_m) }) : "";
  }

  /** Where the plans end, in words. */
  tooLargeWords() {
    const of = this.classes.reduce((best, other) => (other.length_m > best.length_m ? other : best));
    return text("carTooLarge", { size: size(of.length_m, of.width_m) });
  }
}

/** The name of a kind. @param {CarKind} kind */
export function kindWords(kind) {
  return text(WORDS[kind]);
}

/** @param {any} stored @returns {CarChoice} */
function choiceFrom(stored) {
  const kind = stored?.kind;
  if (Object.hasOwn(KINDS, kind)) return { kind };
  const lengthM = numberWithin(stored?.lengthM, LENGTH_RANGE_M[0], LENGTH_RANGE_M[1]);
  const widthM = numberWithin(stored?.widthM, WIDTH_RANGE_M[0], WIDTH_RANGE_M[1]);
  if (kind === "own" && lengthM !== null && widthM !== null) return { kind, lengthM, widthM };
  return { kind: "any" };
}
