// One user's receipt, followed for as long as it is shown.

import { answerTo, ask, laterReceiptOf, pause, Problem, receiptOf, retry } from "./api.js";
import { confirmed } from "./dialog.js";
import { byId, duration, element, problemBeside, problemText, stateBadge, time } from "./dom.js";

const target = byId("receipt");
const form = byId("look-up");
/** The time between two looks at a receipt that waits for nothing; another caller may change the user at any time. */
const LOOK_EVERY_MS = 3_000;
/** Ends the following of the user that was looked at before. */
let following = new AbortController();

form.addEventListener("submit", (event) => {
  event.preventDefault();
  show(form.elements.userId.value);
});

/** Shows a user's receipt and follows it until another one is shown. */
export async function show(userId) {
  following.abort();
  following = new AbortController();
  const { signal } = following;
  form.elements.userId.value = userId;
  target.replaceChildren(element("p", { className: "empty" }, "Looking it up …"));
  const tell = problemBeside(target);
  const onFailure = (error) => tell(error && documentOf(error));
  let receipt = null;
  while (!signal.aborted) {
    const shown = receipt;
    try {
      receipt = await answerTo(() => laterThan(shown, userId, signal), onFailure, signal);
      // Whatever is being read or pressed stays where it is.
      if (JSON.stringify(receipt) !== JSON.stringify(shown)) draw(receipt);
    } catch (error) {
      if (signal.aborted) return;
      target.replaceChildren(problemText(documentOf(error)));
      if (error.document?.status !== 404) return;
      // There is no such user yet. It may be created while the page is open.
      receipt = null;
      await pause(LOOK_EVERY_MS, signal).catch(() => {});
    }
  }
}

/** Every field that was ever given, each with the version that gave it last. */
function fieldsOf(receipt) {
  const latest = Object.entries(receipt.fields).map(([name, field]) => [name, { ...field, version: receipt.version }]);
  return [...latest, ...Object.entries(receipt.earlierFields ?? {})].sort(([one], [other]) => (one < other ? -1 : 1));
}

const isMoving = (receipt) => fieldsOf(receipt).some(([, field]) => field.state === "pending" || field.resending);

/** The first receipt, or the one that follows. The gateway answers a pending one when HubSpot's result is in; others are read again. */
async function laterThan(receipt, userId, signal) {
  if (receipt === null) return receiptOf(userId, { signal });
  if (receipt.state === "pending") return laterReceiptOf(userId, { signal });
  await pause(isMoving(receipt) ? 2_000 : LOOK_EVERY_MS, signal);
  return receiptOf(userId, { signal });
}

const documentOf = (error) =>
  (error instanceof Problem ? error.document : { title: "This page failed", detail: String(error) });

function draw(receipt) {
  const fields = fieldsOf(receipt).map(([name, field]) => element("tr", {},
    element("td", {}, name, element("div", { className: "quiet" }, `version ${field.version}`)),
    element("td", {}, stateBadge(field.state), field.resending ? " sent once more" : ""),
    element("td", {}, ...words(field.reason), field.recordedAt ? element("div", { className: "quiet" }, time(field.recordedAt)) : null)));
  target.replaceChildren(
    element("p", {}, stateBadge(receipt.overallState), ` ${receipt.userId}, version ${receipt.version}`,
      receipt.state === receipt.overallState ? "" : ` (${receipt.state})`),
    details(receipt),
    fields.length ? table(["Field", "State", "HubSpot's words"], fields) : null,
    ...(receipt.problems ?? []).map(problemOf),
    attempts(receipt.lastAttempts ?? []),
    element("p", { className: "row" }, retryButton(receipt), profileButton(receipt.userId)));
}

/** What happened, what to do, and when it is tried again. */
function problemOf(problem) {
  const line = (name, text) => (text ? [element("dt", {}, name), element("dd", {}, text)] : []);
  const next = problem.nextAttemptAt ? `${time(problem.nextAttemptAt)}, or at once by “Try again”` : "only by “Try again”, unless it is being tried now";
  return element("div", { className: "note" },
    element("b", {}, problem.fields.join(", ")),
    element("p", {}, problem.explanation),
    element("dl", {},
      ...line("Looked up", (problem.addresses ?? []).join(", ")),
      ...line("What to do", problem.remedy),
      ...line("Tried again", next)));
}

function details(receipt) {
  const contact = receipt.contact;
  const list = element("dl", {});
  const entry = (name, ...text) => list.append(element("dt", {}, name), element("dd", {}, ...text));
  entry("Contact", contact ? `${contact.contactId} in account ${contact.accountId}${contact.shared ? ", shared with another user" : ""}` : "none known yet");
  if (receipt.lastFailure) entry("Last failure", ...words(receipt.lastFailure));
  return list;
}

function words(reason) {
  if (!reason) return [];
  const id = reason.correlationId ? element("div", { className: "quiet" }, `correlation id ${reason.correlationId}`) : null;
  return [element("code", {}, reason.code), ` ${reason.message}`, id];
}

function attempts(last) {
  if (!last.length) return element("p", { className: "quiet" }, "No attempt has ended yet.");
  const rows = last.map((attempt) => element("tr", {},
    element("td", {}, `${attempt.attempt}`),
    element("td", {}, time(attempt.at)),
    element("td", {}, duration(attempt.durationMs)),
    element("td", {}, attempt.status ? `${attempt.status}` : "–"),
    element("td", {}, attempt.code ?? "confirmed",
      attempt.category ? element("div", { className: "quiet" }, attempt.category) : null,
      attempt.correlationId ? element("div", { className: "quiet" }, attempt.correlationId) : null)));
  return table(["Attempt", "Given", "Took", "Status", "Outcome"], rows, "The last attempts to deliver the user, the latest first");
}

function table(headings, rows, caption) {
  const head = element("tr", {}, ...headings.map((heading) => element("th", { scope: "col" }, heading)));
  return element("div", { className: "scroll" }, element("table", {},
    caption ? element("caption", { className: "hidden" }, caption) : null,
    element("thead", {}, head), element("tbody", {}, ...rows)));
}

const IN_TROUBLE = ["rejected", "conflict", "failed", "notFound"];

/** What stands worst is what is pending, which hides what is refused beside it. */
function retryButton(receipt) {
  if (!fieldsOf(receipt).some(([, { state }]) => IN_TROUBLE.includes(state))) return null;
  const { userId } = receipt;
  const button = element("button", { type: "button" }, "Try again");
  button.addEventListener("click", async () => {
    const sure = await confirmed(`Try ${userId} again?`,
      "The fields that are refused, taken, parked or missing are sent to HubSpot once more, at once. The values stay as they are.");
    if (!sure) return;
    button.disabled = true;
    try {
      await retry({ users: [userId] });
      if (button.isConnected) show(userId);
    } catch (error) {
      button.disabled = false;
      button.after(problemText(documentOf(error)));
    }
  });
  return button;
}

/** Values are shown to whoever asks for them, not before. */
function profileButton(userId) {
  const button = element("button", { type: "button" }, "Show its values");
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      const user = await ask("GET", `/users/${encodeURIComponent(userId)}`);
      const list = element("dl", {});
      for (const name of ["email", "firstName", "lastName"]) {
        list.append(element("dt", {}, name), element("dd", {}, user[name] ?? "–"));
      }
      button.replaceWith(list);
    } catch (error) {
      button.replaceWith(problemText(documentOf(error)));
    }
  });
  return button;
}
