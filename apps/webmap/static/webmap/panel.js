// SPDX-License-Identifier: AGPL-3.0-or-later
// The list of zones with their spaces, and the details of a chosen space: the same as the map shows, in words.

import { age, percent, size, text } from "./format.js";
import { status } from "./model.js";

const by = (id) => document.getElementById(id);

/** Write only what changed: a screen reader and a selection stay where they are. */
function setText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

export class Panel {
  constructor(handlers) {
    this.handlers = handlers;
    this.rows = new Map();
    this.open = null;
    by("details-close").addEventListener("click", () => handlers.detailsClosed());
    by("empty-all").addEventListener("click", () => handlers.showAll());
    const toggle = by("panel-toggle");
    toggle.addEventListener("click", () => this.setExpanded(toggle.getAttribute("aria-expanded") !== "true"));
    this.setExpanded(true);
  }

  setExpanded(expanded) {
    by("panel-toggle").setAttribute("aria-expanded", String(expanded));
    by("panel-toggle").setAttribute("aria-label", text(expanded ? "collapseList" : "expandList"));
    by("panel").classList.toggle("collapsed", !expanded);
  }

  /** Everything, from the model; `openZone` shows its spaces. */
  render(model, openZone, now, loaded) {
    this.renderSummary(model, now, loaded);
    const zones = model.sortedZones();
    const list = by("list");
    for (const [id, row] of this.rows) {
      if (model.zones.has(id)) continue;
      row.item.remove();
      this.rows.delete(id);
    }
    zones.forEach((zone, index) => {
      const row = this.rows.get(zone.id) ?? this.addRow(zone.id);
      // Moving an element takes the focus away from it, so only those out of place are moved.
      if (list.children[index] !== row.item) list.insertBefore(row.item, list.children[index] ?? null);
      this.renderZone(row, zone, model, zone.id === openZone, now);
    });
    by("empty").hidden = !loaded || zones.length > 0;
    setText(by("empty-text"), text("noZonesHint"));
  }

  renderSummary(model, now, loaded) {
    const { free, known, all, newest } = model.totals();
    let headline = text("loading");
    if (loaded && all === 0) headline = text("noZones");
    else if (loaded && known === 0) headline = text("nothingKnown");
    else if (loaded) headline = free ? text("spacesFree", { n: free }) : text("noneFree");
    setText(by("headline"), headline);
    by("panel").dataset.state = known === 0 ? "unknown" : free ? "free" : "full";
    const parts = [];
    if (newest !== null) parts.push(text("updatedAt", { age: age(now - newest) }));
    if (all > 0 && known < all) parts.push(text("zonesKnown", { known, all }));
    setText(by("freshness"), parts.join(" · ") || "\u00a0");
  }

  addRow(id) {
    const count = make("span", "count");
    const name = make("span", "name");
    const meta = make("span", "meta");
    const button = make("button", "zone-row", make("span", "words", name, meta), count);
    button.type = "button";
    button.addEventListener("click", () => this.handlers.zoneChosen(id));
    const spaces = make("ul", "spaces");
    spaces.hidden = true;
    const item = make("li", "", button, spaces);
    const row = { item, button, count, name, meta, spaces, spaceRows: new Map() };
    this.rows.set(id, row);
    return row;
  }

  renderZone(row, zone, model, open, now) {
    const state = status(zone);
    row.item.className = `zone-item state-${state}${open ? " open" : ""}`;
    setText(row.name, zone.name);
    setText(row.meta, zoneMeta(zone, state, now));
    const words = { free: () => text("zoneFree", { n: zone.free }), full: () => text("zoneFull"), unknown: () => text("zoneUnknown") };
    setText(row.count, words[state]());
    row.button.setAttribute("aria-expanded", String(open));
    row.spaces.hidden = !open;
    this.renderSpaces(row, open ? model.spacesOf(zone.id) : [], now);
  }

