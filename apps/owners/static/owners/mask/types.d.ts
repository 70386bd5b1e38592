// SPDX-License-Identifier: AGPL-3.0-or-later
// What the mask page's modules hand each other.

/** x right, y down, pixels of the picture. */
export type Point = [number, number];
export type Ring = Point[];

export interface Config {
  urls: { save: string; frame: string; next: string; leave: string; back: string };
  polygons: Ring[];
  imageSize: Point | null;
  maxPolygons: number;
  maxCorners: number;
  words: Record<string, string>;
}

/** A handle on the picture: a whole shape, a corner of it, or the place of a new corner. */
export interface Handle {
  kind: "shape" | "corner" | "middle";
  shape: number;
  corner: number;
}
