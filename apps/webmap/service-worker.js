// SPDX-License-Identifier: AGPL-3.0-or-later
// Keeps the page's own files, so that it opens without a connection and says so. What is free is never kept: only the
// page itself and the files listed by the server in `self.SHELL` are answered from here; the API, tiles and everything
// from elsewhere pass by untouched.

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
/** @type {{ version: string, page: string, files: string[] }} */
const shell = Reflect.get(self, "SHELL");

const PREFIX = "spark-shell-";
const CACHE = PREFIX + shell.version;
/** A page that has not come by then is taken from the cache, ms. */
const PAGE_PATIENCE_MS = 4000;
/** The content's hash in a file's name: such a file never changes. */
const HASHED = /\.[0-9a-f]{12}\.\w+$/;

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(activate()));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== worker.location.origin) return;
  if (request.mode === "navigate") {
    if (url.pathname === shell.page) event.respondWith(page(event));
  } else if (shell.files.includes(url.pathname)) {
    event.respondWith(HASHED.test(url.pathname) ? kept(request) : fresh(request));
  }
});

async function install() {
  const cache = await caches.open(CACHE);
  const files = shell.files.map(
    (file) => new Request(file, { cache: HASHED.test(file) ? "default" : "no-cache", credentials: "omit" }),
  );
  await Promise.all([cache.addAll(files), cache.add(new Request(shell.page, { cache: "no-cache" }))]);
  // Nobody waits for the last old tab to close: pages come from the network first, and bring their own file names.
  await worker.skipWaiting();
}

async function activate() {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
  await worker.clients.claim();
}

/**
 * The page from the network; from the cache when nothing comes, or only the news that the server is down.
 * @param {FetchEvent} event
 */
async function page(event) {
  const cache = await caches.open(CACHE);
  const coming = fetch(event.request).then(async (response) => {
    if (response.ok && !response.redirected) await cache.put(shell.page, response.clone());
    return response;
  });
  event.waitUntil(coming.catch(() => undefined));
  const late = new Promise((resolve) => setTimeout(resolve, PAGE_PATIENCE_MS));
  const first = await Promise.race([coming.catch(() => undefined), late]);
  if (first instanceof Response && first.status < 500) return first;
  const kept = await cache.match(shell.page, { ignoreVary: true });
  return kept ?? (first instanceof Response ? first : coming);
}

/** A file that never changes. @param {Request} request */
async function kept(request) {
  return (await caches.match(request.url, { ignoreVary: true })) ?? fetch(request);
}

/** A file whose name does not say which version it is. @param {Request} request */
async function fresh(request) {
  try {
    return await fetch(request);
  } catch (error) {
    const last = await caches.match(request.url, { ignoreVary: true });
    if (last) return last;
    throw error;
  }
}
