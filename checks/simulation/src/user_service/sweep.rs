//! What time brings, as the service's sweep finds it.

use user::rules::{self, RuleTiming, UnixMs};

use super::UserService;
use crate::{agenda::Time, tally::Tally, transition::Transition};

impl UserService {
    /// Does what is due on each row, as far as the stream has room; `everything` is false where wake-ups that come
    /// to nothing are left alone, so that losing one shows.
    pub(crate) fn sweep(&mut self, now: Time, room: usize, everything: bool, tally: &mut Tally) {
        let clock = self.clock(now);
        let mut announced = 0;
        for user in 0..self.rows.len() {
            if announced >= room {
                return;
            }
            if !self.is_due(user, clock, everything) {
                continue;
            }
            let row = &mut self.rows[user];
            let (doubt, recheck, generation) = (row.in_doubt, row.recheck_at, row.generation);
            let priority = rules::handle_due(row, clock, &self.terms);
            let ended = doubt.is_some() && row.in_doubt.is_none();
            let rechecked = recheck.is_some() && row.recheck_at.is_none() && row.generation > generation;
            if ended {
                tally.transitions.add(Transition::DoubtEnded);
            }
            if ended && row.generation > generation + u64::from(rechecked) {
                tally.transitions.add(Transition::OwedAgainByDoubt);
            }
            if rechecked {
                tally.transitions.add(Transition::OwedAgainByRecheck);
            }
            if priority.is_some() {
                announced += 1;
                self.announcements.push(user);
            }
        }
    }

    fn is_due(&self, user: usize, clock: UnixMs, everything: bool) -> bool {
        let row = &self.rows[user];
        let due =
            |at: Option<UnixMs>, furthest: UnixMs| at.is_some_and(|at| at <= clock || at > clock + furthest);
        let doubt = row.in_doubt.map(|doubt| doubt.until);
        let rechecked = due(row.recheck_at, RuleTiming::max_recheck_distance());
        let wake_up = if everything { row.due_at() } else { doubt };
        rechecked || due(wake_up, self.terms.max_wake_up_distance())
    }

    /// Makes a user due whose announcement failed.
    pub(crate) fn wake_now(&mut self, user: usize, now: Time) {
        let clock = self.clock(now);
        rules::wake_now(&mut self.rows[user], clock);
    }

    /// Makes users due that were announced to a stream that has lost it.
    pub(crate) fn wake_announced(&mut self, now: Time) {
        let clock = self.clock(now);
        for row in &mut self.rows {
            let announced = row.due_at().is_some_and(|at| at > clock)
                && row.is_dirty()
                && row.open_attempt.is_none()
                && row.failures == 0
                && row.wake_at.is_some_and(|at| at > clock);
            if announced {
                rules::wake_now(row, clock);
            }
        }
    }

    /// When the next recheck is due, by the time of the schedule.
    pub(crate) fn rechecks(&self) -> impl Iterator<Item = Time> {
        self.rows
            .iter()
            .filter_map(|row| row.recheck_at)
            .map(|at| self.time_of(at))
    }

    /// Whether nothing is owed, out or in doubt.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.rows
            .iter()
            .all(|row| !row.is_dirty() && row.in_doubt.is_none() && row.open_attempt.is_none())
    }
}
