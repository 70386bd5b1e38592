// SPDX-License-Identifier: AGPL-3.0-or-later
// The editor of a zone's outline and kerb in the admin: a street is small, so it zooms in further than django-leaflet's
// field, shows the zones as a guide (a map without tiles would be blank), and does not let edges cross while drawing.
"use strict";

L.SparkZoneField = L.GeometryField.extend({
  _setView() {
    const guide = this._showOutlines();
    const drawn = this.drawnItems.getLayers().length > 0 ? this.drawnItems : null;
    const target = drawn ?? guide.own ?? guide.all;
    if (target) this._map.fitBounds(target.getBounds(), { maxZoom: 20, padding: [30, 30] });
  },

  // The zone's own outline guides its kerb; on the outline's own map the editable one stands for it.
  _showOutlines() {
    const outlines = JSON.parse(document.getElementById("spark-zone-outlines").textContent).features;
    const isOwn = (feature) => feature.properties.own;
    const show = (features, style) => {
      if (features.length === 0) return null;
      return L.geoJSON(features, { interactive: false, style }).addTo(this._map);
    };
    const others = show(outlines.filter((feature) => !isOwn(feature)), {
      color: "#6b7280",
      weight: 1,
      dashArray: "4 3",
      fillOpacity: 0.08,
    });
    const own = this.options.is_polygon ? null : show(outlines.filter(isOwn), { color: "#0a7a43", weight: 2 });
    return { own, all: others };
  },

  _controlDrawOptions() {
    const options = L.GeometryField.prototype._controlDrawOptions.call(this);
    if (options.draw.polygon) {
      options.draw.polygon = { allowIntersection: false, showArea: true };
    }
    options.draw.marker = false;
    return options;
  },
});
