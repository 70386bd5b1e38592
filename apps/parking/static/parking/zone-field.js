// SPDX-License-Identifier: AGPL-3.0-or-later
// The zone editor of the admin: a street is small, so it zooms in further than django-leaflet's field, shows the
// other zones as a guide (a map without tiles would be blank), and does not let edges cross while drawing.
"use strict";

L.SparkZoneField = L.GeometryField.extend({
  _setView() {
    const drawn = this.drawnItems.getLayers().length > 0;
    this._showOtherZones();
    if (drawn) {
      this._map.fitBounds(this.drawnItems.getBounds(), { maxZoom: 20, padding: [30, 30] });
    } else if (this._others && this._others.getLayers().length > 0) {
      this._map.fitBounds(this._others.getBounds(), { maxZoom: 19, padding: [30, 30] });
    }
  },

  _showOtherZones() {
    const element = document.getElementById("spark-other-zones");
    if (!element) return;
    this._others = L.geoJSON(JSON.parse(element.textContent), {
      interactive: false,
      style: { color: "#6b7280", weight: 1, dashArray: "4 3", fillOpacity: 0.08 },
    }).addTo(this._map);
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
