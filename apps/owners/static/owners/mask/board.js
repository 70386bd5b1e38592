// SPDX-License-Identifier: AGPL-3.0-or-later
// The picture with the shapes on it, moved by mouse, finger and keyboard. Shapes are drawn anew after every change;
// what had the focus has it again.

/** @import { Handle, Point, Ring } from "./types" */

const SVG = "http://www.w3.org/2000/svg";
/** Radii of what a finger hits and of what is seen, CSS pixels. */
const TOUCH_PX = 23;
const KNOB_PX = 7;
/** A pointer that moved less than this was a tap, CSS pixels. */
const TAP_PX = 7;
/** Sides shorter than this have no place for a new corner, CSS pixels. */
const LEAST_SIDE_PX = 70;
const STEP_PX = 2;
/** @type {Record<string, Point>} */
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/**
 * @param {HTMLElement} parent
 * @param {{
 *   tapped(at: Point): void, chosen(shape: number): void, grabbed(handle: Handle): Handle | null,
 *   dragged(handle: Handle, at: Point, by: Point): void, nudged(handle: Handle, by: Point): void,
 *   deleted(handle: Handle): void, key(name: string): void, label(handle: Handle): string,
 * }} on
 */
export function createBoard(parent, on) {
  const picture = document.createElement("img");
  picture.alt = "";
  picture.hidden = true;
  const svg = /** @type {SVGSVGElement} */ (document.createElementNS(SVG, "svg"));
  svg.setAttribute("role", "group");
  svg.setAttribute("aria-label", parent.dataset.label ?? "");
  parent.append(picture, svg);
  parent.hidden = true;
  /** @type {Point} */
  let size = [1, 1];
  /** @type {{ handle: Handle, from: Point, last: Point, moved: boolean } | null} */
  let drag = null;

  /** @param {PointerEvent} event @returns {Point} */
  function place(event) {
    const box = svg.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * size[0], ((event.clientY - box.top) / box.height) * size[1]];
  }
  /** Picture pixels in one CSS pixel. */
  const scale = () => size[0] / Math.max(1, svg.getBoundingClientRect().width);

  /** @param {EventTarget | null} target @returns {Handle | null} */
  function handleOf(target) {
    const found = target instanceof Element ? target.closest("[data-handle]") : null;
    return found instanceof SVGElement ? JSON.parse(found.dataset.handle ?? "null") : null;
  }

  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || drag) return;
    const at = place(event);
    const handle = handleOf(event.target);
    drag = { handle: handle ?? { kind: "shape", shape: -1, corner: -1 }, from: at, last: at, moved: false };
    svg.setPointerCapture(event.pointerId);
  });
  svg.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const at = place(event);
    const far = Math.hypot(at[0] - drag.from[0], at[1] - drag.from[1]) > TAP_PX * scale();
    if (!drag.moved && !far) return;
    if (drag.handle.shape < 0) return;
    if (!drag.moved) {
      const held = on.grabbed(drag.handle);
      if (!held) {
        drag = null;
        return;
      }
      drag.handle = held;
      drag.moved = true;
    }
    on.dragged(drag.handle, at, [at[0] - drag.last[0], at[1] - drag.last[1]]);
    drag.last = at;
  });
  svg.addEventListener("pointerup", (event) => {
    const ended = drag;
    drag = null;
    if (!ended || ended.moved) return;
    const at = place(event);
    const far = Math.hypot(at[0] - ended.from[0], at[1] - ended.from[1]) > TAP_PX * scale();
    if (far) return;
    if (ended.handle.shape < 0) return on.tapped(at);
    if (ended.handle.kind === "middle") {
      const held = on.grabbed(ended.handle);
      if (held) on.dragged(held, at, [0, 0]);
    } else on.chosen(ended.handle.shape);
  });
  svg.addEventListener("pointercancel", () => (drag = null));
  svg.addEventListener("focusin", (event) => {
    const handle = handleOf(event.target);
    if (handle) on.chosen(handle.shape);
  });
  svg.addEventListener("keydown", (event) => {
    const handle = handleOf(event.target);
    if (!handle) return;
    const arrow = ARROWS[event.key];
    if (arrow) {
      event.preventDefault();
      const step = STEP_PX * scale() * (event.shiftKey ? 10 : 1);
      on.nudged(handle, [arrow[0] * step, arrow[1] * step]);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      on.deleted(handle);
    } else if ((event.key === "Enter" || event.key === " ") && handle.kind === "middle") {
      event.preventDefault();
      on.nudged(handle, [0, 0]);
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" || (event.key === "z" && (event.ctrlKey || event.metaKey))) on.key(event.key);
  });

  /** @param {string} name @param {Record<string, string | number>} attributes */
  function element(name, attributes) {
    const made = /** @type {SVGElement} */ (document.createElementNS(SVG, name));
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
    return made;
  }

  /** @param {SVGElement} made @param {Handle} handle */
  function handled(made, handle) {
    made.dataset.handle = JSON.stringify(handle);
    made.setAttribute("tabindex", "0");
    made.setAttribute("role", "button");
    made.setAttribute("aria-label", on.label(handle));
    return made;
  }

  /** @param {Point} at @param {Handle} handle */
  function knob([x, y], handle) {
    const group = handled(element("g", { class: handle.kind }), handle);
    const by = scale();
    group.append(element("circle", { class: "touch", cx: x, cy: y, r: TOUCH_PX * by }));
    group.append(element("circle", { class: "knob", cx: x, cy: y, r: KNOB_PX * by }));
    return group;
  }

  /** @param {Ring} ring */
  const path = (ring) => ring.map(([x, y]) => `${x},${y}`).join(" ");

  return {
    get size() {
      return size;
    },
    /** How near a tap must be to the first corner to close a shape, picture pixels. */
    get reach() {
      return TOUCH_PX * scale();
    },
    /** @param {Point} wanted */
    resize(wanted) {
      size = wanted;
      svg.setAttribute("viewBox", `0 0 ${size[0]} ${size[1]}`);
      parent.style.aspectRatio = `${size[0]} / ${size[1]}`;
      parent.hidden = false;
    },
    /** @param {Blob | null} blob @returns {Promise<Point | null>} its size */
    async show(blob) {
      URL.revokeObjectURL(picture.src);
      picture.hidden = blob === null;
      if (!blob) {
        picture.removeAttribute("src");
        return null;
      }
      picture.src = URL.createObjectURL(blob);
      await picture.decode();
      return [picture.naturalWidth, picture.naturalHeight];
    },
    /** @param {Handle} handle */
    focus(handle) {
      const wanted = JSON.stringify(handle);
      for (const one of svg.querySelectorAll("[data-handle]"))
        if (one instanceof SVGElement && one.dataset.handle === wanted) one.focus({ preventScroll: true });
    },
    /** @param {Ring[]} rings @param {Ring | null} open @param {number} chosen @param {Set<number>} wrong */
    draw(rings, open, chosen, wrong) {
      const focused = document.activeElement instanceof SVGElement ? document.activeElement.dataset.handle : undefined;
      svg.replaceChildren();
      rings.forEach((ring, shape) => {
        const marks = `shape${shape === chosen ? " chosen" : ""}${wrong.has(shape) ? " wrong" : ""}`;
        const area = element("polygon", { class: marks, points: path(ring) });
        svg.append(handled(area, { kind: "shape", shape, corner: -1 }));
        if (shape !== chosen) return;
        const by = scale();
        ring.forEach((from, corner) => {
          const to = ring[(corner + 1) % ring.length];
          if (Math.hypot(to[0] - from[0], to[1] - from[1]) > LEAST_SIDE_PX * by)
            svg.append(knob([(from[0] + to[0]) / 2, (from[1] + to[1]) / 2], { kind: "middle", shape, corner }));
        });
        ring.forEach((at, corner) => svg.append(knob(at, { kind: "corner", shape, corner })));
      });
      if (open) {
        svg.append(element("polyline", { class: "line", points: path(open) }));
        for (const [x, y] of open) svg.append(element("circle", { class: "knob", cx: x, cy: y, r: KNOB_PX * scale() }));
      }
      if (focused) this.focus(JSON.parse(focused));
    },
  };
}
