// The form that sends a change and shows its result.

import { Problem, retryUntilAnswered, send, waitForReceipt } from "./api.js";
import { byId, duration, element, problemBelow, problemBox, stateBadge } from "./dom.js";
import { inputOf, loadFields, valueOf } from "./fields.js";

const form = byId("change");
const target = byId("change-result");
let current = new AbortController();

loadFields().then((fields) => {
  const labels = fields.map((field) => element("label", {}, `${field.name} `, inputOf(field)));
  byId("change-fields").replaceChildren(...labels);
}, (error) => byId("change-fields").replaceChildren(problemBox(documentOf(error))));

/** The fields that are filled in. Empty ones stay unchanged. */
async function filledFields() {
  const fields = (await loadFields()).map((field) => [field.name, valueOf(field, form.elements[field.name])]);
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined));
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const button = form.querySelector("button");
  if (button.disabled) return;
  current.abort();
  current = new AbortController();
  const { signal } = current;
  const userId = form.elements.userId.value;
  button.disabled = true;
  target.replaceChildren(element("p", { className: "empty" }, "Sending …"));
  const began = performance.now();
  try {
    const { changed, sync } = await send("PATCH", `/users/${encodeURIComponent(userId)}`,
      { body: await filledFields(), type: "application/merge-patch+json" });
    const took = duration(performance.now() - began);
    const stored = `version ${sync.version} is accepted and stored after ${took}`;
    showStep(sync.state, changed ? stored : `nothing changed: version ${sync.version} has these values`);
    if (!changed && sync.state !== "pending") return;
    follow(userId, sync, began, signal).catch((error) => signal.aborted || problemBelow(target)(unreadable(error)));
  } catch (error) {
    target.replaceChildren(problemBox(documentOf(error)));
  } finally {
    button.disabled = false;
  }
});

const documentOf = (error) => (error instanceof Problem ? error.document : { detail: String(error) });

/** The problem of a receipt that cannot be read. The change is accepted all the same. */
const unreadable = (error) => ({ title: "The receipt cannot be read", detail: error.message });

function showStep(state, text) {
  target.replaceChildren(element("p", {}, stateBadge(state), ` ${text}`));
}

async function follow(userId, { state, version }, began, signal) {
  let receipt = { state };
  const showProblem = problemBelow(target);
  const onFailure = (error) => showProblem(error && unreadable(error));
  while (receipt.state === "pending") {
    receipt = await retryUntilAnswered(() => waitForReceipt(userId, { version, signal }), onFailure, signal);
  }
  const reason = Object.values(receipt.fields ?? {}).map((field) => field.reason).find((found) => found);
  const explanation = reason ? `: ${reason.code}, ${reason.message}` : "";
  showStep(receipt.state, `version ${version} after ${duration(performance.now() - began)}${explanation}`);
}
