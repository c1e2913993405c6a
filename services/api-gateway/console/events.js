// Listens to /sync/events while the page is shown, and keeps at it.

import { isShown } from "./shown.js";

/** How long nothing may be heard, though something is said every second, before the connection counts as lost. */
const SILENCE_MS = 5_000;
const AGAIN_MS = 1_000;

/**
 * Calls `on.changes(data)`, `on.status(data)`, `on.begin()` when what was missed is not known, and `on.connected(is)`.
 * A browser goes on by itself after most losses, and asks for what it missed; for the others there is a new start, which asks
 * for the same.
 */
export function listen(on) {
  let source = null;
  let heardAt = performance.now();
  let last = "";
  const heard = (act) => (event) => {
    heardAt = performance.now();
    last = event.lastEventId || last;
    on.connected(true);
    act(JSON.parse(event.data));
  };
  const close = () => {
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    if (!isShown()) return;
    heardAt = performance.now();
    source = new EventSource(last ? `/sync/events?last=${last}` : "/sync/events");
    source.addEventListener("hello", heard(({ resumed }) => resumed || on.begin()));
    source.addEventListener("changes", heard(on.changes));
    source.addEventListener("status", heard(on.status));
    source.addEventListener("dropped", heard(() => on.begin()));
    source.addEventListener("error", (event) => {
      on.connected(false);
      if (event.target.readyState === EventSource.CLOSED) setTimeout(open, AGAIN_MS);
    });
  };
  open();
  document.addEventListener("visibilitychange", () => (isShown() ? open() : close()));
  setInterval(() => {
    if (source === null || performance.now() - heardAt < SILENCE_MS) return;
    on.connected(false);
    open();
  }, AGAIN_MS);
}
