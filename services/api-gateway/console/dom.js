// Small helpers for making elements and texts. Text is always set as text, never as markup.

/** The element of that id. */
export const byId = (id) => document.getElementById(id);

/** Makes an element: `element("p", { className: "note" }, "text", child)`. */
export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** Sets an element's text if it is another one, so that nothing is drawn or read out again for nothing. */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/** Sets how an element looks by what it means: good, wait, bad or quiet. */
export function setTone(target, tone) {
  if (target.dataset.tone !== tone) target.dataset.tone = tone;
}

const TONES = {
  confirmed: "good", pending: "wait", rejected: "bad", conflict: "bad", failed: "bad", notFound: "bad",
};

/** What a state means. */
export const toneOf = (state) => TONES[state] ?? "quiet";

/** A state as a badge. */
export function stateBadge(state) {
  const badge = element("span", { className: "badge" }, state);
  setTone(badge, toneOf(state));
  return badge;
}

const integers = new Intl.NumberFormat("en");

/** A count for people. */
export const count = (number) => integers.format(number);

/** A length of time in milliseconds for people. */
export function duration(ms) {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`;
  if (ms < 86_400_000) return `${Math.floor(ms / 3_600_000)} h`;
  return `${Math.floor(ms / 86_400_000)} d`;
}

/** A time of day; with its date where that is not today. */
export function time(rfc3339) {
  const date = new Date(rfc3339);
  const clock = date.toLocaleTimeString("en-GB");
  return date.toDateString() === new Date().toDateString() ? clock : `${date.toLocaleDateString("en-CA")} ${clock}`;
}

/** A place after what stands there for a problem that may pass. What is the same is not read out again. */
export function problemBeside(target) {
  let shown = null;
  return (problem) => {
    const next = problem && problemText(problem);
    if (next && shown?.isConnected && next.textContent === shown.textContent) return;
    shown?.remove();
    shown = next;
    if (next) target.append(next);
  };
}

/** Tells of a request that failed: its sentence, and every fault it names. */
export function problemText(problem) {
  const faults = (problem.errors ?? []).map((fault) =>
    element("li", {}, fault.pointer ? `${fault.pointer.slice(1)}: ${fault.detail}` : fault.detail));
  return element("div", { className: "problem" },
    element("b", {}, problem.title ?? "That did not work"),
    element("div", {}, problem.detail ?? ""),
    faults.length ? element("ul", {}, ...faults) : null);
}
