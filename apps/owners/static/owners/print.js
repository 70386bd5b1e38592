// SPDX-License-Identifier: AGPL-3.0-or-later
// The notice's button; the browser's own menu prints it as well.

const button = /** @type {HTMLButtonElement} */ (document.getElementById("print"));
button.hidden = false;
button.addEventListener("click", () => window.print());
