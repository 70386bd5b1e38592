// SPDX-License-Identifier: AGPL-3.0-or-later
// What lies under the zones on Leaflet's map: tiles of a server, a file of tiles on this server, or a quiet grid that
// needs nothing. A tile that does not come leaves a hole and stops nothing.
/* global L */

import { MAX_ZOOM } from "./scene.js";

/** @import { PageConfig } from "../types" */
/** @import { PmTiles } from "./pmtiles.js" */

/** @param {PageConfig} config @returns {L.Layer} */
export function background(config) {
  if (config.pmtilesUrl) return tileFile(config);
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

/** Tiles of a file: nothing until it is known what the file holds, the plain grid when it cannot be read. @param {PageConfig} config */
function tileFile(config) {
  const group = L.layerGroup();
  opened(config.pmtilesUrl).then(
    ([archive, header, about]) => {
      const Tiles = L.GridLayer.extend({
        options: {
          attribution: config.tileAttribution || harmless(about.attribution),
          minNativeZoom: header.minZoom,
          maxNativeZoom: header.maxZoom,
          maxZoom: MAX_ZOOM,
        },
        /** @param {L.Coords} coords @param {L.DoneCallback} done */
        createTile(coords, done) {
          const tile = /** @type {HTMLCanvasElement} */ (L.DomUtil.create("canvas", "tiles"));
          paint(archive, coords, tile).then(() => done(undefined, tile), (error) => done(error, tile));
          return tile;
        },
      });
      group.addLayer(new Tiles());
    },
    () => group.addLayer(plainGrid()),
  );
  return group;
}

/** The reader is fetched where there is a file to read. @param {string} url */
async function opened(url) {
  const { PmTiles } = await import("./pmtiles.js");
  const archive = new PmTiles(url);
  /** @type {Promise<Record<string, unknown>>} */
  const about = archive.metadata().catch(() => ({}));
  return /** @type {const} */ ([archive, await archive.header(), await about]);
}

/** @param {PmTiles} archive @param {L.Coords} coords @param {HTMLCanvasElement} tile */
async function paint(archive, { z, x, y }, tile) {
  const blob = await archive.tile(z, x, y);
  if (!blob) return;
  const picture = await createImageBitmap(blob);
  tile.width = picture.width;
  tile.height = picture.height;
  tile.getContext("2d")?.drawImage(picture, 0, 0);
  picture.close();
}

/** A credit out of a file that somebody else made: its words and its links, nothing else. @param {unknown} html */
function harmless(html) {
  if (typeof html !== "string") return "";
  const out = document.createElement("span");
  for (const part of html.split(/(<a\b[^>]*>[\s\S]*?<\/a>)/i)) {
    const href = /^<a\b[^>]*\shref=["']?(https?:[^"'\s>]+)/i.exec(part)?.[1];
    const link = href ? document.createElement("a") : out;
    if (href) link.setAttribute("href", href);
    // A text area holds text and no elements; it only turns &copy; into what it stands for.
    const words = document.createElement("textarea");
    words.innerHTML = part.replace(/<[^>]*>/g, "");
    link.append(words.value);
    if (href) out.append(link);
  }
  return out.innerHTML;
}
