// SPDX-License-Identifier: AGPL-3.0-or-later
// Buttons that copy what is typed into a camera, or save it as a file. Without this script there is the text itself.

/** @param {string} id */
function textOf(id) {
  const from = document.getElementById(id);
  return from instanceof HTMLTextAreaElement ? from.value : (from?.textContent ?? "");
}

/** @param {string} id */
function select(id) {
  const from = document.getElementById(id);
  if (from instanceof HTMLTextAreaElement) from.select();
  else if (from) getSelection()?.selectAllChildren(from);
}

/** @param {HTMLButtonElement} button */
async function copy(button) {
  const id = button.dataset.copy ?? "";
  try {
    await navigator.clipboard.writeText(textOf(id));
  } catch {
    // Browsers give the clipboard to secure pages only; the older way works by a selection.
    select(id);
    if (!document.execCommand("copy")) return;
  }
  const said = document.getElementById("copied");
  const words = said?.dataset.words ?? "";
  if (said) said.textContent = words;
  const label = button.textContent;
  button.textContent = "✓ " + words;
  setTimeout(() => {
    button.textContent = label;
    if (said) said.textContent = "";
  }, 2000);
}

/** @param {HTMLButtonElement} button */
function save(button) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([textOf(button.dataset.download ?? "")], { type: "text/plain" }));
  link.download = button.dataset.name ?? "camera.key";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

for (const button of document.querySelectorAll("button[data-copy], button[data-download]")) {
  if (!(button instanceof HTMLButtonElement)) continue;
  button.hidden = false;
  button.addEventListener("click", () => (button.dataset.copy ? copy(button) : save(button)));
}
