//! Time that passes: hours in which nothing happens, and the end.

use super::World;
use crate::{
    agenda::Time,
    plan::{HOUR, SECOND},
    transition::Transition,
};

/// By this time after it became calm, every recheck has come once more.
const LAST_RECHECK: Time = 25 * HOUR;
/// A worker with few calls left for its day waits at most this long to fill a batch, and a claim that was lost is made again.
/// Until then a wake-up may wait at a worker although nothing is left to do. One that is forgotten is delivered again only after
/// half a minute.
const ACKNOWLEDGED_WITHIN: Time = 15 * SECOND;
/// In other schedules an acknowledgement may have been lost. Then the wake-up is delivered again after half a minute, or when a
/// worker creates its consumer again.
const ACKNOWLEDGED_AFTER_LOSS: Time = 60 * SECOND;
/// Idle time longer than this is skipped.
const MIN_SKIPPED: Time = 20 * SECOND;

impl World {
    /// After each sweep: checks that everything comes to rest in time, and skips hours in which nothing would happen.
    pub(super) fn look_at_time(&mut self) {
        self.check_delays();
        self.check_claims();
        if self.is_calm && self.now > self.awake_since + self.plan.settle_within {
            self.fail(&format!("P2: not delivered in time: {}", self.busy_rows()));
        }
        let is_at_rest = self.users.is_at_rest();
        self.at_rest_since = is_at_rest.then(|| self.at_rest_since.unwrap_or(self.now));
        self.skip_idle_time();
    }

    fn skip_idle_time(&mut self) {
        let is_idle = !self.has_work()
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
        // In the calm, now and then some rechecks are slept through.
        let recheck = if self.is_calm && self.random.chance(500) {
            let last = self.last_recheck();
            rechecks.filter(|at| *at <= last).max()
        } else {
            rechecks.min()
        };
        let next = recheck.into_iter().chain(self.agenda.next_scripted()).min();
        let Some(next) = next.filter(|next| *next > self.now + MIN_SKIPPED) else {
            return;
        };
        self.trace(|| format!("skips to {next}"));
        self.tally.transitions.add(Transition::Jumped);
        self.agenda.sleep_until(next);
        self.now = next;
        self.awake_since = next;
        self.calls_in_calm = 0;
    }

    /// Whether somebody's work is not done yet.
    fn has_work(&self) -> bool {
        self.agenda.has_work() || self.users.has_work()
    }

    /// Whether nothing more is to come: all is calm and at rest, and every recheck has come since.
    pub(super) fn is_over(&self) -> bool {
        self.is_calm
            && !self.has_work()
            && self.users.is_at_rest()
            && !self.is_anyone_reporting()
            && !self.may_yet_acknowledge()
            && self.users.rechecks().all(|at| at > self.last_recheck())
    }

    /// Whether wake-ups may still be acknowledged that nobody has acknowledged yet.
    fn may_yet_acknowledge(&self) -> bool {
        let within = if self.plan.sweepless {
            ACKNOWLEDGED_WITHIN
        } else {
            ACKNOWLEDGED_AFTER_LOSS
        };
        let since = self.at_rest_since.map(|since| since.max(self.awake_since));
        let deadline = since.map(|since| since + within);
        (self.plan.sweepless || self.is_calm)
            && !self.broker.held.is_empty()
            && deadline.is_none_or(|deadline| self.now <= deadline)
    }

    /// When every recheck has come once since something changed in HubSpot.
    fn last_recheck(&self) -> Time {
        self.plan.calm_at.max(self.hubspot.written_at) + LAST_RECHECK
    }
}
