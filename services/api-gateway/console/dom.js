// Helpers that make elements and texts. Text is always set as text, never as markup.

/** The element of that id. */
export const byId = (id) => document.getElementById(id);

/** Makes an element: `element("p", { className: "note" }, "text", child)`. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Sets an element's text if it differs, so that unchanged text is not drawn or read out again. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Sets the colours of an element by its meaning: good, wait, bad or quiet. */
export function setTone(target, tone) {
  if (target.dataset.tone !== tone) target.dataset.tone = tone;
}

const TONES = {
  confirmed: "good", pending: "wait", rejected: "bad", conflict: "bad", failed: "bad", notFound: "bad",
};

/** The tone of a state. */
export const toneOf = (state) => TONES[state] ?? "quiet";

/** A state as a badge. */
export function stateBadge(state) {
  const badge = element("span", { className: "badge" }, state);
  setTone(badge, toneOf(state));
  return badge;
}

const integers = new Intl.NumberFormat("en");

/** Formats a count. */
export const count = (number) => integers.format(number);

/** Formats a length of time in milliseconds. */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h`;
  return `${Math.floor(ms / 86_400_000)} d`;
}

/** Formats a time of day, with its date unless that is today. */
export function time(rfc3339) {
  const date = new Date(rfc3339);
  const clock = date.toLocaleTimeString("en-GB");
  return date.toDateString() === new Date().toDateString() ? clock : `${date.toLocaleDateString("en-CA")} ${clock}`;
}

/** Returns a function that shows a problem below the content of an element, or removes it with null. An unchanged problem is not read out again. */
export function problemBelow(target) {
  let shown = null;
  return (problem) => {
    const next = problem && problemBox(problem);
    if (next && shown?.isConnected && next.textContent === shown.textContent) return;
    shown?.remove();
    shown = next;
    if (next) target.append(next);
  };
}

/** A box with a problem document: its title, its detail and every error in it. */
export function problemBox(problem) {
  const errors = (problem.errors ?? []).map((error) =>
    element("li", {}, error.pointer ? `${error.pointer.slice(1)}: ${error.detail}` : error.detail));
  return element("div", { className: "problem" },
    element("b", {}, problem.title ?? "The request failed"),
    element("div", {}, problem.detail ?? ""),
    errors.length ? element("ul", {}, ...errors) : null);
}
