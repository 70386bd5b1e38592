// SPDX-License-Identifier: AGPL-3.0-or-later
// Brings the Maps JavaScript API onto the page, once. Nothing here runs unless a key is configured.

/** @import { GoogleConfig } from "../types" */

const ADDRESS = "https://maps.googleapis.com/maps/api/js";
/** Name of the global function that Google's script calls when it is ready. */
const CALLBACK = "sparkGoogleMapsReady";
/** Whoever waits longer than this is better served by the other map, ms. */
export const PATIENCE_MS = 10000;

/**
 * The libraries, by the names that `importLibrary` gives them.
 * @param {GoogleConfig} config
 * @param {(reason: string) => void} refused called when Google refuses the key, which may be long after the map came
 * @returns {Promise<google.maps.CoreLibrary & google.maps.MapsLibrary & google.maps.MarkerLibrary>}
 * @throws Error "error" when the script or a library does not load, "timeout" when it takes too long
 */
export async function loadGoogle(config, refused) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let patience;
  const tooLong = new Promise((_, reject) => {
    patience = setTimeout(() => reject(new Error("timeout")), PATIENCE_MS);
  });
  try {
    return await Promise.race([libraries(config, refused), /** @type {Promise<never>} */ (tooLong)]);
  } finally {
    clearTimeout(patience);
  }
}

/** @param {GoogleConfig} config @param {(reason: string) => void} refused */
async function libraries(config, refused) {
  // The name is Google's: its script looks for this function when the key is not accepted.
  Reflect.set(window, "gm_authFailure", () => refused("refused"));
  await script(config);
  const [core, maps, marker] = await Promise.all([
    google.maps.importLibrary("core"),
    google.maps.importLibrary("maps"),
    google.maps.importLibrary("marker"),
  ]);
  return /** @type {any} */ ({ ...core, ...maps, ...marker });
}

/** @param {GoogleConfig} config @returns {Promise<void>} */
function script({ key, version, language, region }) {
  const address = new URL(ADDRESS);
  address.search = new URLSearchParams({
    key,
    v: version,
    loading: "async",
    callback: CALLBACK,
    language,
    ...(region && { region }),
    // The page's address may hold what somebody searched for; the key is bound to the site anyway.
    auth_referrer_policy: "origin",
  }).toString();
  return new Promise((resolve, reject) => {
    const element = document.createElement("script");
    element.src = address.href;
    element.async = true;
    element.nonce = /** @type {HTMLScriptElement | null} */ (document.querySelector("script[nonce]"))?.nonce ?? "";
    element.addEventListener("error", () => reject(new Error("error")));
    Reflect.set(window, CALLBACK, resolve);
    document.head.append(element);
  });
}
