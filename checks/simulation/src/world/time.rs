//! The sweep of each second, hours in which nothing happens, and the end.

use super::World;
use crate::{
    agenda::Time,
    event::Event,
    fault::Fault,
    plan::{HOUR, SECOND},
    transition::Transition,
};

/// So long after it became calm every recheck has come once more.
const LAST_RECHECK: Time = 25 * HOUR;
/// A worker whose day runs short waits so long for company at most, and a claim that was lost is made again: until then a
/// wake-up may wait at a worker for no reason that is left. One that is forgotten comes again only after half a minute.
const ACKNOWLEDGED_WITHIN: Time = 15 * SECOND;
/// An idle stretch longer than this is skipped.
const WORTH_SKIPPING: Time = 20 * SECOND;

impl World {
    /// The sweep of each second; skips the hours in which nothing would happen.
    pub(super) fn sweep(&mut self) {
        if !self.service_is(Fault::ServiceDown) {
            let room = self.broker.room();
            let everything = !self.plan.sweepless;
            self.users.sweep(self.now, room, everything, &mut self.tally);
            self.announce_all();
        }
        self.check_delays();
        if self.is_calm && self.now > self.awake_since + self.plan.settle_within {
            self.fail(&format!("P2: not settled in time: {}", self.unsettled()));
        }
        self.at_rest_since = self
            .users
            .is_at_rest()
            .then(|| self.at_rest_since.unwrap_or(self.now));
        self.skip_idle_time();
        let pause = self.random.between(900, 1_100);
        self.agenda.plan(self.now + pause, Event::Sweep);
    }

    fn skip_idle_time(&mut self) {
        let is_idle = !self.agenda.has_work()
            && self.users.is_at_rest()
            && !self.is_anyone_frozen()
            && !self.is_anyone_reporting()
            && !self.may_yet_acknowledge();
        if !is_idle || self.is_over() {
            return;
        }
        if self.is_calm {
            self.check_at_rest();
        }
        let rechecks = self.users.rechecks().filter(|at| *at > self.now);
        // In the calm, now and then sleep through some rechecks.
        let recheck = if self.is_calm && self.random.chance(500) {
            let last = self.last_recheck();
            rechecks.filter(|at| *at <= last).max()
        } else {
            rechecks.min()
        };
        let next = recheck.into_iter().chain(self.agenda.next_scripted()).min();
        let Some(next) = next.filter(|next| *next > self.now + WORTH_SKIPPING) else {
            return;
        };
        self.trace(|| format!("skips to {next}"));
        self.tally.transitions.add(Transition::Jumped);
        self.agenda.sleep_until(next);
        self.now = next;
        self.awake_since = next;
        self.calls_in_calm = 0;
    }

    /// Whether nothing more is to come: all is calm and at rest, and every recheck has come since.
    pub(super) fn is_over(&self) -> bool {
        self.is_calm
            && !self.agenda.has_work()
            && self.users.is_at_rest()
            && !self.is_anyone_reporting()
            && !self.may_yet_acknowledge()
            && self.users.rechecks().all(|at| at > self.last_recheck())
    }

    /// Whether there is still time for wake-ups that nobody has acknowledged; only asked for where none is lost.
    fn may_yet_acknowledge(&self) -> bool {
        let deadline = self.at_rest_since.map(|since| since + ACKNOWLEDGED_WITHIN);
        self.plan.sweepless
            && !self.broker.held.is_empty()
            && deadline.is_none_or(|deadline| self.now <= deadline)
    }

    /// When every recheck has come once since something changed in HubSpot.
    fn last_recheck(&self) -> Time {
        self.plan.calm_at.max(self.hubspot.written_at) + LAST_RECHECK
    }
}
