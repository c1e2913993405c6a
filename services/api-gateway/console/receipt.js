// The receipt of one user, kept up to date while it is shown.

import { pause, Problem, readReceipt, retry, retryUntilAnswered, send, waitForReceipt } from "./api.js";
import { confirm } from "./dialog.js";
import { byId, duration, element, problemBelow, problemBox, stateBadge, time } from "./dom.js";
import { loadFields, textOf } from "./fields.js";

const target = byId("receipt");
const form = byId("look-up");
/** The time between two requests for a receipt that is not pending: another caller may change the user at any time. */
const POLL_MS = 3_000;
/** Ends the updates of the receipt that was shown before. */
let current = new AbortController();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  show(form.elements.userId.value);
});

/** Shows the receipt of a user, and keeps it up to date until another one is shown. */
export async function show(userId) {
  current.abort();
  current = new AbortController();
  const { signal } = current;
  form.elements.userId.value = userId;
  target.replaceChildren(element("p", { className: "empty" }, "Loading …"));
  const showProblem = problemBelow(target);
  const onFailure = (error) => showProblem(error && documentOf(error));
  let receipt = null;
  while (!signal.aborted) {
    const shown = receipt;
    try {
      receipt = await retryUntilAnswered(() => nextReceipt(shown, userId, signal), onFailure, signal);
      // An unchanged receipt is not drawn again, so that nothing moves while somebody reads or presses a button.
      if (JSON.stringify(receipt) !== JSON.stringify(shown)) draw(receipt);
    } catch (error) {
      if (signal.aborted) return;
      target.replaceChildren(problemBox(documentOf(error)));
      if (error.document?.status !== 404) return;
      // The user does not exist. It may be created while the page is open.
      receipt = null;
      await pause(POLL_MS, signal).catch(() => {});
    }
  }
}

/** Every field that was ever given, with the version that gave it last. */
function fieldsOf(receipt) {
  const latest = Object.entries(receipt.fields).map(([name, field]) => [name, { ...field, version: receipt.version }]);
  return [...latest, ...Object.entries(receipt.earlierFields ?? {})].sort(([one], [other]) => (one < other ? -1 : 1));
}

const isInProgress = (receipt) => fieldsOf(receipt).some(([, field]) => field.state === "pending" || field.resending);

/** The first receipt, or the next one. For a pending one the gateway answers when HubSpot's result is in; others are polled. */
async function nextReceipt(receipt, userId, signal) {
  if (receipt === null) return readReceipt(userId, { signal });
  if (receipt.state === "pending") return waitForReceipt(userId, { signal });
  await pause(isInProgress(receipt) ? 2_000 : POLL_MS, signal);
  return readReceipt(userId, { signal });
}

const documentOf = (error) =>
  (error instanceof Problem ? error.document : { title: "This page has an error", detail: String(error) });

function draw(receipt) {
  const fields = fieldsOf(receipt).map(([name, field]) => element("tr", {},
    element("td", {}, name, element("div", { className: "quiet" }, `version ${field.version}`)),
    element("td", {}, stateBadge(field.state), field.resending ? " sent again" : "", confirmationNote(field)),
    element("td", {}, ...reasonText(field.reason), field.recordedAt ? element("div", { className: "quiet" }, time(field.recordedAt)) : null)));
  target.replaceChildren(
    element("p", {}, stateBadge(receipt.overallState), ` ${receipt.userId}, version ${receipt.version}`,
      receipt.state === receipt.overallState ? "" : ` (${receipt.state})`),
    details(receipt),
    fields.length ? table(["Field", "State", "HubSpot's reason"], fields) : null,
    ...(receipt.problems ?? []).map(problemNote),
    attemptTable(receipt.lastAttempts ?? []),
    element("p", { className: "row" }, retryButton(receipt), profileButton(receipt.userId)));
}

/** How HubSpot has a confirmed value, unless it shows exactly that value. */
function confirmationNote(field) {
  if (field.shown === false) return element("div", { className: "quiet" }, "accepted, but HubSpot does not show it");
  return field.normalized ? element("div", { className: "quiet" }, "HubSpot keeps it in another form") : null;
}

