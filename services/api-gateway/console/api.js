// The gateway's API.

import { untilVisible, whileVisible } from "./visibility.js";

/**
 * How long the gateway may take. Its own deadline is far shorter by default. A request that hangs forever would occupy one of
 * the browser's connections.
 */
const TIMEOUT_MS = 30_000;
/** The shortest time between two requests for the same receipt. */
const MIN_PAUSE_MS = 1_000;
/** Statuses that another try does not change: the user id is invalid, or the user does not exist. */
const FINAL_STATUSES = [400, 404];
/** The longest time between two tries. */
const MAX_PAUSE_MS = 30_000;

/** A request that failed, with its problem document (RFC 9457). */
export class Problem extends Error {
  constructor(document) {
    super(document.detail ?? document.title);
    this.document = document;
  }
}

/** Sends a request to the gateway. `body` is sent as JSON of that media type. */
export async function send(method, path, { body, type = "application/json", headers = {}, signal, timeoutMs = TIMEOUT_MS } = {}) {
  const limit = AbortSignal.timeout(timeoutMs);
  let response;
  try {
    response = await fetch(path, {
      method,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      headers: body === undefined ? headers : { ...headers, "Content-Type": type },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      // A proxy with a login redirects to a page of its own, which is no response of the gateway.
      redirect: "error",
    });
  } catch (error) {
    throw noResponse(error);
  }
  const document = await response.json().catch((error) => {
    if (error.name === "SyntaxError" || error.name === "TypeError") return null;
    throw noResponse(error);
  });
  if (response.ok && document !== null) return document;
  throw new Problem(document ?? {
    title: "The response cannot be read",
    detail: `It has status ${response.status} and is incomplete, or does not come from the gateway. The outcome of the request is unknown.`,
  });
}

/** The problem of a request without a response. An abort is passed on: its caller knows about it. */
function noResponse(error) {
  if (error.name === "AbortError") return error;
  const title = error.name === "TimeoutError" ? "The gateway does not answer in time" : "The gateway does not answer";
  return new Problem({ title, detail: "The outcome of the request is unknown. Try again." });
}

/** Reads the receipt of a user, by default that of its latest version. */
export function readReceipt(userId, { version, wait, signal } = {}) {
  const query = version ? `?version=${version}` : "";
  const headers = wait ? { Prefer: `wait=${wait}` } : {};
  const timeoutMs = TIMEOUT_MS + (wait ?? 0) * 1_000;
  return send("GET", `/users/${encodeURIComponent(userId)}/sync${query}`, { headers, signal, timeoutMs });
}

/**
 * Reads the receipt when HubSpot's result is in, or after a while. A hidden page does not wait: it would hold a connection.
 * When too many callers wait, the gateway answers at once; then this pauses before the next request.
 */
export async function waitForReceipt(userId, { version, signal }) {
  await untilVisible(signal);
  const hidden = whileVisible();
  const began = performance.now();
  let receipt;
  try {
    receipt = await readReceipt(userId, { version, wait: 20, signal: AbortSignal.any([signal, hidden]) });
  } catch (error) {
    if (!hidden.aborted || signal.aborted) throw error;
    return waitForReceipt(userId, { version, signal });
  }
  const remaining = began + MIN_PAUSE_MS - performance.now();
  if (receipt.state === "pending" && remaining > 0) await pause(remaining, signal);
  return receipt;
}

/**
 * Repeats a request until it succeeds, with growing pauses, unless it is aborted or the status is final. Calls `onFailure` with
 * each error, and with null when the request succeeds.
 */
export async function retryUntilAnswered(request, onFailure, signal) {
  for (let pauseMs = MIN_PAUSE_MS; ; pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS)) {
    try {
      const response = await request();
      onFailure(null);
      return response;
    } catch (error) {
      const isLast = signal.aborted || FINAL_STATUSES.includes(error.document?.status);
      onFailure(isLast ? null : error);
      if (isLast) throw error;
    }
    await pause(pauseMs, signal);
  }
}

/** Waits for that time, and while the page is hidden, unless it is aborted. */
export async function pause(ms, signal) {
  await new Promise((resolve) => setTimeout(resolve, ms));
  await untilVisible(signal);
}

/** Retries users. A large group takes several requests; `onStep` is called after each. */
export async function retry(selection, onStep = () => {}) {
  const total = { retried: 0, skipped: 0 };
  let after;
  do {
    const page = await send("POST", "/sync/retry", { body: { ...selection, after } });
    total.retried += page.retried;
    total.skipped += page.skipped;
    after = page.next;
    onStep(total);
  } while (after !== undefined);
  return total;
}
