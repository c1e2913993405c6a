// Users with problems, grouped by state and reason.

import { Problem, retry, send } from "./api.js";
import { confirm } from "./dialog.js";
import { byId, count, element, problemBox, setText, stateBadge, time } from "./dom.js";

const MAX_SHOWN = 50;
const target = byId("problems");
const empty = byId("problems-empty");
const groups = new Map();
let open = () => {};

/** Sets what happens when a user is chosen. */
export function onChoose(act) {
  open = act;
}

/** Updates the groups. A group that stays keeps its open list. */
export function update(users) {
  if (!users) return;
  const present = new Set();
  for (const problem of users.problems) {
    const key = `${problem.state} ${problem.reason ?? ""}`;
    present.add(key);
    const group = groups.get(key) ?? addGroup(key, problem);
    group.problem = problem;
    setText(group.number, `${count(problem.users)} ${problem.users === 1 ? "user" : "users"}`);
  }
  for (const [key, group] of groups) {
    if (present.has(key)) continue;
    group.box.remove();
    groups.delete(key);
  }
  empty.hidden = groups.size > 0;
  setText(empty, "No user has a problem: every accepted change is confirmed or being delivered.");
}

/** What each state means, and what to do. The texts name no user and no address. */
const MEANINGS = {
  rejected: "HubSpot rejected a value. Change the value or HubSpot's rule, then retry; hubsync does not retry by itself.",
  conflict: "Another contact has the address. Merge the contacts in HubSpot, or link the user to that contact. hubsync retries after 1 min, 10 min, 1 h, then daily.",
  failed: "Delivery kept failing for these users, while it worked for others. The receipt has the reason, and says whether hubsync retries by itself.",
  notFound: "No contact has the user's address, and hubsync creates none unless HUBSPOT_CONTACT_NOT_FOUND=create is set. It looks again after 1 min, 10 min, 1 h, then daily.",
};

const nameOf = ({ state, reason }) => (reason ? `${state} with ${reason}` : state);

function addGroup(key, problem) {
  const group = {
    problem,
    number: element("b"),
    list: element("div"),
    isOpen: false,
    label: element("span", {}, "Show users"),
    show: element("button", { type: "button", className: "small" }),
    retry: element("button", { type: "button", className: "small" }, "Retry all"),
    result: element("p", { className: "quiet", role: "status" }),
  };
  group.show.setAttribute("aria-expanded", "false");
  group.show.append(group.label);
  for (const button of [group.show, group.retry]) {
    button.append(element("span", { className: "hidden" }, ` ${nameOf(problem)}`));
  }
  group.show.addEventListener("click", () => toggle(group));
  group.retry.addEventListener("click", () => retryGroup(group));
  group.box = element("div", { className: "group" },
    element("div", { className: "row" },
      element("span", { className: "what" }, stateBadge(problem.state), " ",
        element("code", {}, problem.reason ?? "no contact"), " ", group.number),
      group.show, group.retry),
    element("p", { className: "quiet" }, MEANINGS[problem.state] ?? ""), group.result, group.list);
  groups.set(key, group);
  target.append(group.box);
  return group;
}

function query({ state, reason }, limit) {
  const parameters = new URLSearchParams({ state, limit });
  if (reason) parameters.set("reason", reason);
  return `/sync?${parameters}`;
}

async function toggle(group) {
  group.isOpen = !group.isOpen;
  group.show.setAttribute("aria-expanded", String(group.isOpen));
  setText(group.label, group.isOpen ? "Hide users" : "Show users");
  if (!group.isOpen) return group.list.replaceChildren();
  group.list.replaceChildren(element("p", { className: "empty" }, "Loading …"));
  try {
    const { users, next } = await send("GET", query(group.problem, MAX_SHOWN));
    if (!group.isOpen) return undefined;
    group.list.replaceChildren(userTable(users), next ? element("p", { className: "quiet" }, `The first ${MAX_SHOWN} users; GET /sync lists all.`) : "");
  } catch (error) {
    group.list.replaceChildren(problemBox(error instanceof Problem ? error.document : { detail: String(error) }));
  }
  return undefined;
}

/** The table of users. HubSpot's message may quote a value, so only the receipt shows it. */
function userTable(users) {
  const rows = users.map((user) => {
    const link = element("button", { type: "button", className: "link" }, user.userId);
    link.addEventListener("click", () => open(user.userId));
    return element("tr", {},
      element("td", {}, link),
      element("td", {}, user.reason?.category ?? "–"),
      element("td", {}, `${user.attempts}`),
      element("td", {}, user.failures ? `${user.failures} (${user.lastFailure?.code ?? "–"})` : "–"),
      element("td", {}, time(user.updatedAt)),
      element("td", {}, user.nextAttemptAt ? time(user.nextAttemptAt) : "–"));
  });
  const head = ["User", "Category", "Attempts", "Failures in a row", "Last changed", "Next attempt"].map((text) => element("th", { scope: "col" }, text));
  return element("div", { className: "scroll" },
    element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)));
}

async function retryGroup(group) {
  const { state, reason, users } = group.problem;
  const sure = await confirm(`Retry ${count(users)} ${users === 1 ? "user" : "users"}?`,
    `Sends the fields in state ${nameOf(group.problem)} to HubSpot again, with lower priority than live changes. `
    + "If the cause still exists, they will fail again.");
  if (!sure) return;
  group.retry.disabled = true;
  try {
    const onStep = (total) => setText(group.result, `${count(total.retried)} retried so far`);
    const total = await retry({ state, reason }, onStep);
    setText(group.result, `${count(total.retried)} retried, ${count(total.skipped)} skipped`);
  } catch (error) {
    group.result.replaceChildren(problemBox(error instanceof Problem ? error.document : { detail: String(error) }));
  } finally {
    group.retry.disabled = false;
  }
}
