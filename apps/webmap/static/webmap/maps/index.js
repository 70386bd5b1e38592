// SPDX-License-Identifier: AGPL-3.0-or-later
// The one door to the map, whichever library draws it.

import { createLeaflet } from "./leaflet.js";

/** From this zoom on single spaces are large enough to be seen. */
export const SPACES_FROM_ZOOM = 16;

/** The map in `element`: the same functions whoever draws it. */
export async function createMap(element, config, handlers) {
  return createLeaflet(element, config, handlers);
}
