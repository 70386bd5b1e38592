// SPDX-License-Identifier: AGPL-3.0-or-later
// Small hands for the page's elements. Only what changed is written: a screen reader, a selection and a finger stay
// where they are.

/**
 * The element with this id; the page's template has it.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function by(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element;
}

/** @param {string} id @returns {HTMLInputElement} */
export function input(id) {
  return /** @type {HTMLInputElement} */ (by(id));
}

/** @param {string} id @param {() => void} pressed */
export function onPress(id, pressed) {
  by(id).addEventListener("click", pressed);
}

/** @param {Element} element @param {string} words */
export function setText(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

/** Words, or nothing at all. @param {HTMLElement} element @param {string | null} words */
export function setWords(element, words) {
  setText(element, words ?? "");
  element.hidden = !words;
}

/** @param {Element} element @param {string} name @param {string} value */
export function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function make(tag, className, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** A button that is no form's. @param {string} className @param {() => void} pressed @param {(Node | string)[]} children */
export function makeButton(className, pressed, ...children) {
  const button = make("button", className, ...children);
  button.type = "button";
  button.addEventListener("click", pressed);
  return button;
}

/**
 * Put the elements into this order. Moving an element takes the focus away from it, so only those out of place are moved,
 * and the focus is given back.
 * @param {Element} list
 * @param {Element[]} elements
 */
export function arrange(list, elements) {
  const focused = document.activeElement;
  elements.forEach((element, index) => {
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
  });
  if (focused instanceof HTMLElement && focused !== document.activeElement && list.contains(focused)) {
    focused.focus({ preventScroll: true });
  }
}

/**
 * Keep `rows` in step with `wanted`: rows that are no longer wanted go, new ones are made, all are put in order.
 * @template {{id: string}} Item
 * @template {{item: HTMLElement}} Row
 * @param {Element} list
 * @param {Map<string, Row>} rows
 * @param {Item[]} wanted
 * @param {(item: Item) => Row} add
 */
export function keepRows(list, rows, wanted, add) {
  const ids = new Set(wanted.map((item) => item.id));
  for (const [id, row] of rows) {
    if (ids.has(id)) continue;
    row.item.remove();
    rows.delete(id);
  }
  const elements = wanted.map((item) => {
    const row = rows.get(item.id) ?? add(item);
    rows.set(item.id, row);
    return row.item;
  });
  arrange(list, elements);
}
