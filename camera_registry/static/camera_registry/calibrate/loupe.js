// SPDX-License-Identifier: AGPL-3.0-or-later
// A magnifying glass over the frame: what lies under the pointer or the point that is moved, pixel by pixel.

/** @import { Pair } from "./types" */

const SIZE_PX = 168;
const MAGNIFIES = 8;

/** @param {HTMLElement} pane */
export function createLoupe(pane) {
  const canvas = document.createElement("canvas");
  canvas.className = "loupe";
  canvas.setAttribute("aria-hidden", "true");
  canvas.hidden = true;
  pane.append(canvas);
  const density = Math.min(2, window.devicePixelRatio || 1);
  canvas.width = canvas.height = SIZE_PX * density;
  const pencil = canvas.getContext("2d");

  return {
    /**
     * @param {ImageBitmap | null} picture @param {Pair | null} at pixel of the picture
     * @param {{ x: number, y: number } | null} where on the pane, so that the glass keeps out of the way
     */
    show(picture, at, where) {
      canvas.hidden = picture === null || at === null;
      if (!picture || !at || !pencil) return;
      if (where) canvas.classList.toggle("left", where.x > pane.clientWidth - SIZE_PX - 60 && where.y < SIZE_PX + 60);
      const side = canvas.width / density / MAGNIFIES;
      pencil.imageSmoothingEnabled = false;
      pencil.fillStyle = "#222";
      pencil.fillRect(0, 0, canvas.width, canvas.height);
      pencil.drawImage(picture, at[0] - side / 2, at[1] - side / 2, side, side, 0, 0, canvas.width, canvas.height);
      cross(pencil, canvas.width, density);
    },
  };
}

/** Dark on light, so that it shows on any picture. @param {CanvasRenderingContext2D} pencil @param {number} side @param {number} density */
function cross(pencil, side, density) {
  const middle = side / 2;
  for (const [width, colour] of /** @type {[number, string][]} */ ([
    [3, "#000"],
    [1, "#fff"],
  ])) {
    pencil.lineWidth = width * density;
    pencil.strokeStyle = colour;
    pencil.beginPath();
    for (const [x, y] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
      pencil.moveTo(middle + x * 6 * density, middle + y * 6 * density);
      pencil.lineTo(middle + x * middle, middle + y * middle);
    }
    pencil.stroke();
  }
}
