// SPDX-License-Identifier: AGPL-3.0-or-later
// The ground: tiles of the site's own setting or a plain background, the zones as a guide, and the frame laid on it.

import { createGroundMap, toLatLng, toPair } from "../admin/ground-map.js";
import { keepApart } from "../admin/labels.js";
import { drawResiduals } from "./drawing.js";
import { createMarkers } from "./pane.js";
import { text } from "../admin/words.js";

/** @import { Config, Pair, PaneHandlers, Scene } from "./types" */

/** @param {Pair[][]} rings */
const latLngs = (rings) => rings.map((ring) => ring.map(toLatLng));

/** @param {HTMLElement} element @param {Config} config @param {PaneHandlers} handlers */
export function createMapPane(element, config, handlers) {
  const map = createGroundMap(element, config);
  map.createPane("warp").classList.add("cal-warp-pane");
  const guides = L.featureGroup().addTo(map);
  /** @type {L.Marker[]} */
  const names = [];
  for (const zone of config.zones) {
    const name = document.createElement("span");
    name.textContent = zone.name;
    const shape = L.polygon(latLngs(zone.rings), { className: "cal-zone", interactive: false }).addTo(guides);
    const icon = L.divIcon({ className: "cal-text cal-zone-name", iconSize: [0, 0], html: name });
    names.push(L.marker(shape.getBounds().getCenter(), { icon, interactive: false, keyboard: false, zIndexOffset: -2000 }).addTo(guides));
  }
  const lines = L.layerGroup().addTo(map);
  const arrows = L.layerGroup().addTo(map);
  /** @type {Record<"frame" | "errors", L.ImageOverlay | null>} */
  const laid = { frame: null, errors: null };

  const markers = createMarkers(map, "lonlat", {
    toLatLng,
    toPair,
    nudged: (at, [dx, dy]) => toPair(map.unproject(map.project(toLatLng(at)).add([dx, dy]))),
    accepts: () => true,
  }, handlers);
  new ResizeObserver(() => map.invalidateSize({ animate: false })).observe(element);
  /** @type {Scene | null} */
  let shown = null;

  /** @param {Scene} scene */
  function drawArrows(scene) {
    arrows.clearLayers();
    const factor = drawResiduals(map, arrows, scene, "lonlat", toLatLng);
    element.dataset.factor = factor > 1 ? text("longer", { factor }) : "";
  }

  return {
    /** The first view: what is being worked on, else what the camera saw, else the zones. @param {Pair[]} places */
    open(places) {
      const view = config.view.flat();
      const wanted = places.length ? places : view.length ? view : config.zones.flatMap((zone) => zone.rings.flat());
      if (wanted.length) {
        map.fitBounds(L.latLngBounds(wanted.map(toLatLng)), { animate: false, maxZoom: 20, padding: [30, 30] });
      } else map.setView([25, 10], 2, { animate: false });
      map.on("zoomend", () => shown && drawArrows(shown));
      map.on("zoomend", () => keepApart(names));
      guides.on("add", () => keepApart(names));
      keepApart(names);
    },
    /** @param {Pair} place */
    goTo(place) {
      if (!map.getBounds().pad(-0.1).contains(toLatLng(place))) {
        map.setView(toLatLng(place), Math.max(map.getZoom(), 19), { animate: false });
      }
    },
    /**
     * Lay a picture on the ground, or take it away.
     * @param {"frame" | "errors"} layer @param {Blob | null} image @param {[number, number, number, number]} [bounds]
     */
    lay(layer, image, bounds) {
      const before = laid[layer];
      laid[layer] = null;
      if (image && bounds) {
        const [west, south, east, north] = bounds;
        const url = URL.createObjectURL(image);
        const overlay = L.imageOverlay(url, [[south, west], [north, east]], { pane: "warp", className: `cal-laid ${layer}` });
        overlay.once("load", () => {
          URL.revokeObjectURL(url);
          before?.remove();
        });
        laid[layer] = overlay.addTo(map);
        this.setOpacity(shown?.layers.opacity ?? 0.7);
      } else before?.remove();
    },
    /** @param {number} opacity */
    setOpacity(opacity) {
      laid.frame?.setOpacity(opacity);
      laid.errors?.setOpacity(0.6);
    },
    /** @param {Scene} scene */
    update(scene) {
      shown = scene;
      const { solution, layers } = scene;
      lines.clearLayers();
      if (layers.zones) guides.addTo(map);
      else guides.remove();
      if (solution?.state === "fitted") {
        if (layers.area) {
          const area = latLngs(solution.believed.lonlat);
          L.polygon(area, { className: "cal-area", fill: false, interactive: false }).addTo(lines);
        }
        if (solution.pose) {
          const name = document.createElement("span");
          name.textContent = text("camera");
          const icon = L.divIcon({ className: "cal-text cal-camera-name", iconSize: [0, 0], html: name });
          const at = toLatLng(solution.pose.lonlat);
          L.circleMarker(at, { radius: 6, className: "cal-camera", interactive: false }).addTo(lines);
          L.marker(at, { icon, interactive: false, keyboard: false, zIndexOffset: -2000 }).addTo(lines);
        }
      }
      drawArrows(scene);
      markers.update(scene);
    },
    /** @param {string} id */
    focusPoint: (id) => markers.focus(id),
    focus: () => element.focus({ preventScroll: true }),
    /** @returns {Pair} */
    centre: () => toPair(map.getCenter()),
  };
}
