// The stages that a change passes, and how each stands.

import { ask } from "./api.js";
import { confirmed } from "./dialog.js";
import { byId, count, duration, setText, setTone } from "./dom.js";

const LINE_TONES = { running: "good", paused: "wait", starting: "wait", standby: "wait", stopped: "bad", otherAccount: "bad" };
const LINE_WORDS = { otherAccount: "another account", standby: "no worker yet" };

/** Takes what the gateway says every second. */
export function update({ gateway, users, problem, line }) {
  byId("pipeline").removeAttribute("data-loading");
  const check = (name) => gateway.checks.find((found) => found.name === name) ?? { ok: false, detail: "not told" };
  stage("gateway", gateway.ready ? "good" : "bad", gateway.ready ? "takes changes" : "refuses changes: see what is red");
  const clock = check("clock");
  const user = check("user");
  const nats = check("nats");
  stage("nats", nats.ok ? "good" : "bad", nats.ok ? "hands changes on to the HubSpot service" : nats.detail);
  setText(byId("nats"), nats.ok ? "connected" : "away");
  if (users) {
    const trouble = users.troubled ? `, ${count(users.troubled)} in trouble` : "";
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
  const present = line.state !== undefined;
  setText(byId("line-state"), present ? LINE_WORDS[line.state] ?? line.state : "nobody");
  setText(byId("workers"), `${line.workers} ${line.workers === 1 ? "worker" : "workers"}`);
  stage("line", present ? LINE_TONES[line.state] : "bad", lineNote(line, present));
  setTone(byId("stage-hubspot"), line.state === "running" ? "good" : "quiet");
  gauge("burst", line.calls?.burstLeft, line.calls?.burstMax, "calls left");
  gauge("day", line.calls?.dayLeft, line.calls?.dayMax, "calls left");
  const pause = byId("pause");
  pause.hidden = !present;
  setText(pause, line.state === "paused" ? "Resume" : "Pause");
}

function lineNote(line, present) {
  if (!present) return "No hubspot service is heard of; changes are kept until one is back.";
  const id = line.correlationId ? ` HubSpot's correlation id: ${line.correlationId}` : "";
  return line.sentence + id;
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

byId("pause").addEventListener("click", async (event) => {
  const button = event.currentTarget;
  const isPaused = button.textContent === "Resume";
  const sure = isPaused
    ? await confirmed("Resume delivery?", "What waits is sent to HubSpot from now on.")
    : await confirmed("Pause delivery?", "Changes are accepted and kept, and nothing is sent to HubSpot until delivery is resumed, "
      + "whatever is restarted meanwhile.");
  if (!sure) return;
  button.disabled = true;
  try {
    await ask(isPaused ? "DELETE" : "PUT", "/sync/pause");
  } catch (error) {
    setText(byId("line-note"), error.message);
  } finally {
    button.disabled = false;
  }
});
