// SPDX-License-Identifier: AGPL-3.0-or-later
// What the zone editor's modules hand to each other, and what the server says. Places are WGS 84 degrees, longitude
// first; lengths are true metres; rings are open: their first corner is not repeated.

export type Pair = [number, number];

export type Mode = "parallel" | "perpendicular" | "diagonal" | "free";

/** The rules beside the map, as the form shows them. */
export interface Fields {
  name: string;
  slug: string;
  mode: Mode;
  angle_deg: number | null;
  slot_length_m: number | null;
  slot_width_m: number | null;
  spacing_m: number | null;
  mixed_sizes: boolean;
  access: string;
  hours: string;
  validity_s: number | null;
  enabled: boolean;
}

/** What undo goes back to; never changed in place. */
export interface Draft {
  rings: readonly Pair[][];
  kerb: Pair[] | null;
  access: readonly Pair[][];
  fields: Fields;
}

export type Kind = "ring" | "kerb" | "access";

/** One line of a draft: the outline, a hole, the kerb, an access edge. */
export interface Path {
  key: string;
  kind: Kind;
  index: number;
  closed: boolean;
  points: Pair[];
  label: string;
}

/** What a pointer does on the map. */
export type Tool = { name: "edit" } | { name: "move" } | { name: "split" } | { name: "draw"; kind: Kind };

export interface Finding {
  field: string;
  message: string;
  refused: boolean;
  lonlat: Pair | null;
}

export interface Around {
  zones: { slug: string; name: string; state: "on" | "off" | "proposed"; rings: Pair[][]; kerb: Pair[] | null }[];
  views: { name: string; rings: Pair[][] }[];
}

export interface Judgement {
  findings: Finding[];
  area_m2: number | null;
  wide_m: number | null;
  slots: Pair[][];
  seen: { camera: string; share: number }[];
  touching: { slug: string; name: string }[];
  /** Of the line to split along, when one was sent. */
  split: { parts: { name: string; area_m2: number; rings: Pair[][] }[]; message: string; possible: boolean } | null;
}

export interface Saved {
  url: string;
  message: string;
}

export interface Config {
  zone: string;
  isNew: boolean;
  standing: string;
  basedOn: string | null;
  draft: Draft;
  urls: Record<"judge" | "around" | "save" | "split" | "merge" | "list", string>;
  defaults: Record<Mode, { slot_length_m: number; slot_width_m: number; spacing_m: number }>;
  extent: [number, number, number, number] | null;
  tileUrl: string;
  tileAttribution: string;
  tileMaxZoom: number;
}

/** What a person does on the map. */
export interface MapHandlers {
  moved(key: string, index: number, to: Pair, merge: string): void;
  inserted(key: string, after: number, at: Pair): void;
  removed(key: string, index: number): void;
  activated(key: string): void;
  shifted(draft: Draft, merge: string): void;
  /** A line was drawn to its end. */
  drawn(points: Pair[]): void;
  /** The line that is being drawn has so many points now; null: none is. */
  drawing(count: number | null): void;
  looked(bounds: [number, number, number, number]): void;
}

/** What the map draws. */
export interface Scene {
  draft: Draft;
  active: string | null;
  tool: Tool;
  snap: boolean;
  judgement: Judgement | null;
  layers: { zones: boolean; views: boolean; slots: boolean };
}
