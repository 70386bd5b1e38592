// SPDX-License-Identifier: AGPL-3.0-or-later
// Stands in for the Maps JavaScript API in tests: the documented part that the page uses, and strict about it. What the
// documentation does not know, or calls deprecated, throws. It draws plain shapes, so that a person can look at them,
// and loads styles, images, workers and code as the real one does, so that the page's policy is tried.
"use strict";
(() => {
  /** Option names as documented; a test holds them to the published types. */
  const KNOWN = {
    MapOptions: "backgroundColor cameraControl cameraControlOptions center clickableIcons colorScheme controlSize disableDefaultUI disableDoubleClickZoom draggableCursor draggingCursor fullscreenControl fullscreenControlOptions gestureHandling heading headingInteractionEnabled internalUsageAttributionIds isFractionalZoomEnabled keyboardShortcuts mapId mapTypeControl mapTypeControlOptions mapTypeId maxZoom minZoom noClear renderingType restriction rotateControl rotateControlOptions scaleControl scaleControlOptions scrollwheel streetView streetViewControl streetViewControlOptions styles tilt tiltInteractionEnabled zoom zoomControl zoomControlOptions",
    AdvancedMarkerElementOptions: "anchorLeft anchorTop collisionBehavior content gmpClickable gmpDraggable map position title zIndex",
    StyleOptions: "animation clickable cursor draggable editable fillColor fillOpacity icon icons label opacity shape strokeColor strokeOpacity strokeWeight title visible zIndex",
    CircleOptions: "center clickable draggable editable fillColor fillOpacity map radius strokeColor strokeOpacity strokePosition strokeWeight visible zIndex",
    DataOptions: "controlPosition controls drawingMode featureFactory map style",
    FeatureOptions: "geometry id properties",
    CameraOptions: "center heading tilt zoom",
    IconSequence: "fixedRotation icon offset repeat",
    Symbol: "anchor fillColor fillOpacity labelOrigin path rotation scale strokeColor strokeOpacity strokeWeight",
  };
  const check = (kind, options) => {
    const known = KNOWN[kind].split(" ");
    for (const name of Object.keys(options)) if (!known.includes(name)) throw new Error(`InvalidValueError: unknown property ${name} in ${kind}`);
    return options;
  };
  const need = (condition, words) => {
    if (!condition) throw new Error(`InvalidValueError: ${words}`);
  };
  const SVG = "http://www.w3.org/2000/svg";
  const own = new URL(document.currentScript.src);
  const report = (window.standIn = { parameters: Object.fromEntries(own.searchParams), maps: [], features: {}, circles: new Set(), calls: [] });

  // --- events, places ------------------------------------------------------------------------------------------------

  class MVCObject {
    constructor() {
      this.listeners_ = new Map();
    }
    addListener(name, handler) {
      need(typeof name === "string" && typeof handler === "function", "addListener(name, handler)");
      if (!this.listeners_.has(name)) this.listeners_.set(name, new Set());
      this.listeners_.get(name).add(handler);
      return { remove: () => this.listeners_.get(name)?.delete(handler) };
    }
    fire_(name, event) {
      for (const handler of this.listeners_.get(name) ?? []) handler.call(this, event);
    }
  }
  const event = {
    clearInstanceListeners: (instance) => instance.listeners_.clear(),
    trigger: (instance, name, ...rest) => instance.fire_(name, ...rest),
  };
  class LatLng {
    constructor(lat, lng) {
      if (typeof lat === "object") [lat, lng] = lat instanceof LatLng ? [lat.lat(), lat.lng()] : [lat.lat, lat.lng];
      need(Number.isFinite(lat) && Number.isFinite(lng), `not a LatLng: ${lat}, ${lng}`);
      this.lat = () => Math.max(-90, Math.min(90, lat));
      this.lng = () => ((((lng + 180) % 360) + 360) % 360) - 180;
    }
  }
  const place = (value) => {
    need(value && (value instanceof LatLng || (typeof value.lat === "number" && typeof value.lng === "number")), "not a LatLng or LatLngLiteral");
    return new LatLng(value);
  };
  const world = (at, zoom) => {
    const sine = Math.sin((at.lat() * Math.PI) / 180);
    const size = 256 * 2 ** zoom;
    return [((at.lng() + 180) / 360) * size, (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * size];
  };
  const unworld = ([x, y], zoom) => {
    const size = 256 * 2 ** zoom;
    return new LatLng((Math.atan(Math.sinh(Math.PI * (1 - (2 * y) / size))) * 180) / Math.PI, (x / size) * 360 - 180);
  };
  const ColorScheme = { DARK: "DARK", FOLLOW_SYSTEM: "FOLLOW_SYSTEM", LIGHT: "LIGHT" };

  // --- the map -------------------------------------------------------------------------------------------------------

  class GMap extends MVCObject {
    constructor(div, options = {}) {
      super();
      need(div instanceof HTMLElement && div.isConnected, "Map: expected mapDiv of type HTMLElement");
      check("MapOptions", options);
      need(options.colorScheme === undefined || options.colorScheme in ColorScheme, "colorScheme");
      need(["cooperative", "greedy", "none", "auto", undefined].includes(options.gestureHandling), "gestureHandling");
      this.options = options;
      this.div_ = div;
      this.center_ = options.center && place(options.center);
      this.zoom_ = options.zoom;
      this.drawn_ = new Set();
      this.build_();
      report.maps.push(this);
      this.changed_();
    }
    build_() {
      const dark = options_dark(this.options.colorScheme);
      this.div_.style.overflow = "hidden";
      const make = (tag, style, parent) => {
        const element = document.createElement(tag);
        Object.assign(element.style, style);
        parent.append(element);
        return element;
      };
      this.ground_ = make("div", { position: "absolute", inset: "0", background: dark ? "#242f3e" : "#e5e3df", cursor: "grab" }, this.div_);
      this.ground_.className = "gm-style";
      this.ground_.tabIndex = 0;
      this.svg_ = document.createElementNS(SVG, "svg");
      Object.assign(this.svg_.style, { position: "absolute", inset: "0", width: "100%", height: "100%", pointerEvents: "none", fill: "none", stroke: "none", strokeLinecap: "butt" });
      this.ground_.append(this.svg_);
      this.panes_ = make("div", { position: "absolute", inset: "0", pointerEvents: "none" }, this.ground_);
      const credit = make("div", { position: "absolute", right: "0", bottom: "0", font: "10px sans-serif", padding: "2px 5px", background: "#fffb", color: "#222" }, this.ground_);
      credit.className = "gm-credit";
      credit.textContent = "Map data ©2026 Google · Terms";
      const logo = make("div", { position: "absolute", left: "5px", bottom: "2px", font: "bold 16px sans-serif", color: "#5f6368" }, this.ground_);
      logo.className = "gm-logo";
      logo.textContent = "Google";
      this.listen_();
    }
    listen_() {
      let from = null;
      this.ground_.addEventListener("pointerdown", (down) => (from = { x: down.clientX, y: down.clientY, at: this.pixel_(), moved: false }));
      this.ground_.addEventListener("pointermove", (move) => {
        if (!from || !(move.buttons & 1)) return;
        const [dx, dy] = [move.clientX - from.x, move.clientY - from.y];
        if (!from.moved && Math.hypot(dx, dy) < 4) return;
        if (!from.moved) this.fire_("dragstart");
        from.moved = true;
        this.center_ = unworld([from.at[0] - dx, from.at[1] - dy], this.zoom_);
        this.changed_();
      });
      this.ground_.addEventListener("click", (domEvent) => {
        if (from?.moved || domEvent.target.closest("gmp-advanced-marker")) return;
        const box = this.div_.getBoundingClientRect();
        const [x, y] = this.pixel_();
        const at = [x + domEvent.clientX - box.left - box.width / 2, y + domEvent.clientY - box.top - box.height / 2];
        this.fire_("click", { latLng: unworld(at, this.zoom_), domEvent, stop: () => domEvent.stopPropagation() });
      });
      this.ground_.addEventListener("wheel", (wheel) => {
        if (this.options.gestureHandling !== "greedy" && !wheel.ctrlKey) return;
        this.setZoom(this.zoom_ - Math.sign(wheel.deltaY));
      }, { passive: true });
      new ResizeObserver(() => this.changed_()).observe(this.div_);
    }
    pixel_() {
      return world(this.center_, this.zoom_);
    }
    /** Pixel in the map's div. */
    at_(latLng) {
      const [x, y] = world(latLng, this.zoom_);
      const [cx, cy] = this.pixel_();
      return [x - cx + this.div_.clientWidth / 2, y - cy + this.div_.clientHeight / 2];
    }
    changed_() {
      if (!this.center_ || this.zoom_ === undefined) return;
      for (const drawn of this.drawn_) drawn.draw_();
      clearTimeout(this.resting_);
      this.resting_ = setTimeout(() => this.fire_("idle"), 20);
    }
    setCenter(center) {
      this.moveCamera({ center });
    }
    panTo(center) {
      this.moveCamera({ center });
    }
    setZoom(zoom) {
      need(Number.isFinite(zoom), "setZoom: not a number");
      this.moveCamera({ zoom });
    }
    moveCamera(camera) {
      check("CameraOptions", camera);
      if (camera.center) this.center_ = place(camera.center);
      if (camera.zoom !== undefined) {
        const zoom = this.options.isFractionalZoomEnabled ? camera.zoom : Math.round(camera.zoom);
        this.zoom_ = Math.max(this.options.minZoom ?? 0, Math.min(this.options.maxZoom ?? 22, zoom));
      }
      report.calls.push("moveCamera");
      this.changed_();
    }
    getCenter() {
      return this.center_;
    }
    getZoom() {
      return this.zoom_;
    }
    getDiv() {
      return this.div_;
    }
  }
  GMap.DEMO_MAP_ID = "DEMO_MAP_ID";
  const options_dark = (scheme) => scheme === "DARK" || (scheme === "FOLLOW_SYSTEM" && matchMedia("(prefers-color-scheme: dark)").matches);

  // --- the Data layer ------------------------------------------------------------------------------------------------

  class Geometry {}
  const ring = (places) => {
    need(Array.isArray(places) && places.length >= 2, "a path of at least two places");
    return places.map(place);
  };
  class Polygon extends Geometry {
    constructor(rings) {
      super();
      need(Array.isArray(rings) && rings.length, "Data.Polygon: at least one ring");
      this.lines = rings.map(ring);
      this.closed = true;
    }
  }
  class LineString extends Geometry {
    constructor(places) {
      super();
      this.lines = [ring(places)];
    }
  }
  class MultiLineString extends Geometry {
    constructor(lines) {
      super();
      need(Array.isArray(lines), "Data.MultiLineString: an array");
      this.lines = lines.map(ring);
    }
  }
  class Feature extends MVCObject {
    constructor(options = {}) {
      super();
      check("FeatureOptions", options);
      this.id_ = options.id;
      this.geometry_ = options.geometry ?? null;
      this.properties_ = { ...options.properties };
    }
    getId() {
      return this.id_;
    }
    getGeometry() {
      return this.geometry_;
    }
    getProperty(name) {
      return this.properties_[name];
    }
    setProperty(name, value) {
      this.properties_[name] = value;
      this.fire_("setproperty", {});
    }
    setGeometry(geometry) {
      need(geometry instanceof Geometry, "setGeometry");
      this.geometry_ = geometry;
      this.fire_("setgeometry", {});
    }
  }
  const colour = (value) => {
    need(value === undefined || (CSS.supports("color", value) && !/var\(|color-mix|currentcolor/i.test(value)), `not a colour: ${value}`);
    return value;
  };
  class Data extends MVCObject {
    constructor(options) {
      super();
      if (options) check("DataOptions", options);
      this.features_ = new Map();
      this.style_ = options?.style ?? {};
      if (options?.map) this.setMap(options.map);
    }
    setMap(map) {
      this.map_?.drawn_.delete(this);
      for (const element of this.elements_?.values() ?? []) element.remove();
      this.elements_ = new Map();
      this.map_ = map;
      map?.drawn_.add(this);
      this.draw_();
    }
    add(options) {
      const feature = options instanceof Feature ? options : new Feature(options);
      need(feature.getGeometry() instanceof Geometry, "add: not a geometry");
      const id = feature.getId();
      need(id === undefined || !this.features_.has(id), `two features with id ${id}`);
      this.features_.set(id ?? Symbol("none"), feature);
      for (const name of ["setproperty", "setgeometry"]) feature.addListener(name, () => this.drawOne_(id, feature));
      this.drawOne_(id, feature);
      return feature;
    }
    getFeatureById(id) {
      return this.features_.get(id);
    }
    contains(feature) {
      return [...this.features_.values()].includes(feature);
    }
    forEach(callback) {
      this.features_.forEach((feature) => callback(feature));
    }
    remove(feature) {
      need(feature instanceof Feature && this.contains(feature), "remove: no such feature");
      this.features_.delete(feature.getId());
      this.elements_.get(feature.getId())?.remove();
      this.elements_.delete(feature.getId());
    }
    setStyle(style) {
      this.style_ = style;
      this.draw_();
    }
    draw_() {
      if (this.map_?.getCenter()) for (const [id, feature] of this.features_) this.drawOne_(id, feature);
    }
    drawOne_(id, feature) {
      if (!this.map_) return;
      const style = { strokeColor: "black", strokeWeight: 3, strokeOpacity: 1, fillColor: "black", fillOpacity: 0.4, clickable: true,
        ...check("StyleOptions", typeof this.style_ === "function" ? this.style_(feature) : this.style_) };
      need(style.clickable === false, "the stand-in knows no clickable features");
      let element = this.elements_.get(id);
      if (!element) {
        element = document.createElementNS(SVG, "path");
        element.dataset.feature = id;
        this.elements_.set(id, element);
      }
      const shape = feature.getGeometry();
      element.setAttribute("d", shape.lines.map((line) => `M${line.map((at) => this.map_.at_(at).map((v) => v.toFixed(2)).join(" ")).join("L")}${shape.closed ? "Z" : ""}`).join(""));
      const symbol = !shape.closed && style.icons?.length ? check("Symbol", check("IconSequence", style.icons[0]).icon) : null;
      Object.assign(element.style, {
        fill: shape.closed ? colour(style.fillColor) : "none", fillOpacity: style.fillOpacity,
        stroke: symbol ? colour(symbol.strokeColor) : colour(style.strokeColor), strokeOpacity: symbol ? symbol.strokeOpacity : style.strokeOpacity,
        strokeWidth: symbol ? symbol.strokeWeight : style.strokeWeight, strokeDasharray: symbol ? `2 ${parseFloat(style.icons[0].repeat) - 2}` : "",
      });
      element.dataset.zIndex = style.zIndex ?? 0;
      const next = [...this.map_.svg_.children].find((other) => other !== element && Number(other.dataset.zIndex) > (style.zIndex ?? 0));
      if (element.parentNode !== this.map_.svg_ || element.nextElementSibling !== (next ?? null)) this.map_.svg_.insertBefore(element, next ?? null);
    }
  }
  Object.assign(Data, { Feature, Geometry, LineString, MultiLineString, Polygon });

  class Circle extends MVCObject {
    constructor(options) {
      super();
      this.options_ = {};
      this.element_ = document.createElementNS(SVG, "circle");
      this.element_.classList.add("gm-circle");
      report.circles.add(this);
      const { map, ...rest } = check("CircleOptions", options);
      this.setOptions(rest);
      this.setMap(map ?? null);
    }
    setOptions(options) {
      Object.assign(this.options_, check("CircleOptions", options));
      this.draw_();
    }
    setCenter(center) {
      this.setOptions({ center });
    }
    setRadius(radius) {
      need(Number.isFinite(radius) && radius >= 0, "radius");
      this.setOptions({ radius });
    }
    getRadius() {
      return this.options_.radius;
    }
    setMap(map) {
      this.map_?.drawn_.delete(this);
      this.element_.remove();
      this.map_ = map;
      map?.drawn_.add(this);
      map?.svg_.prepend(this.element_);
      this.element_.dataset.zIndex = 0;
      this.draw_();
    }
    draw_() {
      const of = this.options_;
      if (!this.map_ || !of.center) return;
      const center = place(of.center);
      const [x, y] = this.map_.at_(center);
      const metresPerPixel = (Math.cos((center.lat() * Math.PI) / 180) * 2 * Math.PI * 6378137) / (256 * 2 ** this.map_.getZoom());
      for (const [name, value] of [["cx", x], ["cy", y], ["r", of.radius / metresPerPixel]]) this.element_.setAttribute(name, value);
      Object.assign(this.element_.style, { fill: colour(of.fillColor), fillOpacity: of.fillOpacity, stroke: colour(of.strokeColor), strokeOpacity: of.strokeOpacity, strokeWidth: of.strokeWeight });
    }
  }

  // --- advanced markers ----------------------------------------------------------------------------------------------

  class AdvancedMarkerElement extends HTMLElement {
    #map = null;
    #position = null;
    #clickable = false;
    #zIndex = null;
    constructor(options = {}) {
      super();
      check("AdvancedMarkerElementOptions", options);
      if (options.content) this.append(options.content);
      for (const name of ["gmpClickable", "position", "title", "zIndex", "map"]) if (options[name] !== undefined) this[name] = options[name];
    }
    get content() {
      throw new Error("deprecated: AdvancedMarkerElement.content");
    }
    set content(value) {
      throw new Error("deprecated: AdvancedMarkerElement.content");
    }
    get element() {
      throw new Error("deprecated: AdvancedMarkerElement.element");
    }
    addListener() {
      throw new Error("deprecated: AdvancedMarkerElement.addListener");
    }
    get map() {
      return this.#map;
    }
    set map(map) {
      need(map === null || map instanceof GMap, "setMap: not an instance of Map");
      if (map && !map.options.mapId) throw new Error("The map is initialised without a valid Map ID, which will prevent use of Advanced Markers.");
      this.#map?.drawn_.delete(this);
      this.remove();
      this.#map = map;
      if (!map) return rove();
      map.drawn_.add(this);
      map.panes_.append(this);
      this.draw_();
      return rove();
    }
    get position() {
      return this.#position;
    }
    set position(value) {
      this.#position = value && place(value);
      this.draw_();
    }
    get zIndex() {
      return this.#zIndex;
    }
    set zIndex(value) {
      this.#zIndex = value;
      this.style.zIndex = value ?? "";
    }
    get gmpClickable() {
      return this.#clickable;
    }
    set gmpClickable(value) {
      this.#clickable = Boolean(value);
      this.style.pointerEvents = value ? "auto" : "none";
      if (!value) return;
      this.setAttribute("role", "button");
      this.addEventListener("click", () => this.dispatchEvent(new Event("gmp-click")));
      this.addEventListener("keydown", (key) => {
        if (key.key === "Enter" || key.key === " ") this.dispatchEvent(new Event("gmp-click"));
        const all = clickables();
        const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key.key];
        if (step) all[(all.indexOf(this) + step + all.length) % all.length].focus();
      });
    }
    draw_() {
      if (!this.#map?.getCenter() || !this.#position) return;
      const [x, y] = this.#map.at_(this.#position);
      Object.assign(this.style, { position: "absolute", left: "0", top: "0", transform: `translate(${x}px, ${y}px) translate(-50%, -100%)` });
    }
  }
  const clickables = () => [...document.querySelectorAll("gmp-advanced-marker")].filter((marker) => marker.gmpClickable);
  /** One stop for Tab; arrow keys go from marker to marker. */
  const rove = () => clickables().forEach((marker, i) => {
    marker.tabIndex = i === 0 ? 0 : -1;
  });

  // --- libraries -----------------------------------------------------------------------------------------------------

  const libraries = {
    core: () => ({ ColorScheme, event, LatLng, MVCObject }),
    maps: () => ({ Circle, Data, Map: GMap }),
    marker: () => {
      if (!customElements.get("gmp-advanced-marker")) customElements.define("gmp-advanced-marker", AdvancedMarkerElement);
      return { AdvancedMarkerElement };
    },
  };
  const maps = {
    version: "3.66.9",
    async importLibrary(name) {
      if (!(name in libraries)) throw new Error(`The library ${name} is unknown.`);
      if (window.standInBreaks === name) throw new Error(`Could not load "${name}".`);
      return libraries[name]();
    },
    get Marker() {
      throw new Error("deprecated: google.maps.Marker");
    },
  };
  window.google = { maps };

  /** What the real one brings along: a style, an image, a font's style sheet, data, a worker, code made of text. */
  const nonceOf = (tag) => document.querySelector(`${tag}[nonce]`)?.nonce ?? "";
  const style = document.createElement("style");
  style.nonce = nonceOf("style");
  style.textContent = ".gm-style { --stand-in-style: applied; }";
  const font = Object.assign(document.createElement("link"), { rel: "stylesheet", href: "https://fonts.googleapis.com/css?family=Roboto" });
  const script = Object.assign(document.createElement("script"), { src: "https://maps.googleapis.com/maps-api-v3/api/js/common.js", nonce: nonceOf("script") });
  document.head.append(style, font, script);
  new Image().src = "https://maps.gstatic.com/mapfiles/transparent.png";
  fetch("https://maps.googleapis.com/maps/api/mapsjs/gen_204").catch(() => {});
  new Worker(URL.createObjectURL(new Blob(["postMessage(1)"], { type: "text/javascript" })));
  new Function("return 1")();

  need(own.origin + own.pathname === "https://maps.googleapis.com/maps/api/js", "loaded from elsewhere");
  for (const name of ["key", "v", "callback"]) need(own.searchParams.get(name), `no ${name}`);
  need(own.searchParams.get("loading") === "async", "loaded without loading=async");
  const callback = window[own.searchParams.get("callback")];
  need(typeof callback === "function", "the callback is not a function");
  setTimeout(callback);
})();
