// The last changes, as they go from pending to their result.

import { byId, count, element, setText, setTone, time, toneOf } from "./dom.js";

const ROWS = 20;
/** The shortest time between two updates of the table. Nobody can read faster. */
const MIN_INTERVAL_MS = 150;

const table = byId("recent");
const body = table.tBodies[0];
/** The latest last. They are kept by user, so that a result replaces the pending change. */
const shown = new Map();
/** How many changes and results were counted, and whether all of them were named. */
let counted = nothing();
let drawnAt = 0;
let timer = null;
let open = () => {};
body.addEventListener("pointerleave", () => schedule());
body.addEventListener("focusout", () => setTimeout(schedule));

/** Sets what happens when a user is chosen. */
export function onChoose(act) {
  open = act;
}

/** Adds the users that an event names, with the number of changes and results that it counts, and its age. */
export function add(users, changes, results, agoMs) {
  if (users.some(isFromRestoredDatabase)) clear();
  for (const user of users) {
    const known = shown.get(user.userId);
    // A result may come before its change.
    if (known && (known.version > user.version || (known.version === user.version && user.state === "pending"))) continue;
    shown.delete(user.userId);
    shown.set(user.userId, { ...user, at: new Date(Date.now() - agoMs) });
  }
  while (shown.size > ROWS) shown.delete(shown.keys().next().value);
  counted = {
    changes: counted.changes + changes,
    results: counted.results + results,
    isComplete: counted.isComplete && users.length >= Math.max(changes, results),
  };
  schedule();
}

/** Handles a gap in the events: the results of pending changes may have been missed, so these are removed. */
export function begin() {
  for (const [userId, user] of shown) {
    if (user.state === "pending") shown.delete(userId);
    user.isFromBefore = true;
  }
  if (shown.size === 0) clear();
  setText(byId("recent-empty"), `Nothing has changed since ${time(new Date())}.`);
  schedule();
}

/** Whether the database was restored from a backup: then users have earlier versions again. */
function isFromRestoredDatabase({ userId, version }) {
  const known = shown.get(userId);
  return known?.isFromBefore && known.version > version;
}

function clear() {
  shown.clear();
  counted = nothing();
}

function nothing() {
  return { changes: 0, results: 0, isComplete: true };
}

/** Draws the table, at once if it was not drawn lately. */
function schedule() {
  // The rows must not move while somebody is about to press a name.
  if (timer !== null || body.matches(":hover, :focus-within")) return;
  const wait = Math.max(0, drawnAt + MIN_INTERVAL_MS - performance.now());
  timer = setTimeout(() => {
    timer = null;
    drawnAt = performance.now();
    draw();
  }, wait);
}

function draw() {
  byId("recent-empty").hidden = shown.size > 0;
  table.hidden = shown.size === 0;
  const note = byId("recent-note");
  note.hidden = counted.isComplete;
  if (!counted.isComplete) setText(note, `Showing some of ${count(counted.changes)} changes and ${count(counted.results)} results.`);
  while (body.rows.length > shown.size) body.lastElementChild.remove();
  [...shown.values()].reverse().forEach((user, index) => fill(rowAt(index), user));
}

/** Rows are made once and reused. */
function rowAt(index) {
  if (body.rows.length > index) return body.rows[index];
  const link = element("button", { type: "button", className: "link" });
  link.addEventListener("click", () => open(link.textContent));
  const row = element("tr", {},
    element("td", {}, link), element("td"), element("td", {}, element("span", { className: "badge" })), element("td"));
  body.append(row);
  return row;
}

function fill(row, { userId, version, state, at }) {
  const [user, number, badge, clock] = row.cells;
  setText(user.firstChild, userId);
  setText(number, String(version));
  setText(badge.firstChild, state);
  setTone(badge.firstChild, toneOf(state));
  setText(clock, at.toLocaleTimeString("en-GB"));
}
