// Draws the changes accepted and the users confirmed per second over the last five minutes.

import { byId } from "./dom.js";

const SECONDS = 300;
const canvas = byId("plot");
const series = { accepted: new Uint32Array(SECONDS), confirmed: new Uint32Array(SECONDS) };
let latest = Math.floor(performance.now() / 1000);
/** For each second, whether this page knows all of its changes. */
const known = new Uint8Array(SECONDS);
/** The last second that is known, and whether the next events continue from there. */
let knownUntil = latest;
let isConnected = false;

/** Marks every second up to now as known: an event has come. */
export function markKnown() {
  advance();
  for (let second = Math.max(knownUntil + 1, latest - SECONDS + 1); second <= latest; second += 1) known[second % SECONDS] = 1;
  knownUntil = latest;
}

/** Leaves a gap: the next events do not continue from the earlier ones. */
export function begin() {
  advance();
  knownUntil = latest;
}

/** Says whether the page is connected, so that the next events continue from the earlier ones. */
export function connected(is) {
  isConnected = is;
}

/** Adds changes that happened `agoMs` milliseconds ago. */
export function add(accepted, confirmed, agoMs) {
  advance();
  const ago = latest - Math.floor((performance.now() - agoMs) / 1000);
  if (ago >= SECONDS) return;
  const place = placeOf(ago);
  known[place] = 1;
  series.accepted[place] += accepted;
  series.confirmed[place] += confirmed;
}

/** The average per second over the last whole seconds. */
export function rates(seconds = 3) {
  advance();
  const mean = (values) => {
    let sum = 0;
    for (let ago = 1; ago <= seconds; ago += 1) sum += values[placeOf(ago)];
    return sum / seconds;
  };
  return { accepted: mean(series.accepted), confirmed: mean(series.confirmed) };
}

const placeOf = (ago) => (latest - ago + SECONDS) % SECONDS;

/** While connected, the latest seconds count as known: an event comes every second or two and will cover them. */
const isKnown = (ago) => known[placeOf(ago)] === 1 || (isConnected && latest - ago > knownUntil);

function advance() {
  const now = Math.floor(performance.now() / 1000);
  const passed = Math.min(now - latest, SECONDS);
  for (let step = 1; step <= passed; step += 1) {
    const place = (latest + step) % SECONDS;
    series.accepted[place] = 0;
    series.confirmed[place] = 0;
    known[place] = 0;
  }
  latest = now;
}

/** Draws both lines, up to the last whole second. */
export function draw() {
  advance();
  const { clientWidth: width, clientHeight: height } = canvas;
  const scale = window.devicePixelRatio || 1;
  if (canvas.width !== width * scale || canvas.height !== height * scale) {
    canvas.width = width * scale;
    canvas.height = height * scale;
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => resolved(style.getPropertyValue(name));
  const top = roundUp(Math.max(...series.accepted, ...series.confirmed));
  const area = { left: 44, top: 8, width: width - 52, height: height - 30 };
  drawScale(context, area, top, colour("--edge"), colour("--quiet"));
  drawLine(context, area, top, series.accepted, colour("--accent"), []);
  drawLine(context, area, top, series.confirmed, colour("--good"), [5, 3]);
  describe();
}

/** The colours are `light-dark()` pairs, which a canvas cannot read; an element resolves them. */
function resolved(pair) {
  canvas.style.color = pair;
  const colour = getComputedStyle(canvas).color;
  canvas.style.color = "";
  return colour;
}

function roundUp(max) {
  if (max <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(max));
  return [1, 2, 4, 5, 10].map((step) => step * power).find((step) => step >= max);
}

function drawScale(context, area, top, edge, quiet) {
  context.strokeStyle = edge;
  context.fillStyle = quiet;
  context.font = "12px system-ui, sans-serif";
  context.lineWidth = 1;
  context.setLineDash([]);
  context.textBaseline = "middle";
  context.textAlign = "right";
  for (const part of [0, 0.5, 1]) {
    const y = Math.round(area.top + area.height * (1 - part)) + 0.5;
    context.beginPath();
    context.moveTo(area.left, y);
    context.lineTo(area.left + area.width, y);
    context.stroke();
    context.fillText(new Intl.NumberFormat("en").format(top * part), area.left - 8, y);
  }
  context.textBaseline = "top";
  for (const minutes of area.width < 450 ? [5, 0] : [5, 4, 3, 2, 1, 0]) {
    const x = area.left + area.width * (1 - minutes / 5);
    context.textAlign = minutes === 0 ? "right" : minutes === 5 ? "left" : "center";
    context.fillText(minutes === 0 ? "now" : `−${minutes} min`, x, area.top + area.height + 7);
  }
}

function drawLine(context, area, top, values, colour, dash) {
  context.strokeStyle = colour;
  context.lineWidth = 1.8;
  context.lineJoin = "round";
  context.setLineDash(dash);
  context.beginPath();
  let isDrawn = false;
  for (let ago = SECONDS - 1; ago >= 1; ago -= 1) {
    const value = values[placeOf(ago)];
    const x = area.left + area.width * (1 - ago / SECONDS);
    const y = area.top + area.height * (1 - value / top);
    if (!isKnown(ago)) isDrawn = false;
    else if (isDrawn) context.lineTo(x, y);
    else {
      context.moveTo(x, y);
      isDrawn = true;
    }
  }
  context.stroke();
}

/** Describes the plot for people who do not see it. */
function describe() {
  const { accepted, confirmed } = rates();
  const max = Math.max(...series.accepted);
  let knownSeconds = 0;
  for (let ago = 1; ago < SECONDS; ago += 1) knownSeconds += isKnown(ago) ? 1 : 0;
  const span = knownSeconds === SECONDS - 1 ? "the last five minutes" : `${knownSeconds} known seconds of the last five minutes`;
  const text = max === 0
    ? `no changes in ${span}`
    : `${Math.round(accepted)} changes accepted and ${Math.round(confirmed)} users confirmed per second at the moment; `
      + `at most ${max} changes a second in ${span}`;
  if (canvas.getAttribute("aria-label") !== text) canvas.setAttribute("aria-label", text);
}
