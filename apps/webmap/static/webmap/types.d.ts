// SPDX-License-Identifier: AGPL-3.0-or-later
// What the page's modules hand to each other. Times are server time in ms since 1970; angles and places are WGS 84
// degrees, longitude first; lengths are true metres.
//
// A module takes from here what it needs:  /** @import { Space, Zone } from "./types" */

/** Longitude, latitude. */
export type LonLat = [number, number];
/** Closed: the last corner is the first. */
export type Ring = LonLat[];
/** West, south, east, north. */
export type Box = [number, number, number, number];

export type Orientation = "parallel" | "perpendicular" | "diagonal" | "free";
export type Access = "public" | "residents" | "private";
/** Unknown is not full: nobody looked lately. Closed is neither: its hours forbid parking now, whatever is free. */
export type ZoneStatus = "free" | "full" | "unknown" | "closed";

export interface Zone {
  id: string;
  name: string;
  rings: Ring[];
  bounds: Box;
  /** null: unknown, never 0. */
  free: number | null;
  observedAt: number | null;
  validUntil: number;
  /** Whether its hours allow parking now. */
  open: boolean;
  /** Until when they do, while it is open; null: no end is known. */
  closesAt: number | null;
  /** When they do again, while it is closed; null: nobody can say. */
  opensAt: number | null;
  orientation: Orientation;
  access: Access;
}

export interface Space {
  id: string;
  /** The id of its zone. */
  zone: string;
  rings: Ring[];
  centre: LonLat;
  lengthM: number;
  widthM: number;
  /** Share, 0 to 1. */
  confidence: number;
  /** Share of its ground that stands behind a parked car, 0 to 1. */
  hiddenShare: number;
  observedAt: number;
  validUntil: number;
  orientation: Orientation;
  access: Access;
  /** To what length and width it could grow where it is; null when the server does not say. */
  roomLengthM: number | null;
  roomWidthM: number | null;
}

/** The device's own place; it stays on the device. */
export interface Position {
  lon: number;
  lat: number;
  accuracyM: number;
}

export interface Place {
  lon: number;
  lat: number;
}

/** The left car, and where the driver wants to go. */
export type PinName = "car" | "goal";

export interface VehicleClass {
  length_m: number;
  width_m: number;
}

/** What the server hands to the page, `<script id="config">`. */
export interface PageConfig {
  zonesUrl: string;
  spacesUrl: string;
  workerUrl: string;
  pollS: number;
  /** Of all public zones; null when there are none, or when the database is away. */
  extent: Box | null;
  tileUrl: string;
  tileAttribution: string;
  tileMaxZoom: number;
  /** Address of a PMTiles file; empty: none. */
  pmtilesUrl: string;
  google: GoogleConfig | null;
  leafletUrls: { script: string; style: string };
  vehicleClasses?: VehicleClass[];
  /** OSRM table service with its profile; empty: straight lines. */
  routingUrl?: string;
  /** Template of a place search: {q}, {lat}, {lon}, {lang}; empty: none. */
  geocoderUrl?: string;
  geocoderAttribution?: string;
}

export interface GoogleConfig {
  key: string;
  mapId: string;
  /** Channel or number of the API: "quarterly", "weekly", "3.62". */
  version: string;
  /** BCP 47. */
  language: string;
  /** Country code by whose law borders are drawn; empty: as Google chooses. */
  region: string;
}

/** Words by name, `<script id="strings">`; entries with plural forms have one per category of Intl.PluralRules. */
export type Strings = Record<string, string | Partial<Record<Intl.LDMLPluralRule, string>>>;

export interface MapHandlers {
  moved(): void;
  spaceChosen(id: string): void;
  zoneChosen(id: string): void;
  nothingChosen(): void;
  showAll(): void;
}

/** Google's map or Leaflet's: the same behaviour by the same calls. */
export interface MapAdapter {
  readonly kind: "google" | "leaflet";
  /** The first view, without animation; kept in view until somebody moves the map. */
  open(bounds: Box): void;
  showWorld(): void;
  fit(bounds: Box, options?: { animate?: boolean; maxZoom?: number }): void;
  focus(place: LonLat, zoom?: number): void;
  view(): Box;
  zoom(): number;
  drawZones(zones: Zone[]): void;
  drawSpaces(spaces: Space[], now: number): void;
  select(spaceId: string | null): void;
  showPosition(position: Position | null): void;
  showCar(car: Place | null): void;
  /** Where the driver wants to go. */
  showPlace(place: Place | null): void;
  /** Pixels of the map that something else covers. */
  padding(covered: { bottom: number; left: number }): void;
  destroy(): void;
}

export interface Camera {
  centre: LonLat;
  /** As both libraries count it: the world is 256 px wide at 0. */
  zoom: number;
}

/** A word on the map for one zone, or for several that are too near each other at this zoom. */
export interface Label {
  key: string;
  /** Where its foot stands. */
  place: LonLat;
  words: string;
  state: ZoneStatus;
  /** For who does not see it. */
  title: string;
  /** Ids. */
  zones: string[];
  bounds: Box;
  /** Left, top, right, bottom in world pixels at the zoom it was placed for. */
  box: Box;
}

/** What an engine tells the scene. */
export interface SceneEvents {
  /** The map has come to rest. */
  moved(): void;
  /** The map has another size. */
  reopen(): void;
  tapped(place: LonLat): void;
  labelChosen(key: string): void;
  labelFocused(key: string): void;
}

/** What draws: each call changes one thing on the map. */
export interface MapEngine {
  readonly kind: "google" | "leaflet";
  /** Its frame ends where the page's panel begins, because nothing may lie over its credits. */
  readonly aboveCover: boolean;
  camera(): Camera;
  move(camera: Camera, animate: boolean): void;
  /** Width and height, pixels. */
  size(): [number, number];
  putZone(zone: Zone, state: ZoneStatus): void;
  dropZone(id: string): void;
  putSpace(space: Space, look: { fade: number; selected: boolean; moved: boolean }): void;
  dropSpace(id: string): void;
  putLabel(label: Label): void;
  dropLabel(key: string): void;
  putPosition(position: Position | null): void;
  putPin(name: PinName, place: Place | null): void;
  destroy(): void;
}

/** GeoJSON as the API writes it. */
export interface FeatureCollection {
  features: Feature[];
}

export interface Feature {
  id: string;
  geometry: { type: "Polygon"; coordinates: Ring[] };
  properties: Record<string, any>;
}
