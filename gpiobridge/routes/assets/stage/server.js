// Requests of the stage itself. Each has a time limit, so nothing waits for ever.

const ANSWER_MS = 5000; // a server that needs longer counts as down for now

/**
 * Fetch ``url``.
 *
 * @param {URL | string} url
 * @param {RequestInit & {limitMs?: number}} how limitMs: how long the answer may take
 * @returns {Promise<Response | null>} null if no server answers in time.
 */
export async function ask(url, { limitMs = ANSWER_MS, ...how } = {}) {
  try {
    return await fetch(url, { ...how, signal: AbortSignal.timeout(limitMs) });
  } catch {
    return null;
  }
}

/** Fetch only the status and the headers of ``url``, as they are now. */
export function head(url, limitMs) {
  return ask(url, { method: "HEAD", cache: "no-store", limitMs });
}
