// The form that sends a change, and follows it.

import { answerTo, ask, laterReceiptOf, Problem } from "./api.js";
import { byId, duration, element, problemBeside, problemText, stateBadge } from "./dom.js";

const form = byId("change");
const target = byId("change-result");
let following = new AbortController();

/** Fields that are given; what is left empty stays as it is. */
function given() {
  const fields = ["email", "firstName", "lastName"].map((name) => [name, form.elements[name].value]);
  return Object.fromEntries(fields.filter(([, value]) => value !== ""));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  if (button.disabled) return;
  following.abort();
  following = new AbortController();
  const { signal } = following;
  const userId = form.elements.userId.value;
  button.disabled = true;
  target.replaceChildren(element("p", { className: "empty" }, "Sending …"));
  const began = performance.now();
  try {
    const { sync } = await ask("PATCH", `/users/${encodeURIComponent(userId)}`,
      { body: given(), type: "application/merge-patch+json" });
    const took = duration(performance.now() - began);
    step(sync.state, `version ${sync.version} is accepted and on disk after ${took}`);
    follow(userId, sync, began, signal).catch((error) => signal.aborted || problemBeside(target)(unread(error)));
  } catch (error) {
    target.replaceChildren(problemText(documentOf(error)));
  } finally {
    button.disabled = false;
  }
});

const documentOf = (error) => (error instanceof Problem ? error.document : { detail: String(error) });

/** The change is accepted all the same. */
const unread = (error) => ({ title: "Its receipt cannot be read", detail: error.message });

function step(state, text) {
  target.replaceChildren(element("p", {}, stateBadge(state), ` ${text}`));
}

async function follow(userId, { state, version }, began, signal) {
  let receipt = { state };
  const tell = problemBeside(target);
  const onFailure = (error) => tell(error && unread(error));
  while (receipt.state === "pending") {
    receipt = await answerTo(() => laterReceiptOf(userId, { version, signal }), onFailure, signal);
  }
  const reason = Object.values(receipt.fields ?? {}).map((field) => field.reason).find((found) => found);
  const words = reason ? `: ${reason.code}, ${reason.message}` : "";
  step(receipt.state, `version ${version} after ${duration(performance.now() - began)}${words}`);
}
