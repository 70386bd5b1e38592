// SPDX-License-Identifier: AGPL-3.0-or-later
// The buttons on the map: ours, so that both maps have the same ones, large enough for a thumb.

import { text } from "../format.js";

/** @import { MapHandlers } from "../types" */
/** @import { Scene } from "./scene.js" */

/** @param {HTMLElement} element @param {Scene} scene @param {MapHandlers} handlers */
export function addControls(element, scene, handlers) {
  const bar = document.createElement("div");
  bar.className = "map-bar";
  bar.append(
    button(text("zoomInLabel"), "icon-plus", () => scene.zoomBy(1)),
    button(text("zoomOutLabel"), "icon-minus", () => scene.zoomBy(-1)),
    button(text("showAll"), "icon-all", () => handlers.showAll()),
  );
  element.append(bar);
}

/** @param {string} words @param {string} icon id of a template @param {() => void} pressed */
function button(words, icon, pressed) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "map-button";
  made.title = words;
  made.setAttribute("aria-label", words);
  const template = document.getElementById(icon);
  if (template instanceof HTMLTemplateElement) made.append(template.content.cloneNode(true));
  made.addEventListener("click", pressed);
  return made;
}
