// Listens to /sync/events, and keeps at it.

/** How long nothing may be heard, though something is said every second, before the connection counts as lost. */
const SILENCE_MS = 5_000;
const AGAIN_MS = 1_000;

/**
 * Calls `on.changes(data)`, `on.status(data)`, `on.begin()` when what was missed is not known, and `on.connected(is)`.
 * A browser goes on by itself after most losses, and asks for what it missed; for the others there is a new start.
 */
export function listen(on) {
  let source;
  let heardAt = performance.now();
  const heard = (act) => (event) => {
    heardAt = performance.now();
    on.connected(true);
    act(JSON.parse(event.data));
  };
  const open = () => {
    source?.close();
    heardAt = performance.now();
    source = new EventSource("/sync/events");
    source.addEventListener("hello", heard(({ resumed }) => resumed || on.begin()));
    source.addEventListener("changes", heard(on.changes));
    source.addEventListener("status", heard(on.status));
    source.addEventListener("dropped", heard(() => on.begin()));
    source.addEventListener("error", () => {
      on.connected(false);
      if (source.readyState === EventSource.CLOSED) setTimeout(open, AGAIN_MS);
    });
  };
  open();
  setInterval(() => {
    if (performance.now() - heardAt < SILENCE_MS) return;
    on.connected(false);
    open();
  }, AGAIN_MS);
}
