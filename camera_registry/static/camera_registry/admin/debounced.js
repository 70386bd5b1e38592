// SPDX-License-Identifier: AGPL-3.0-or-later
// Questions to the server while something is still changing: only the last one counts.

/**
 * Runs `work` a little after the last call; what an older call still does is aborted and its result dropped.
 * @template A, R
 * @param {number} delayMs @param {(argument: A, signal: AbortSignal) => Promise<R>} work
 * @param {(result: R) => void} done @param {(error: Error) => void} failed
 * @returns {(argument: A) => void}
 */
export function debounced(delayMs, work, done, failed) {
  let timer = 0;
  let running = new AbortController();
  return (argument) => {
    clearTimeout(timer);
    running.abort();
    timer = window.setTimeout(async () => {
      const own = (running = new AbortController());
      try {
        const result = await work(argument, own.signal);
        if (!own.signal.aborted) done(result);
      } catch (error) {
        if (!own.signal.aborted && error instanceof Error) failed(error);
      }
    }, delayMs);
  };
}
