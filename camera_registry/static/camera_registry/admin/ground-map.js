// SPDX-License-Identifier: AGPL-3.0-or-later
// The ground that the admin's pages draw on: tiles of the site's own setting or a plain background.

/** The ground is drawn to the centimetre, farther in than tiles reach. */
const MAX_ZOOM = 24;

/** A place in longitude and latitude, degrees. @typedef {readonly [number, number]} LonLat */

/** @param {LonLat} lonlat */
export const toLatLng = ([lon, lat]) => L.latLng(lat, lon);
/** Eight decimals are a millimetre. @param {L.LatLng} at @returns {[number, number]} */
export const toPair = (at) => [Number(at.lng.toFixed(8)), Number(at.lat.toFixed(8))];

/** @param {HTMLElement} element @param {{ tileUrl: string, tileAttribution: string, tileMaxZoom: number }} config */
export function createGroundMap(element, config) {
  const map = L.map(element, {
    maxZoom: MAX_ZOOM,
    minZoom: 2,
    zoomSnap: 0.25,
    zoomDelta: 0.5,
    keyboard: false,
    zoomAnimation: false,
    doubleClickZoom: false,
    worldCopyJump: true,
  });
  map.attributionControl.setPrefix(false);
  L.control.scale({ imperial: false }).addTo(map);
  if (config.tileUrl) {
    const options = { attribution: config.tileAttribution, maxZoom: MAX_ZOOM, maxNativeZoom: config.tileMaxZoom };
    L.tileLayer(config.tileUrl, options).addTo(map);
  }
  return map;
}
