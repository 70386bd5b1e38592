// SPDX-License-Identifier: AGPL-3.0-or-later
// Names on a map that do not lie over each other.

/**
 * Show of these labels, in their order, each that lies over none shown before; zooming in shows the others.
 * @param {readonly L.Marker[]} markers whose icons hold one element, the words
 */
export function keepApart(markers) {
  /** @type {DOMRect[]} */
  const taken = [];
  for (const marker of markers) {
    const words = /** @type {HTMLElement | null} */ (marker.getElement()?.firstElementChild ?? null);
    if (!words) continue; // its layer is not shown
    const box = words.getBoundingClientRect();
    const free = taken.every(
      (other) => box.right < other.left || box.left > other.right || box.bottom < other.top || box.top > other.bottom,
    );
    words.style.visibility = free ? "" : "hidden";
    if (free) taken.push(box);
  }
}
