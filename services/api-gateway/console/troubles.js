// Users in trouble, grouped by state and reason.

import { ask, Problem, retry } from "./api.js";
import { confirmed } from "./dialog.js";
import { byId, count, element, problemText, setText, stateBadge, time } from "./dom.js";

const SHOWN = 50;
const target = byId("troubles");
const empty = byId("troubles-empty");
const groups = new Map();
let open = () => {};

/** What to do when a user is chosen. */
export function onChoose(act) {
  open = act;
}

/** Takes the groups there are. Those that stay keep what is open in them. */
export function update(users) {
  if (!users) return;
  const present = new Set();
  for (const trouble of users.problems) {
    const key = `${trouble.state} ${trouble.reason ?? ""}`;
    present.add(key);
    const group = groups.get(key) ?? begin(key, trouble);
    group.trouble = trouble;
    setText(group.number, `${count(trouble.users)} ${trouble.users === 1 ? "user" : "users"}`);
  }
  for (const [key, group] of groups) {
    if (present.has(key)) continue;
    group.box.remove();
    groups.delete(key);
  }
  empty.hidden = groups.size > 0;
  setText(empty, "No user is in trouble: whatever was accepted is confirmed or on its way.");
}

/** What each state means and what to do. No receipt is needed for that, and no address is told. */
const MEANINGS = {
  rejected: "HubSpot rejected a value. Change the value or HubSpot's rule, then try again; hubsync does not by itself.",
  conflict: "Another contact has the address. Merge the contacts in HubSpot, or link the user to that contact; hubsync looks again after 1 min, 10 min, 1 h, then daily.",
  failed: "The delivery of these users alone kept failing. Look at the reason in a receipt, which says whether hubsync tries again by itself.",
  notFound: "No contact has the user's address, and hubsync creates none unless HUBSPOT_MISSING=create is set. It looks again after 1 min, 10 min, 1 h, then daily.",
};

const named = ({ state, reason }) => (reason ? `${state} for ${reason}` : state);

function begin(key, trouble) {
  const group = {
    trouble,
    number: element("b"),
    list: element("div"),
    isOpen: false,
    words: element("span", {}, "Show users"),
    show: element("button", { type: "button", className: "small" }),
    again: element("button", { type: "button", className: "small" }, "Try all again"),
    told: element("p", { className: "quiet", role: "status" }),
  };
  group.show.setAttribute("aria-expanded", "false");
  group.show.append(group.words);
  for (const button of [group.show, group.again]) {
    button.append(element("span", { className: "hidden" }, ` ${named(trouble)}`));
  }
  group.show.addEventListener("click", () => toggle(group));
  group.again.addEventListener("click", () => tryAgain(group));
  group.box = element("div", { className: "group" },
    element("div", { className: "row" },
      element("span", { className: "what" }, stateBadge(trouble.state), " ",
        element("code", {}, trouble.reason ?? "no such contact"), " ", group.number),
      group.show, group.again),
    element("p", { className: "quiet" }, MEANINGS[trouble.state] ?? ""), group.told, group.list);
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
  setText(group.words, group.isOpen ? "Hide users" : "Show users");
  if (!group.isOpen) return group.list.replaceChildren();
  group.list.replaceChildren(element("p", { className: "empty" }, "Looking them up …"));
  try {
    const { users, next } = await ask("GET", query(group.trouble, SHOWN));
    if (!group.isOpen) return undefined;
    group.list.replaceChildren(listOf(users), next ? element("p", { className: "quiet" }, `The first ${SHOWN}; GET /sync tells of all.`) : "");
  } catch (error) {
    group.list.replaceChildren(problemText(error instanceof Problem ? error.document : { detail: String(error) }));
  }
  return undefined;
}

/** HubSpot's message may quote a value, so it is shown with the receipt only. */
function listOf(users) {
  const rows = users.map((user) => {
    const link = element("button", { type: "button", className: "link" }, user.userId);
    link.addEventListener("click", () => open(user.userId));
    return element("tr", {},
      element("td", {}, link),
      element("td", {}, user.reason?.category ?? "–"),
      element("td", {}, `${user.attempts}`),
      element("td", {}, time(user.updatedAt)),
      element("td", {}, user.nextAttemptAt ? time(user.nextAttemptAt) : "–"));
  });
  const head = ["User", "Category", "Attempts", "Last changed", "Tried again"].map((text) => element("th", { scope: "col" }, text));
  return element("div", { className: "scroll" },
    element("table", {}, element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)));
}

async function tryAgain(group) {
  const { state, reason, users } = group.trouble;
  const sure = await confirmed(`Try ${count(users)} ${users === 1 ? "user" : "users"} again?`,
    `What is ${named(group.trouble)} is sent to HubSpot once more, behind live changes. `
    + "If the cause is not mended, it will be refused again.");
  if (!sure) return;
  group.again.disabled = true;
  try {
    const told = (done) => setText(group.told, `${count(done.retried)} tried again so far`);
    const done = await retry({ state, reason }, told);
    setText(group.told, `${count(done.retried)} tried again, ${count(done.skipped)} left alone`);
  } catch (error) {
    group.told.replaceChildren(problemText(error instanceof Problem ? error.document : { detail: String(error) }));
  } finally {
    group.again.disabled = false;
  }
}
