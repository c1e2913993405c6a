// Listens to /sync/events while the page is shown, and keeps at it.

import { isShown } from "./shown.js";

/** How long nothing may be heard, though something is said every second, before the connection counts as lost. */
const SILENCE_MS = 5_000;
/** The first pause before another start, and the longest: where as many listen as may, each try is one more for the gateway. */
const AGAIN_MS = 1_000;
const LONGEST_MS = 30_000;

/**
 * Calls `on.changes(data, agoMs)`, `on.status(data)`, `on.begin()` when what is told from now on follows nothing that was told
 * before, and `on.connected(is)`. A browser goes on by itself after most losses, and asks for what it missed; for the others
 * there is a new start, which asks for the same.
 */
export function listen(on) {
  let source = null;
  let timer = null;
  let againMs = AGAIN_MS;
  let heardAt = performance.now();
  let last = "";
  /** What the gateway's clock shows, less what ours does. */
  let aheadMs = 0;
  /** Whether what is told may be of an earlier time: how everything stands is told once all that was missed was. */
  let isCatchingUp = false;
  const heard = (act) => (event) => {
    heardAt = performance.now();
    againMs = AGAIN_MS;
    last = event.lastEventId || last;
    on.connected(true);
    act(JSON.parse(event.data));
  };
  const hello = ({ resumed, at }) => {
    aheadMs = Date.parse(at) - performance.now();
    isCatchingUp = true;
    if (!resumed) on.begin();
  };
  const status = (data) => {
    isCatchingUp = false;
    on.status(data);
  };
  // What was missed is told as it was then. All else is now, whatever becomes of the clocks.
  const agoMs = (at) => (isCatchingUp ? Math.max(0, performance.now() + aheadMs - Date.parse(at)) : 0);
  const changes = (data) => on.changes(data, agoMs(data.at));
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    if (!isShown()) return;
    heardAt = performance.now();
    source = new EventSource(last ? `/sync/events?last=${last}` : "/sync/events");
    source.addEventListener("hello", heard(hello));
    source.addEventListener("changes", heard(changes));
    source.addEventListener("status", heard(status));
    // How many changes it was is not known; how everything stands is told in a moment.
    source.addEventListener("dropped", heard(() => {}));
    source.addEventListener("error", () => {
      on.connected(false);
      if (source?.readyState === EventSource.CLOSED) later();
    });
  };
  /** The browser has given up. */
  const later = () => {
    close();
    timer = setTimeout(open, againMs * (0.75 + Math.random() / 2));
    againMs = Math.min(againMs * 2, LONGEST_MS);
  };
  open();
  document.addEventListener("visibilitychange", () => (isShown() ? open() : close()));
  setInterval(() => {
    if (source === null || performance.now() - heardAt < SILENCE_MS) return;
    on.connected(false);
    open();
  }, AGAIN_MS);
}
