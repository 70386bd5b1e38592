// SPDX-License-Identifier: AGPL-3.0-or-later
// The driver's page begins here.

import { Actions } from "./actions.js";

await new Actions(JSON.parse(document.getElementById("config")?.textContent ?? "{}")).begin();
