// The console: passes the events of the gateway to the parts of the page.

import "./change.js";
import { byId, setText, setTone, time } from "./dom.js";
import { listen } from "./events.js";
import * as pipeline from "./pipeline.js";
import * as plot from "./plot.js";
import * as problems from "./problems.js";
import * as receipt from "./receipt.js";
import * as recent from "./recent.js";

let statusAt = null;
let isConnected = null;

listen({
  changes({ accepted, resolved, users }, agoMs) {
    const results = Object.values(resolved).reduce((sum, number) => sum + number, 0);
    plot.markKnown();
    plot.add(accepted, resolved.confirmed ?? 0, agoMs);
    recent.add(users, accepted, results, agoMs);
  },
  status(status) {
    statusAt = new Date();
    plot.markKnown();
    pipeline.update(status);
    problems.update(status.users);
  },
  begin() {
    plot.begin();
    recent.begin();
  },
  connected,
});

function connected(is) {
  if (isConnected === is) return;
  isConnected = is;
  plot.connected(is);
  document.body.classList.toggle("stale", !is);
  setText(byId("connection"), is ? "live" : "offline");
  setTone(byId("connection"), is ? "good" : "bad");
  const banner = byId("banner");
  banner.hidden = is;
  if (is) return;
  const since = statusAt ? `This page shows the state of ${time(statusAt)}.` : "No state is known yet.";
  setText(banner, `The gateway does not answer, or too many browsers watch it. ${since} Trying again.`);
}

function choose(userId) {
  receipt.show(userId);
  byId("receipt-title").scrollIntoView({ block: "nearest" });
}

recent.onChoose(choose);
problems.onChoose(choose);

setInterval(() => {
  pipeline.updateRates(plot.rates());
  plot.draw();
}, 1_000);
plot.draw();
window.addEventListener("resize", plot.draw);
window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", plot.draw);
