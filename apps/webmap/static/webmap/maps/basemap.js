// SPDX-License-Identifier: AGPL-3.0-or-later
// What lies under the zones on Leaflet's map: tiles of a server, a file of tiles on this server, or a quiet grid that
// needs nothing. A tile that does not come leaves a hole and stops nothing.
/* global L */

import { MAX_ZOOM } from "./scene.js";

/** @import { PageConfig } from "../types" */

/** @param {PageConfig} config @returns {L.GridLayer} */
export function background(config) {
  if (config.tileUrl) {
    return L.tileLayer(config.tileUrl, {
      attribution: config.tileAttribution,
      maxZoom: MAX_ZOOM,
      maxNativeZoom: config.tileMaxZoom,
      className: "tiles",
    });
  }
  return plainGrid();
}

function plainGrid() {
  const Grid = L.GridLayer.extend({
    options: { maxZoom: MAX_ZOOM },
    createTile() {
      return L.DomUtil.create("div", "plain-tile");
    },
  });
  return new Grid();
}
