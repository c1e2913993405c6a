// Whether the page is visible. A browser has six connections to a gateway for all of its tabs, so a hidden page uses none.

let hiding = new AbortController();

document.addEventListener("visibilitychange", () => {
  if (isVisible()) return;
  hiding.abort();
  hiding = new AbortController();
});

export const isVisible = () => document.visibilityState === "visible";

/** A signal that aborts when the page becomes hidden. */
export const whileVisible = () => hiding.signal;

/** Resolves when the page is visible, unless it is aborted. */
export function untilVisible(signal) {
  signal.throwIfAborted();
  if (isVisible()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    document.addEventListener("visibilitychange", resolve, { once: true, signal });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