  renderSpaces(row, spaces, now) {
    const wanted = new Set(spaces.map((space) => space.id));
    for (const [id, entry] of row.spaceRows) {
      if (wanted.has(id)) continue;
      entry.item.remove();
      row.spaceRows.delete(id);
    }
    spaces.forEach((space, index) => {
      let entry = row.spaceRows.get(space.id);
      if (!entry) {
        const label = make("span", "name");
        const meta = make("span", "meta");
        const button = make("button", "space-row", make("span", "words", label, meta));
        button.type = "button";
        button.addEventListener("click", () => this.handlers.spaceChosen(space.id));
        entry = { item: make("li", "", button), label, meta };
        row.spaceRows.set(space.id, entry);
      }
      if (row.spaces.children[index] !== entry.item) {
        row.spaces.insertBefore(entry.item, row.spaces.children[index] ?? null);
      }
      setText(entry.label, `${text("space", { n: index + 1 })} · ${size(space.lengthM, space.widthM)}`);
      const seen = text("seen", { age: age(now - space.observedAt) });
      setText(entry.meta, `${seen} · ${text("sure", { n: percent(space.confidence) })}`);
    });
  }

  /**
   * Details of a space, or nothing (`chosen` null), or that it is gone (`space` null): taken, or `ranOut` because nobody
   * has seen it lately, which is not the same.
   */
  renderDetails(chosen, space, zone, now, ranOut) {
    const details = by("details");
    details.hidden = chosen === null;
    by("panel").classList.toggle("with-details", chosen !== null);
    if (chosen === null) return;
    details.classList.toggle("gone", !space);
    by("details-live").hidden = !space;
    if (!space) {
      setText(by("details-title"), ranOut ? text("ranOut") : text("gone"));
      setText(by("details-where"), ranOut ? text("ranOutHint") : text("goneHint"));
      return;
    }
    const where = [zone?.name, text(space.orientation)];
    if (space.access === "residents") where.push(text("residents"));
    setText(by("details-title"), text("freeSpace"));
    setText(by("details-where"), where.filter(Boolean).join(" · "));
    setText(by("details-size"), size(space.lengthM, space.widthM));
    setText(by("details-age"), age(now - space.observedAt));
    setText(by("details-sure"), text("percent", { n: percent(space.confidence) }));
    by("details-meter").value = space.confidence;
    const hidden = percent(space.hiddenShare);
    setText(by("details-hidden"), hidden > 0 ? text("hidden", { n: hidden }) : "");
    const [lon, lat] = space.centre.map((value) => value.toFixed(6));
    const place = encodeURIComponent(`${lat},${lon}`);
    setHref(by("details-go"), `https://www.google.com/maps/dir/?api=1&destination=${place}&travelmode=driving&dir_action=navigate`);
    setHref(by("details-geo"), `geo:${lat},${lon}?q=${place}`);
  }

  focusDetails() {
    by("details-title").focus({ preventScroll: true });
    by("panel-body").scrollTop = 0;
  }

  focusZone(id) {
    this.rows.get(id)?.button.focus({ preventScroll: true });
  }

  reveal(id) {
    this.rows.get(id)?.item.scrollIntoView({ block: "nearest" });
  }

  banner(words) {
    by("banner").hidden = words === null;
    setText(by("banner-text"), words ?? "");
  }

  zoomHint(shown) {
    by("zoom-hint").hidden = !shown;
    setText(by("zoom-hint"), shown ? text("zoomIn") : "");
  }

  announce(words) {
    setText(by("live"), words);
  }
}

function setHref(link, href) {
  if (link.getAttribute("href") !== href) link.setAttribute("href", href);
}

function zoneMeta(zone, state, now) {
  const parts = [];
  if (zone.access === "residents") parts.push(text("residents"));
  if (zone.observedAt === null) parts.push(text("zoneNeverSeen"));
  else if (state !== "unknown") parts.push(text("seen", { age: age(now - zone.observedAt) }));
  else if (zone.validUntil > now) parts.push(text("zoneUncertain"));
  else parts.push(text("zoneLastSeen", { age: age(now - zone.observedAt) }));
  if (state === "free") parts.push(text(zone.orientation));
  return parts.join(" · ");
}
