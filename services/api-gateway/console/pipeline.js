// The stages of the pipeline, and the status of each.

import { Problem, send } from "./api.js";
import { confirm } from "./dialog.js";
import { byId, count, duration, problemBox, setText, setTone } from "./dom.js";

const DELIVERY_TONES = { running: "good", paused: "wait", starting: "wait", standby: "wait", halted: "bad", otherAccount: "bad" };
const DELIVERY_LABELS = { otherAccount: "another account", standby: "no worker yet" };

/** Whether a worker reports the status of delivery. */
let isPresent = false;
/** The statuses that show whether delivery is paused. */
const PAUSE_STATUSES = ["running", "paused"];
/** Whether the worker reports whether delivery is paused. */
let isPauseReported = false;
/** Whether delivery is paused: as the worker reports it, or else as the user service has it. Null while unknown. */
let isPaused = null;
let isRequested = false;

/** Shows the status that the gateway sends every second. */
export function update({ gateway, users, problem, delivery }) {
  byId("pipeline").removeAttribute("data-loading");
  const check = (name) => gateway.checks.find((found) => found.name === name) ?? { ok: false, detail: "not reported" };
  stage("gateway", gateway.ready ? "good" : "bad", gateway.ready ? "accepts changes" : "accepts no changes: see the stages in red");
  const clock = check("clock");
  const user = check("user");
  const nats = check("nats");
  stage("nats", nats.ok ? "good" : "bad", nats.ok ? "passes changes to the HubSpot service" : nats.detail);
  setText(byId("nats"), nats.ok ? "connected" : "not connected");
  if (users) {
    const problems = users.usersWithProblems ? `, ${count(users.usersWithProblems)} with problems` : "";
    const resending = users.resending ? `, ${count(users.resending)} sent again` : "";
    const note = clock.ok ? `answers${problems}${resending}` : clock.detail;
    stage("user", user.ok && clock.ok ? "good" : "wait", note);
    setText(byId("backlog"), count(users.pending));
    setText(byId("oldest"), users.oldestPendingAgeMs === undefined ? "none" : duration(users.oldestPendingAgeMs));
  } else {
    stage("user", "bad", problem ?? "does not answer");
    setText(byId("backlog"), "?");
    setText(byId("oldest"), "?");
  }
  updateDelivery(delivery);
  updatePause(delivery, users !== undefined);
}

/** Shows the rates of the last seconds. */
export function updateRates({ accepted, confirmed }) {
  setText(byId("accepted-rate"), rate(accepted));
  setText(byId("confirmed-rate"), rate(confirmed));
}

const rate = (number) => (number > 0 && number < 9.95 ? number.toFixed(1) : count(Math.round(number)));

function stage(name, tone, note) {
  const target = byId(`stage-${name}`);
  setTone(target, tone);
  setText(target.querySelector(".note"), note);
}

function updateDelivery(delivery) {
  isPresent = delivery.status !== undefined;
  setText(byId("delivery-status"), isPresent ? DELIVERY_LABELS[delivery.status] ?? delivery.status : "no worker");
  setText(byId("workers"), `${delivery.workers} ${delivery.workers === 1 ? "worker" : "workers"}`);
  stage("delivery", isPresent ? DELIVERY_TONES[delivery.status] : "bad", deliveryNote(delivery));
  setTone(byId("stage-hubspot"), delivery.status === "running" ? "good" : "quiet");
  gauge("burst", delivery.calls?.burstLeft, delivery.calls?.burstMax, "calls left");
  gauge("day", delivery.calls?.dayLeft, delivery.calls?.dayMax, "calls left");
}

function deliveryNote(delivery) {
  if (!isPresent) return "No hubspot service is running. Changes are kept until one starts.";
  const id = delivery.correlationId ? ` HubSpot's correlation id: ${delivery.correlationId}` : "";
  return delivery.message + id;
}

function gauge(name, left, max, unit) {
  const meter = byId(name);
  if (left === undefined || max === undefined) {
    setText(byId(`${name}-text`), "not known yet");
    return;
  }
  Object.assign(meter, { max, low: max * 0.1, high: max * 0.3, optimum: max, value: left });
  setText(byId(`${name}-text`), `${count(left)} of ${count(max)} ${unit}`);
}

/** Where no worker reports a pause, the user service is asked, but only once: it logs each such request. */
function updatePause(delivery, canRequest) {
  isPauseReported = PAUSE_STATUSES.includes(delivery.status);
  if (isPauseReported) {
    isPaused = delivery.status === "paused";
    isRequested = false;
  } else if (canRequest && !isRequested) {
    isRequested = true;
    send("GET", "/sync/pause").then(showPause, () => {
      isRequested = false;
    });
  }
  drawPause();
}

/** Shows a pause as the user service has it, unless a worker reports its own view: that is what counts for delivery. */
function showPause({ paused }) {
  if (!isPauseReported) isPaused = paused;
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
    ? await confirm("Resume delivery?", "Pending changes are delivered to HubSpot again.")
    : await confirm("Pause delivery?", "Changes are still accepted and stored, but nothing is sent to HubSpot until you resume delivery. "
      + "The pause survives restarts.");
  if (!sure) return;
  button.disabled = true;
  try {
    showPause(await send(wasPaused ? "DELETE" : "PUT", "/sync/pause"));
  } catch (error) {
    problem.replaceChildren(problemBox(error instanceof Problem ? error.document : { detail: String(error) }));
  } finally {
    button.disabled = false;
  }
});
