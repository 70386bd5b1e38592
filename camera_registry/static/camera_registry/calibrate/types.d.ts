// SPDX-License-Identifier: AGPL-3.0-or-later
// What the calibrating page's modules hand to each other, and what the server says. Pixels are continuous, x right and
// y down from the picture's top-left corner; places are WGS 84 degrees, longitude first; lengths are true metres.

export type Pair = [number, number];
/** The two halves of a control point: where it is in the picture, and where it is on the ground. */
export type Half = "px" | "lonlat";

export interface Point {
  id: string;
  name: string;
  px: Pair | null;
  lonlat: Pair | null;
  /** Points that are not kept are not used; they check the others. */
  kept: boolean;
}

/** Where something upright stands on the ground, and its upper end. */
export type End = "foot" | "top";

/** Something upright of known height; what is not known yet is null. Height in metres. */
export interface HeightMark {
  id: string;
  name: string;
  foot_px: Pair | null;
  top_px: Pair | null;
  height_m: number | null;
  kept: boolean;
}

/** What undo goes back to; never changed in place. */
export interface Draft {
  points: readonly Point[];
  lens: "auto" | null | number;
  fovDeg: number | null;
  /** Longitude, latitude, height in metres; null: estimated. */
  place: [number, number, number] | null;
  heights: readonly HeightMark[];
  imageSize: Pair | null;
}

export interface PointResult {
  id: string;
  seen_px: Pair | null;
  landed_lonlat: Pair | null;
  residual_px: number | null;
  residual_m: number | null;
  leave_one_out_m: number | null;
  /** How strongly the others speak against it; from 1 on it is suspected. */
  disagreement: number | null;
  suspect: boolean;
}

export interface HeightResult {
  id: string;
  /** Where the fitted camera sees the top. */
  top_px: Pair | null;
  off_px: number | null;
  disagreement: number | null;
  suspect: boolean;
}

/** Where the others expect the half that is missing. */
export interface Expected {
  id: string;
  px: Pair | null;
  lonlat: Pair | null;
}

export interface Fitted {
  state: "fitted";
  message: string;
  named: string[];
  points: PointResult[];
  expected: Expected[];
  rmse_m: number;
  rmse_px: number;
  leave_one_out_rmse_m: number | null;
  condition_number: number;
  lens_k: number | null;
  pose: {
    lonlat: Pair;
    height_m: number;
    fov_deg: number;
    place_sigma_m: number | null;
    height_sigma_m: number | null;
  } | null;
  heights: { refused: boolean; message: string; named: string[]; marks: HeightResult[] };
  horizon_px: Pair[][];
  believed: { px: Pair[][]; lonlat: Pair[][] };
  zones: { name: string; px: Pair[][]; seen_share: number; worst_sigma_m: number | null }[];
  errors: { picture: string; lines: { level_m: number; px: Pair[][] }[] };
  notes: string[];
}

export interface Unfitted {
  state: "waiting" | "refused";
  message: string;
  named: string[];
}

export type Solution = Fitted | Unfitted;

export interface Layers {
  residuals: boolean;
  area: boolean;
  zones: boolean;
  errors: boolean;
  warp: boolean;
  /** Of the frame on the map, 0 to 1. */
  opacity: number;
}

export interface Config {
  camera: string;
  urls: Record<"solve" | "warp" | "points" | "frame" | "next" | "leave" | "save", string>;
  cameraUrl: string;
  imageSize: Pair | null;
  maxFrameBytes: number;
  zones: { name: string; rings: Pair[][] }[];
  /** Rings of the ground that the calibration in use shows. */
  view: Pair[][];
  versions: { version: number; note: string; points: (SavedPoint | SavedHeight)[]; imageSize: Pair }[];
  /** What the script says, in the reader's language. */
  words: Record<string, string>;
  first: boolean;
  colourRangeM: Pair;
  tileUrl: string;
  tileAttribution: string;
  tileMaxZoom: number;
}

export interface SavedPoint {
  name: string;
  px: Pair;
  lonlat: Pair;
  kept?: boolean;
}

/** A thing of known height, which is kept among the points of a version. */
export interface SavedHeight {
  name: string;
  foot_px: Pair;
  top_px: Pair;
  height_m: number;
  kept?: boolean;
}

/** What a person does with things of known height. */
export interface HeightHandlers {
  moved(id: string, end: End, to: Pair, merge: string): void;
  removed(id: string): void;
  toggled(id: string): void;
  selected(id: string): void;
  /** Enter on an end: on to the other end, or to the metres. */
  onwards(id: string, end: End): void;
  lookedAt(at: Pair): void;
}

/** What a person does in a pane. */
export interface PaneHandlers {
  /** A click, or Enter with the cross hair in the middle; returns the point to focus, if it is one. */
  placed(half: Half, at: Pair, byKey: boolean): string | null;
  moved(id: string, half: Half, to: Pair, merge: string): void;
  selected(id: string): void;
  removed(id: string): void;
  toggled(id: string): void;
  /** Enter on a marker: on to the other half, or to the next point. */
  onwards(id: string, half: Half): void;
  /** The pointer or a marker is at this pixel; null: nowhere. */
  lookedAt(half: Half, at: Pair | null): void;
}

/** What both panes draw. */
export interface Scene {
  points: readonly Point[];
  heights: readonly HeightMark[];
  selected: string | null;
  solution: Solution | null;
  layers: Layers;
}
