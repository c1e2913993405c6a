// The gateway's API.

import { shown, untilHidden } from "./shown.js";

/**
 * How long the gateway may take, whose deadline is far shorter where nobody sets another one. What hangs for ever would keep one
 * of the browser's connections.
 */
const LIMIT_MS = 30_000;
/** The least time between two looks at a receipt. */
const PAUSE_MS = 1_000;
/** Statuses that a repeated question does not change: the user id is not one, or there is no such user. */
const NEVER_ANSWERED = [400, 404];
/** The longest time between two tries. */
const LONGEST_MS = 30_000;

/** A request that did not succeed, as a problem document (RFC 9457). */
export class Problem extends Error {
  constructor(document) {
    super(document.detail ?? document.title);
    this.document = document;
  }
}

/** Asks the gateway; `body` is sent as JSON of that media type. */
export async function ask(method, path, { body, type = "application/json", headers = {}, signal, limitMs = LIMIT_MS } = {}) {
  const limit = AbortSignal.timeout(limitMs);
  let response;
  try {
    response = await fetch(path, {
      method,
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
      headers: body === undefined ? headers : { ...headers, "Content-Type": type },
      body: body === undefined ? undefined : JSON.stringify(body),
      cache: "no-store",
      // A proxy that asks who somebody is answers with a page of its own.
      redirect: "error",
    });
  } catch (error) {
    throw unanswered(error);
  }
  const document = await response.json().catch((error) => {
    if (error.name === "SyntaxError" || error.name === "TypeError") return null;
    throw unanswered(error);
  });
  if (response.ok && document !== null) return document;
  throw new Problem(document ?? {
    title: "An answer that cannot be read",
    detail: `It has status ${response.status}, and broke off or is none of the gateway's. Nothing is known of what was asked.`,
  });
}

/** Why there is no answer. Whoever called it off knows. */
function unanswered(error) {
  if (error.name === "AbortError") return error;
  const title = error.name === "TimeoutError" ? "The gateway does not answer in time" : "The gateway does not answer";
  return new Problem({ title, detail: "Nothing is known of what was asked. Try again." });
}

/** The receipt of a user, of its latest version unless another is asked for. */
export function receiptOf(userId, { version, wait, signal } = {}) {
  const query = version ? `?version=${version}` : "";
  const headers = wait ? { Prefer: `wait=${wait}` } : {};
  const limitMs = LIMIT_MS + (wait ?? 0) * 1_000;
  return ask("GET", `/users/${encodeURIComponent(userId)}/sync${query}`, { headers, signal, limitMs });
}

/**
 * The receipt once it has its verdict, or as it is after a while; while the page is hidden, nobody waits for it. Where the
 * gateway has no place to wait, it is not pressed.
 */
export async function laterReceiptOf(userId, { version, signal }) {
  await shown(signal);
  const hidden = untilHidden();
  const began = performance.now();
  let receipt;
  try {
    receipt = await receiptOf(userId, { version, wait: 20, signal: AbortSignal.any([signal, hidden]) });
  } catch (error) {
    if (!hidden.aborted || signal.aborted) throw error;
    return laterReceiptOf(userId, { version, signal });
  }
  const left = began + PAUSE_MS - performance.now();
  if (receipt.state === "pending" && left > 0) await pause(left, signal);
  return receipt;
}

/**
 * What is answered in the end: after a failure it is asked for again, more and more seldom, unless it is called off or there is no
 * such thing. Tells of each failure, and with null that there is none any more.
 */
export async function answerTo(asking, onFailure, signal) {
  for (let againMs = PAUSE_MS; ; againMs = Math.min(againMs * 2, LONGEST_MS)) {
    try {
      const answer = await asking();
      onFailure(null);
      return answer;
    } catch (error) {
      const isLast = signal.aborted || NEVER_ANSWERED.includes(error.document?.status);
      onFailure(isLast ? null : error);
      if (isLast) throw error;
    }
    await pause(againMs, signal);
  }
}

/** Waits, and on while the page is hidden, unless it is called off. */
export async function pause(ms, signal) {
  await new Promise((resolve) => setTimeout(resolve, ms));
  await shown(signal);
}

/** Has users tried again; all that a group has, however many requests that takes. Tells of each step. */
export async function retry(which, onStep = () => {}) {
  const total = { retried: 0, skipped: 0 };
  let after;
  do {
    const done = await ask("POST", "/sync/retry", { body: { ...which, after } });
    total.retried += done.retried;
    total.skipped += done.skipped;
    after = done.next;
    onStep(total);
  } while (after !== undefined);
  return total;
}
