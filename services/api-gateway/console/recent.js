// The last changes, as they pass from pending to their verdict.

import { byId, count, element, setText, setTone, time, toneOf } from "./dom.js";

const ROWS = 20;
/** So often is the table written at most: more than anybody can read. */
const EVERY_MS = 150;

const table = byId("recent");
const body = table.tBodies[0];
/** The latest last; by user, so that a verdict replaces what was pending. */
const seen = new Map();
/** What was heard of since this began, and whether all of it was named. */
let heard = nothing();
let drawnAt = 0;
let timer = null;
let open = () => {};
body.addEventListener("pointerleave", () => schedule());
body.addEventListener("focusout", () => setTimeout(schedule));

/** What to do when a user is chosen. */
export function onChoose(act) {
  open = act;
}

/** Takes whom a frame names, how many changes and verdicts it is about, and how long ago it was. */
export function add(users, changes, verdicts, agoMs) {
  if (users.some(isOfRestored)) clear();
  for (const user of users) {
    const known = seen.get(user.userId);
    // A verdict may be told of before the change that it is about.
    if (known && (known.version > user.version || (known.version === user.version && user.state === "pending"))) continue;
    seen.delete(user.userId);
    seen.set(user.userId, { ...user, at: new Date(Date.now() - agoMs) });
  }
  while (seen.size > ROWS) seen.delete(seen.keys().next().value);
  heard = {
    changes: heard.changes + changes,
    verdicts: heard.verdicts + verdicts,
    isWhole: heard.isWhole && users.length >= Math.max(changes, verdicts),
  };
  schedule();
}

/** What comes now follows nothing that came before: of what was pending the verdict may have been missed. */
export function begin() {
  for (const [userId, user] of seen) {
    if (user.state === "pending") seen.delete(userId);
    user.isOfBefore = true;
  }
  if (seen.size === 0) clear();
  setText(byId("recent-empty"), `Nothing has changed since ${time(new Date())}.`);
  schedule();
}

/** A database that was restored has earlier versions again. */
function isOfRestored({ userId, version }) {
  const known = seen.get(userId);
  return known?.isOfBefore && known.version > version;
}

function clear() {
  seen.clear();
  heard = nothing();
}

function nothing() {
  return { changes: 0, verdicts: 0, isWhole: true };
}

/** At once when nothing was drawn lately, so that a lone change is seen at once. */
function schedule() {
  // Nobody is to press another user's name than the one that was aimed at.
  if (timer !== null || body.matches(":hover, :focus-within")) return;
  const wait = Math.max(0, drawnAt + EVERY_MS - performance.now());
  timer = setTimeout(() => {
    timer = null;
    drawnAt = performance.now();
    draw();
  }, wait);
}

function draw() {
  byId("recent-empty").hidden = seen.size > 0;
  table.hidden = seen.size === 0;
  const note = byId("recent-note");
  note.hidden = heard.isWhole;
  if (!heard.isWhole) setText(note, `Some of ${count(heard.changes)} changes and ${count(heard.verdicts)} verdicts heard of.`);
  while (body.rows.length > seen.size) body.lastElementChild.remove();
  [...seen.values()].reverse().forEach((user, index) => fill(rowAt(index), user));
}

/** Rows are made once and filled again and again. */
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
