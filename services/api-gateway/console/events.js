// Listens to /sync/events while the page is visible, and reconnects as often as necessary.

import { isVisible } from "./visibility.js";

/** The connection counts as lost when no event has come for this long; the gateway sends one every second. */
const MAX_SILENCE_MS = 5_000;
/** The first and the longest pause before a new connection. While the gateway has too many listeners, each try costs it something. */
const MIN_PAUSE_MS = 1_000;
const MAX_PAUSE_MS = 30_000;

/**
 * Calls `on.changes(data, agoMs)`, `on.status(data)`, `on.begin()` when later events do not follow the earlier ones without a gap,
 * and `on.connected(is)`. After most losses the browser reconnects by itself and asks for the events that it missed. After the
 * others this opens a new connection, which asks for the same.
 */
export function listen(on) {
  let source = null;
  let timer = null;
  let pauseMs = MIN_PAUSE_MS;
  let lastEventAt = performance.now();
  let lastId = "";
  /** The gateway's clock minus this page's clock. */
  let aheadMs = 0;
  /** Whether changes may be earlier ones that were missed. The first status comes after all of them. */
  let isCatchingUp = false;
  const handle = (act) => (event) => {
    lastEventAt = performance.now();
    pauseMs = MIN_PAUSE_MS;
    lastId = event.lastEventId || lastId;
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
  // A missed change is dated by its own time. Any other change happens now, even if a clock is set back or forward.
  const agoMs = (at) => (isCatchingUp ? Math.max(0, performance.now() + aheadMs - Date.parse(at)) : 0);
  const changes = (data) => on.changes(data, agoMs(data.at));
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = null;
  };
  const open = () => {
    close();
    if (!isVisible()) return;
    lastEventAt = performance.now();
    source = new EventSource(lastId ? `/sync/events?last=${lastId}` : "/sync/events");
    source.addEventListener("hello", handle(hello));
    source.addEventListener("changes", handle(changes));
    source.addEventListener("status", handle(status));
    // The number of missed changes is not known; the next status shows their effect.
    source.addEventListener("dropped", handle(() => {}));
    source.addEventListener("error", () => {
      on.connected(false);
      if (source?.readyState === EventSource.CLOSED) reopen();
    });
  };
  /** Opens a new connection after a pause: the browser does not reconnect by itself after an error status. */
  const reopen = () => {
    close();
    timer = setTimeout(open, pauseMs * (0.75 + Math.random() / 2));
    pauseMs = Math.min(pauseMs * 2, MAX_PAUSE_MS);
  };
  open();
  document.addEventListener("visibilitychange", () => (isVisible() ? open() : close()));
  setInterval(() => {
    if (source === null || performance.now() - lastEventAt < MAX_SILENCE_MS) return;
    on.connected(false);
    open();
  }, MIN_PAUSE_MS);
}
