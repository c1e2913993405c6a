//! Claims: as many users as can be sent soon, live first; before them, what another worker left open.

use std::{collections::BTreeMap, time::Duration};

use contracts::{Claim, ClaimUsers, ErrorCode, UserId, UsersClaimed, delivery::MAX_CLAIMS};

use super::{
    AttemptId, Engine, MAX_BATCH, Output, RequestId, UserServiceError, attempt::Attempt, users::Stage,
};

/// The most claims out at once.
const MOST_OUT: usize = 2;
/// Nothing is claimed while the pace allows no call for longer than this.
pub(super) const AHEAD_OF_PACE: Duration = Duration::from_secs(1);
/// How long to leave a user whose attempt is open without this worker knowing of it.
const IN_WORK_PAUSE: Duration = Duration::from_secs(5);
/// The waits after a claim that was not served double between these.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// A claim that is out.
#[derive(Debug)]
struct ClaimOut {
    users: Vec<UserId>,
    limit: usize,
    epoch: u64,
    asked_at: Duration,
    /// Whether it asks for what was left open.
    fills: bool,
}

/// Claims that are out.
#[derive(Debug, Default)]
pub(crate) struct Claims {
    out: BTreeMap<RequestId, ClaimOut>,
    /// Whether rows left open by older epochs may remain.
    left_open: bool,
    paused_until: Duration,
    troubles: u32,
}

impl Claims {
    /// A new epoch: what older ones left open comes first.
    pub(super) fn begin(&mut self) {
        *self = Self {
            left_open: true,
            ..Self::default()
        };
    }

    pub(super) fn paused_until(&self) -> Duration {
        self.paused_until
    }

    /// How many users were asked for.
    pub(super) fn asked(&self) -> usize {
        self.out.values().map(|claim| claim.limit).sum()
    }

    fn pause(&mut self, now: Duration) {
        self.paused_until = now + doubled(FIRST_PAUSE, self.troubles).min(LONGEST_PAUSE);
        self.troubles = self.troubles.saturating_add(1);
    }
}

/// `first`, doubled so many times.
pub(super) fn doubled(first: Duration, times: u32) -> Duration {
    first.saturating_mul(2_u32.checked_pow(times).unwrap_or(u32::MAX))
}

impl Engine {
    pub(super) fn send_claims(&mut self) {
        while self.wake_ups.queued() > 0 || self.claims.left_open || self.next_probe().is_some() {
            let request = RequestId(self.draw());
            let Some(claim) = self.next_claim(request, Vec::new()) else {
                return;
            };
            self.outputs.push_back(Output::Claim(request, claim));
        }
    }

    /// The next claim, if there is room for one: of `first`, whose verdicts are in the same message, then of those
    /// that wait.
    pub(super) fn next_claim(&mut self, request: RequestId, mut first: Vec<UserId>) -> Option<ClaimUsers> {
        let room = self.room();
        let epoch = self.lease.epoch()?;
        first.truncate(room);
        let mut users = first;
        let fills = self.claims.left_open && !self.claims.out.values().any(|claim| claim.fills);
        if !self.claims.left_open {
            users.extend(self.take_waiting(room - users.len(), request));
        }
        let limit = if fills { room } else { users.len() };
        if limit == 0 {
            return None;
        }
        let claim = ClaimUsers {
            holder: self.settings.holder.clone(),
            epoch,
            users: users.clone(),
            limit: u32::try_from(limit).unwrap_or(u32::MAX),
        };
        self.claims.out.insert(
            request,
            ClaimOut {
                users,
                limit,
                epoch,
                asked_at: self.now,
                fills,
            },
        );
        Some(claim)
    }

    /// Takes up to so many users into a claim: those that have waited longest, or the one to probe a stopped line with.
    fn take_waiting(&mut self, most: usize, request: RequestId) -> Vec<UserId> {
        if most == 0 {
            return Vec::new();
        }
        match self.next_probe() {
            Some(user_id) => {
                self.wake_ups.move_to(&user_id, Stage::Claiming(request));
                vec![user_id]
            }
            None => self.wake_ups.take(most, request),
        }
    }