/** A problem: what happened, what to do, and when hubsync tries again. */
function problemNote(problem) {
  const line = (name, text) => (text ? [element("dt", {}, name), element("dd", {}, text)] : []);
  const next = problem.nextAttemptAt ? `${time(problem.nextAttemptAt)}, or at once with “Retry”` : "only with “Retry”, unless an attempt is running now";
  return element("div", { className: "note" },
    element("b", {}, problem.fields.join(", ")),
    element("p", {}, problem.explanation),
    element("dl", {},
      ...line("Addresses looked up", (problem.addresses ?? []).join(", ")),
      ...line("What to do", problem.remedy),
      ...line("Next attempt", next)));
}

function details(receipt) {
  const contact = receipt.contact;
  const list = element("dl", {});
  const entry = (name, ...text) => list.append(element("dt", {}, name), element("dd", {}, ...text));
  entry("Contact", contact ? `${contact.contactId} in account ${contact.accountId}${contact.shared ? ", shared with another user" : ""}` : "not known yet");
  if (receipt.failures) entry("Failures in a row", `${receipt.failures}`);
  if (receipt.nextAttemptAt) entry("Next attempt", `${time(receipt.nextAttemptAt)}, or at once with “Retry”`);
  if (receipt.lastFailure) entry("Last failure", ...reasonText(receipt.lastFailure));
  return list;
}

function reasonText(reason) {
  if (!reason) return [];
  const id = reason.correlationId ? element("div", { className: "quiet" }, `correlation id ${reason.correlationId}`) : null;
  return [element("code", {}, reason.code), ` ${reason.message}`, id];
}

function attemptTable(last) {
  if (!last.length) return element("p", { className: "quiet" }, "No attempt has ended yet.");
  const rows = last.map((attempt) => element("tr", {},
    element("td", {}, `${attempt.attempt}`),
    element("td", {}, time(attempt.at)),
    element("td", {}, duration(attempt.durationMs)),
    element("td", {}, attempt.status ? `${attempt.status}` : "–"),
    element("td", {}, attempt.code ?? "confirmed",
      attempt.category ? element("div", { className: "quiet" }, attempt.category) : null,
      attempt.correlationId ? element("div", { className: "quiet" }, attempt.correlationId) : null)));
  return table(["Attempt", "Started", "Duration", "Status", "Result"], rows, "The last attempts to deliver the user, latest first");
}

function table(headings, rows, caption) {
  const head = element("tr", {}, ...headings.map((heading) => element("th", { scope: "col" }, heading)));
  return element("div", { className: "scroll" }, element("table", {},
    caption ? element("caption", { className: "hidden" }, caption) : null,
    element("thead", {}, head), element("tbody", {}, ...rows)));
}

const PROBLEM_STATES = ["rejected", "conflict", "failed", "notFound"];

/** The button is there if any field has a problem. The overall state does not show that while another field is pending. */
function retryButton(receipt) {
  if (!fieldsOf(receipt).some(([, { state }]) => PROBLEM_STATES.includes(state))) return null;
  const { userId } = receipt;
  const button = element("button", { type: "button" }, "Retry");
  button.addEventListener("click", async () => {
    const sure = await confirm(`Retry ${userId}?`,
      "Sends the fields with a problem to HubSpot again, at once. Their values do not change.");
    if (!sure) return;
    button.disabled = true;
    try {
      await retry({ users: [userId] });
      if (button.isConnected) show(userId);
    } catch (error) {
      button.disabled = false;
      button.after(problemBox(documentOf(error)));
    }
  });
  return button;
}

/** The values of the profile are personal data, so they are shown only on request. */
function profileButton(userId) {
  const button = element("button", { type: "button" }, "Show values");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const user = await send("GET", `/users/${encodeURIComponent(userId)}`);
      const list = element("dl", {});
      for (const { name } of await loadFields()) {
        list.append(element("dt", {}, name), element("dd", {}, textOf(user[name])));
      }
      button.replaceWith(list);
    } catch (error) {
      button.replaceWith(problemBox(documentOf(error)));
    }
  });
  return button;
}
