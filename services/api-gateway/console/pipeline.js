// The stages that a change passes, and how each stands.

import { ask, Problem } from "./api.js";
import { confirmed } from "./dialog.js";
import { byId, count, duration, problemText, setText, setTone } from "./dom.js";

const LINE_TONES = { running: "good", paused: "wait", starting: "wait", standby: "wait", halted: "bad", otherAccount: "bad" };
const LINE_WORDS = { otherAccount: "another account", standby: "no worker yet" };

/** Whether a worker speaks for the line. */
let isPresent = false;
/** How a line stands whose worker says whether delivery is paused. */
const KNOWS_PAUSE = ["running", "paused"];
let isPauseTold = false;
/** Whether delivery is paused: as the worker says, and as the user service knows where none does. Null while unknown. */
let isPaused = null;
let isAsked = false;

/** Takes what the gateway says every second. */
export function update({ gateway, users, problem, delivery: line }) {
  byId("pipeline").removeAttribute("data-loading");
  const check = (name) => gateway.checks.find((found) => found.name === name) ?? { ok: false, detail: "not told" };
  stage("gateway", gateway.ready ? "good" : "bad", gateway.ready ? "takes changes" : "refuses changes: see what is red");
  const clock = check("clock");
  const user = check("user");
  const nats = check("nats");
  stage("nats", nats.ok ? "good" : "bad", nats.ok ? "hands changes on to the HubSpot service" : nats.detail);
  setText(byId("nats"), nats.ok ? "connected" : "away");
  if (users) {
    const trouble = users.usersWithProblems ? `, ${count(users.usersWithProblems)} in trouble` : "";
    const again = users.resending ? `, ${count(users.resending)} sent once more` : "";
    const note = clock.ok ? `answers${trouble}${again}` : clock.detail;
    stage("user", user.ok && clock.ok ? "good" : "wait", note);
    setText(byId("backlog"), count(users.pending));
    setText(byId("oldest"), users.oldestPendingAgeMs === undefined ? "none" : duration(users.oldestPendingAgeMs));
  } else {
    stage("user", "bad", problem ?? "does not answer");
    setText(byId("backlog"), "?");
    setText(byId("oldest"), "?");
  }
  updateLine(line);
  updatePause(line, users !== undefined);
}

/** Takes what happened in the last seconds. */
export function updateRates({ accepted, confirmed: done }) {
  setText(byId("accepted-rate"), rate(accepted));
  setText(byId("confirmed-rate"), rate(done));
}

const rate = (number) => (number > 0 && number < 9.95 ? number.toFixed(1) : count(Math.round(number)));

function stage(name, tone, note) {
  const target = byId(`stage-${name}`);
  setTone(target, tone);
  setText(target.querySelector(".note"), note);
}

function updateLine(line) {
  isPresent = line.status !== undefined;
  setText(byId("line-state"), isPresent ? LINE_WORDS[line.status] ?? line.status : "nobody");
  setText(byId("workers"), `${line.workers} ${line.workers === 1 ? "worker" : "workers"}`);
  stage("line", isPresent ? LINE_TONES[line.status] : "bad", lineNote(line));
  setTone(byId("stage-hubspot"), line.status === "running" ? "good" : "quiet");
  gauge("burst", line.calls?.burstLeft, line.calls?.burstMax, "calls left");
  gauge("day", line.calls?.dayLeft, line.calls?.dayMax, "calls left");
}

function lineNote(line) {
  if (!isPresent) return "No hubspot service is heard of; changes are kept until one is back.";
  const id = line.correlationId ? ` HubSpot's correlation id: ${line.correlationId}` : "";
  return line.message + id;
}

function gauge(name, left, most, words) {
  const meter = byId(name);
  if (left === undefined || most === undefined) {
    setText(byId(`${name}-text`), "not told yet");
    return;
  }
  Object.assign(meter, { max: most, low: most * 0.1, high: most * 0.3, optimum: most, value: left });
  setText(byId(`${name}-text`), `${count(left)} of ${count(most)} ${words}`);
}

/** Where no worker says it the user service is asked once, as each question is written to its log. */
function updatePause(line, canAsk) {
  isPauseTold = KNOWS_PAUSE.includes(line.status);
  if (isPauseTold) {
    isPaused = line.status === "paused";
    isAsked = false;
  } else if (canAsk && !isAsked) {
    isAsked = true;
    ask("GET", "/sync/pause").then(told, () => {
      isAsked = false;
    });
  }
  drawPause();
}

/** A worker takes a moment to notice, and says so itself. */
function told({ paused }) {
  if (!isPauseTold) isPaused = paused;
  drawPause();
}

function drawPause() {
  const button = byId("pause");
  button.hidden = isPaused === null;
  setText(button, isPaused ? "Resume" : "Pause");
}

byId("pause").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  const wasPaused = isPaused;
  const problem = byId("pause-problem");
  problem.replaceChildren();
  const sure = wasPaused
    ? await confirmed("Resume delivery?", "What waits is sent to HubSpot from now on.")
    : await confirmed("Pause delivery?", "Changes are accepted and kept, and nothing is sent to HubSpot until delivery is resumed, "
      + "whatever is restarted meanwhile.");
  if (!sure) return;
  button.disabled = true;
  try {
    told(await ask(wasPaused ? "DELETE" : "PUT", "/sync/pause"));
  } catch (error) {
    problem.replaceChildren(problemText(error instanceof Problem ? error.document : { detail: String(error) }));
  } finally {
    button.disabled = false;
  }
});