    /// The record to probe a stopped line with, where that is not just the next one.
    fn next_probe(&self) -> Option<UserId> {
        let stop = self.line.stopped()?;
        self.wake_ups
            .find_idle(self.now, |user_id| stop.is_probe(user_id))
    }

    /// How many more users can be sent soon.
    fn room(&self) -> usize {
        let may_send = self.account_checked && !self.draining && self.lease.allows(self.now);
        let soon = self.next_call_at() <= self.now + AHEAD_OF_PACE && self.claims.paused_until <= self.now;
        if !may_send || !soon || self.claims.out.len() >= MOST_OUT {
            return 0;
        }
        let asked = self.claims.asked();
        if self.line.stopped().is_some() {
            // The probe is alone.
            let alone = self.attempts.is_empty() && self.calls.is_empty() && asked == 0;
            return if alone { self.line.allowance(self.now) } else { 0 };
        }
        let capacity = self.rate_limiter.slots(self.settings.concurrency) * MAX_BATCH;
        capacity.saturating_sub(self.ready.len() + asked).min(MAX_CLAIMS)
    }

    pub(super) fn claimed(&mut self, request: RequestId, answer: Result<UsersClaimed, UserServiceError>) {
        // A claim of a lease since lost is not known any more; the row's new holder finds what it opened.
        let Some(out) = self.claims.out.remove(&request) else {
            return;
        };
        let given = match answer {
            Ok(given) => given,
            Err(UserServiceError::Rejected(ErrorCode::StaleEpoch)) => return self.lease_is_lost(),
            Err(UserServiceError::Rejected(_) | UserServiceError::NoResponse) => {
                self.claims.pause(self.now);
                return self.still_claiming(&out.users, request, |engine, user_id| {
                    engine.wake_ups.queue(user_id)
                });
            }
        };
        self.claims.troubles = 0;
        self.claims.left_open = given.more_left_open || (self.claims.left_open && !out.fills);
        for claim in given.claims {
            self.take_up(claim, out.asked_at, out.epoch);
        }
        self.still_claiming(&given.clean, request, Self::settle);
        self.still_claiming(&given.in_progress, request, |engine, user_id| {
            engine.wake_ups.defer(user_id, engine.now + IN_WORK_PAUSE);
        });
        self.still_claiming(&given.left_out, request, |engine, user_id| {
            engine.wake_ups.queue(user_id);
        });
        // Not in the answer at all, which should not be: asked for again a little later.
        self.still_claiming(&out.users, request, |engine, user_id| {
            engine.wake_ups.defer(user_id, engine.now + FIRST_PAUSE);
        });
    }

    /// Does something about each of the users that this claim was about and that nothing else happened to.
    fn still_claiming(&mut self, users: &[UserId], request: RequestId, act: impl Fn(&mut Self, &UserId)) {
        for user_id in users {
            if self.wake_ups.place(user_id) == Some(Stage::Claiming(request)) {
                act(self, user_id);
            }
        }
    }

    /// Its wake-up is done, unless a newer one came.
    pub(super) fn settle(&mut self, user_id: &UserId) {
        if let Some(ack) = self.wake_ups.resolve(user_id) {
            self.acknowledge(ack);
        }
    }

    fn take_up(&mut self, claim: Claim, asked_at: Duration, epoch: u64) {
        match self.wake_ups.place(&claim.user_id) {
            // In work already. Left alone, the new attempt ends with its term, and the user is claimed anew.
            Some(Stage::Working(_) | Stage::Recording(_)) => return,
            Some(Stage::Waiting(_) | Stage::Claiming(_) | Stage::Later(_)) | None => {}
        }
        let id = AttemptId(self.draw());
        let user_id = claim.user_id.clone();
        let batch_limit = self.wake_ups.enter(&user_id, claim.priority).batch_limit;
        self.wake_ups.move_to(&user_id, Stage::Working(id));
        let rules = Self::rules(&self.settings, self.account_id.as_ref());
        let mut attempt = Attempt::new(claim, asked_at, epoch, rules);
        attempt.batch_limit = batch_limit;
        self.attempts.insert(id, attempt);
        self.route(id);
    }
}
