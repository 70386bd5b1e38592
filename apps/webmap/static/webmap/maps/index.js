// SPDX-License-Identifier: AGPL-3.0-or-later
// The one door to the map. Google's map when a key is configured; Leaflet when not, and whenever Google refuses the key,
// does not come, or breaks: then with the same view and drawings, and a quiet word about it.

import { text } from "../format.js";
import { blankEngine } from "./blank.js";
import { addControls } from "./controls.js";
import { createLeaflet } from "./leaflet.js";
import { Scene } from "./scene.js";

/** @import { MapAdapter, MapHandlers, PageConfig } from "../types" */

/** From this zoom on single spaces are large enough to be seen. */
export const SPACES_FROM_ZOOM = 16;
/** How long the word about a missing Google map stays, ms. */
const NOTE_MS = 12000;

/**
 * The map in `element`: the same functions whoever draws it. Nobody waits for Google: until its map is there the scene is
 * blank, and everything that it is told meanwhile is drawn when the map comes.
 * @param {HTMLElement} element
 * @param {PageConfig} config
 * @param {MapHandlers} handlers
 * @returns {Promise<MapAdapter>}
 */
export async function createMap(element, config, handlers) {
  const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  const scene = new Scene(element, handlers, still);
  addControls(element, scene, handlers);
  if (config.google?.key) {
    scene.use(blankEngine(element, "google"));
    takeGoogle(scene, element, config);
  } else {
    await takeLeaflet(scene, element, config);
  }
  return scene;
}

/** @param {Scene} scene @param {HTMLElement} element @param {PageConfig} config */
async function takeLeaflet(scene, element, config) {
  scene.use(await createLeaflet(element, config, scene, scene.still));
  element.dataset.map = "leaflet";
}

/** @param {Scene} scene @param {HTMLElement} element @param {PageConfig} config */
async function takeGoogle(scene, element, config) {
  let gone = false;
  /** @param {string} reason */
  const fallBack = async (reason) => {
    if (gone) return;
    gone = true;
    element.dataset.google = reason;
    await takeLeaflet(scene, element, config);
    note(element);
    scene.moved();
  };
  try {
    const { createGoogle } = await import("./google.js");
    const engine = await createGoogle(element, config, scene, fallBack);
    if (gone) return engine.destroy();
    scene.use(engine);
    element.dataset.map = "google";
    scene.moved();
  } catch (error) {
    await fallBack(error instanceof Error ? error.message : "error");
  }
}

/** A quiet word that the map is not Google's. @param {HTMLElement} element */
function note(element) {
  const words = document.createElement("p");
  words.className = "map-note";
  words.setAttribute("role", "status");
  words.textContent = text("googleAway");
  element.append(words);
  setTimeout(() => words.remove(), NOTE_MS);
}
