// Whether anybody sees the page. A browser has six connections to a gateway for all of its tabs, so that a hidden one holds none.

let hiding = new AbortController();

document.addEventListener("visibilitychange", () => {
  if (isShown()) return;
  hiding.abort();
  hiding = new AbortController();
});

export const isShown = () => document.visibilityState === "visible";

/** Ends what takes this signal when the page is hidden. */
export const untilHidden = () => hiding.signal;

/** Comes when the page is shown, unless it is called off. */
export function shown(signal) {
  signal.throwIfAborted();
  if (isShown()) return Promise.resolve();
  return new Promise((resolve, reject) => {
    document.addEventListener("visibilitychange", resolve, { once: true, signal });
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}
