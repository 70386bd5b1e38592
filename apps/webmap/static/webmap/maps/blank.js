// SPDX-License-Identifier: AGPL-3.0-or-later
// The engine that draws nothing, while Google's script is on its way. It knows the view, so that the list can already
// be asked for.

/** @import { Camera, MapEngine } from "../types" */

/**
 * @param {HTMLElement} element
 * @param {MapEngine["kind"]} kind of the engine that is awaited
 * @returns {MapEngine}
 */
export function blankEngine(element, kind) {
  /** @type {Camera} */
  let camera = { centre: [0, 0], zoom: 0 };
  const nothing = () => {};
  return {
    kind,
    aboveCover: true,
    camera: () => camera,
    move: (to) => {
      camera = to;
    },
    size: () => [element.clientWidth, element.clientHeight],
    putZone: nothing,
    dropZone: nothing,
    putSpace: nothing,
    dropSpace: nothing,
    putLabel: nothing,
    dropLabel: nothing,
    putPosition: nothing,
    putPin: nothing,
    destroy: nothing,
  };
}
