// SPDX-License-Identifier: AGPL-3.0-or-later
// Reads a PMTiles file (version 3, https://github.com/protomaps/PMTiles): one file with all tiles of a map, of which only
// the bytes that are needed are asked for. Directories list tiles by their place on a Hilbert curve.

/** The header and, as the format promises, the whole root directory lie in the first bytes. */
const BEGIN_BYTES = 16384;
const HEADER_BYTES = 127;
/** Directories kept in memory; each lists some thousand tiles. */
const DIRECTORIES_KEPT = 40;
/** A tile is found after the root and at most this many directories below it. */
const MAX_DEPTH = 4;
const NO_COMPRESSION = 1;
const GZIP = 2;
/** @type {Record<number, string>} tile kinds that a browser can show */
const PICTURES = { 2: "image/png", 3: "image/jpeg", 4: "image/webp", 5: "image/avif" };

/** @typedef {{id: number, run: number, length: number, offset: number}} Entry */
/** @typedef {{root: Entry[], leaves: number, tiles: number, metadata: [number, number], compression: number, kind: string, minZoom: number, maxZoom: number}} Header */

export class PmTiles {
  /** @param {string} url */
  constructor(url) {
    this.url = url;
    /** @type {Promise<Header> | null} */
    this.begin = null;
    /** @type {Map<number, Promise<Entry[]>>} by offset, the latest used last */
    this.directories = new Map();
  }

  /** @returns {Promise<Header>} @throws Error when the file cannot be reached or read */
  header() {
    this.begin ??= this.readHeader();
    return this.begin;
  }

  /**
   * A picture, or null where the file has none.
   * @param {number} z
   * @param {number} x
   * @param {number} y
   */
  async tile(z, x, y) {
    const header = await this.header();
    if (z < header.minZoom || z > header.maxZoom) return null;
    const id = tileId(z, x, y);
    let directory = header.root;
    for (let depth = 0; depth < MAX_DEPTH; depth += 1) {
      const entry = find(directory, id);
      if (!entry) return null;
      if (entry.run > 0) {
        const bytes = await this.bytes(header.tiles + entry.offset, entry.length);
        return new Blob([bytes], { type: header.kind });
      }
      directory = await this.directory(header, entry);
    }
    throw new Error("directories without end");
  }

  /** What the file says about itself. @returns {Promise<Record<string, unknown>>} */
  async metadata() {
    const { metadata: [offset, length], compression } = await this.header();
    if (length === 0) return {};
    const bytes = await unpacked(await this.bytes(offset, length), compression);
    return JSON.parse(new TextDecoder().decode(bytes));
  }

  async readHeader() {
    const bytes = await this.bytes(0, BEGIN_BYTES);
    const view = new DataView(bytes);
    const magic = new TextDecoder().decode(bytes.slice(0, 7));
    if (magic !== "PMTiles" || view.getUint8(7) !== 3) throw new Error("no PMTiles file of version 3");
    /** @param {number} at */
    const u64 = (at) => Number(view.getBigUint64(at, true));
    const kind = PICTURES[view.getUint8(99)];
    if (!kind) throw new Error("its tiles are no pictures");
    const compression = view.getUint8(97);
    const root = await unpacked(bytes.slice(u64(8), u64(8) + u64(16)), compression);
    if (u64(8) < HEADER_BYTES || u64(8) + u64(16) > BEGIN_BYTES) throw new Error("root directory out of place");
    return {
      root: readDirectory(new Uint8Array(root)),
      metadata: /** @type {[number, number]} */ ([u64(24), u64(32)]),
      leaves: u64(40),
      tiles: u64(56),
      compression,
      kind,
      minZoom: view.getUint8(100),
      maxZoom: view.getUint8(101),
    };
  }

  /** @param {Header} header @param {Entry} entry */
  directory(header, entry) {
    let found = this.directories.get(entry.offset);
    this.directories.delete(entry.offset);
    found ??= this.bytes(header.leaves + entry.offset, entry.length)
      .then((bytes) => unpacked(bytes, header.compression))
      .then((bytes) => readDirectory(new Uint8Array(bytes)));
    // One that did not come is asked for again, not remembered.
    found.catch(() => this.directories.delete(entry.offset));
    this.directories.set(entry.offset, found);
    for (const [oldest] of this.directories) {
      if (this.directories.size <= DIRECTORIES_KEPT) break;
      this.directories.delete(oldest);
    }
    return found;
  }

  /** @param {number} offset @param {number} length */
  async bytes(offset, length) {
    const headers = { Range: `bytes=${offset}-${offset + length - 1}` };
    const response = await fetch(this.url, { headers, credentials: "omit" });
    if (response.status !== 206) throw new Error(`${response.status} instead of a part of the file`);
    return response.arrayBuffer();
  }
}

/**
 * Place of a tile in the file: all tiles of lower zooms come first, then along the Hilbert curve.
 * @param {number} z
 * @param {number} x
 * @param {number} y
 */
export function tileId(z, x, y) {
  let id = (4 ** z - 1) / 3;
  for (let half = 2 ** (z - 1); half >= 1; half /= 2) {
    const right = (x & half) > 0 ? 1 : 0;
    const down = (y & half) > 0 ? 1 : 0;
    id += half * half * ((3 * right) ^ down);
    if (down === 0) {
      // The curve in this quarter lies turned; only the bits below still count.
      if (right === 1) [x, y] = [half - 1 - x, half - 1 - y];
      [x, y] = [y, x];
    }
  }
  return id;
}

/** The entry that holds a tile, or the directory in which to look on. @param {Entry[]} entries @param {number} id */
function find(entries, id) {
  let low = 0;
  let high = entries.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    if (entries[middle].id <= id) low = middle + 1;
    else high = middle - 1;
  }
  const entry = entries[high];
  if (!entry || (entry.run > 0 && id >= entry.id + entry.run)) return null;
  return entry;
}

/** Columns of variable-length numbers: ids as differences, runs, lengths, offsets. @param {Uint8Array} bytes */
function readDirectory(bytes) {
  let at = 0;
  const next = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      if (at >= bytes.length) throw new Error("directory cut off");
      const byte = bytes[at];
      at += 1;
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  const count = next();
  /** @type {Entry[]} */
  const entries = [];
  let id = 0;
  for (let i = 0; i < count; i += 1) entries.push({ id: (id += next()), run: 0, length: 0, offset: 0 });
  for (const entry of entries) entry.run = next();
  for (const entry of entries) entry.length = next();
  entries.forEach((entry, i) => {
    const coded = next();
    // 0: right behind the one before.
    entry.offset = coded === 0 && i > 0 ? entries[i - 1].offset + entries[i - 1].length : coded - 1;
  });
  return entries;
}

/** @param {ArrayBuffer} bytes @param {number} compression */
async function unpacked(bytes, compression) {
  if (compression === NO_COMPRESSION) return bytes;
  if (compression !== GZIP) throw new Error("compressed as browsers cannot read it");
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
}
