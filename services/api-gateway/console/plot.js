// Changes accepted and users confirmed per second over the last five minutes, on a canvas.

import { byId } from "./dom.js";

const SECONDS = 300;
const canvas = byId("plot");
const series = { accepted: new Uint32Array(SECONDS), confirmed: new Uint32Array(SECONDS) };
let latest = Math.floor(performance.now() / 1000);
/** Of each second whether this page knows all of it; the last one that was told of, and whether more is to come. */
const heard = new Uint8Array(SECONDS);
let heardUntil = latest;
let isConnected = false;

/** Something is told: up to now all is known. */
export function hear() {
  advance();
  for (let second = Math.max(heardUntil + 1, latest - SECONDS + 1); second <= latest; second += 1) heard[second % SECONDS] = 1;
  heardUntil = latest;
}

/** What is told from now on follows nothing that was told before. */
export function begin() {
  advance();
  heardUntil = latest;
}

/** Whether the next that is told follows what was told before. */
export function connected(is) {
  isConnected = is;
}

/** Counts something that happened so long ago. */
export function add(accepted, confirmed, agoMs) {
  advance();
  const ago = latest - Math.floor((performance.now() - agoMs) / 1000);
  if (ago >= SECONDS) return;
  const place = placeOf(ago);
  heard[place] = 1;
  series.accepted[place] += accepted;
  series.confirmed[place] += confirmed;
}

/** What happened in each of the last whole seconds, on average. */
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

/** Something is told every second or two; what was not told of yet will be. */
const isHeard = (ago) => heard[placeOf(ago)] === 1 || (isConnected && latest - ago > heardUntil);

function advance() {
  const now = Math.floor(performance.now() / 1000);
  const passed = Math.min(now - latest, SECONDS);
  for (let step = 1; step <= passed; step += 1) {
    const place = (latest + step) % SECONDS;
    series.accepted[place] = 0;
    series.confirmed[place] = 0;
    heard[place] = 0;
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

/** The colours are pairs for light and dark, which a canvas cannot read. */
function resolved(pair) {
  canvas.style.color = pair;
  const colour = getComputedStyle(canvas).color;
  canvas.style.color = "";
  return colour;
}

function roundUp(most) {
  if (most <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(most));
  return [1, 2, 4, 5, 10].map((step) => step * power).find((step) => step >= most);
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
    if (!isHeard(ago)) isDrawn = false;
    else if (isDrawn) context.lineTo(x, y);
    else {
      context.moveTo(x, y);
      isDrawn = true;
    }
  }
  context.stroke();
}

/** For those who do not see it. */
function describe() {
  const { accepted, confirmed } = rates();
  const most = Math.max(...series.accepted);
  let listened = 0;
  for (let ago = 1; ago < SECONDS; ago += 1) listened += isHeard(ago) ? 1 : 0;
  const span = listened === SECONDS - 1 ? "the last five minutes" : `${listened} seconds heard of the last five minutes`;
  const text = most === 0
    ? `no changes in ${span}`
    : `${Math.round(accepted)} changes accepted and ${Math.round(confirmed)} users confirmed per second at the moment; `
      + `at most ${most} changes a second in ${span}`;
  if (canvas.getAttribute("aria-label") !== text) canvas.setAttribute("aria-label", text);
}
