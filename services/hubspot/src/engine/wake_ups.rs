//! The users known to need delivery: one entry per user, however many wake-ups came for it, in the order in which they
//! are claimed.
//!
//! An entry follows its user from the wake-up through claim, attempt and report until the user service says that the
//! user is clean; only then is the wake-up acknowledged. What is claimed, sent and reported is decided elsewhere.

mod history;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use contracts::{NextAction, Priority, ReportedUser, UserId};

use super::{AckHandle, Check, MAX_BATCH, RequestId, io::AttemptId};
pub(crate) use history::{EndedIn, Recorded};
use history::{History, Proofs};

/// How long to leave a user alone whose attempt is open although this worker does not know it.
const OPEN_ATTEMPT_PAUSE: Duration = Duration::from_secs(5);
/// How long to leave a user alone that a response should have named and did not.
const UNNAMED_PAUSE: Duration = Duration::from_millis(250);
/// A wake-up ends the pause after a failure, but no sooner than this after the failure: a user that fails is sent at most twice a second,
/// however often it changes.
const MIN_FAILURE_PAUSE: Duration = Duration::from_millis(500);
/// How long to leave a user alone whose result the user service cannot read. Its attempt ends by its term.
const UNREADABLE_RESULT_PAUSE: Duration = Duration::from_mins(1);

/// How far a user has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// The user waits to be claimed; the number is its position in the queue of its priority.
    Queued(u64),
    /// A claim request in flight names it.
    Claiming(RequestId),
    /// It is claimed. Its attempt is open, or the result waits to be sent.
    InAttempt(AttemptId),
    /// Its result is being reported.
    Reporting(RequestId),
    /// It is queued again at this time.
    Deferred(Duration),
}

/// A user that needs delivery.
#[derive(Debug)]
struct User {
    stage: Stage,
    priority: Priority,
    /// What acknowledges its wake-up. There is none for an attempt that another worker left open, or after a disconnect.
    ack: Option<AckHandle>,
    /// Whether a wake-up came after the request in flight was sent. Its response may not know of that change.
    woken_meanwhile: bool,
    /// The user is not queued before this time, because HubSpot had locked its contact.
    locked_until: Duration,
    /// A wake-up ends the user's pause after a failure no sooner than this.
    retry_from: Duration,
    history: History,
}

/// All users that need delivery.
#[derive(Debug, Default)]
pub(crate) struct WakeUps {
    users: BTreeMap<UserId, User>,
    live: BTreeMap<u64, UserId>,
    backfill: BTreeMap<u64, UserId>,
    deferred: BTreeSet<(Duration, UserId)>,
    last_position: u64,
    /// The users of batches that failed, which are few. They decide often whether a call waits to be shared.
    in_smaller_batches: BTreeSet<UserId>,
    /// What has shown that HubSpot works, for [`History`].
    proofs: Proofs,
}

impl WakeUps {
    pub(crate) fn stage(&self, user_id: &UserId) -> Option<Stage> {
        self.users.get(user_id).map(|user| user.stage)
    }

    /// Takes a wake-up. A user that is already known keeps its position, unless it becomes more urgent. There is nothing to acknowledge
    /// if the wake-up did not come from the stream.
    pub(crate) fn wake(&mut self, user_id: &UserId, priority: Priority, ack: Option<AckHandle>) {
        let user = self.insert(user_id, priority);
        // A redelivered wake-up that is older than the known one was acknowledged before.
        let is_older = |ack: &AckHandle| matches!(&user.ack, Some(known) if ack.sequence < known.sequence);
        if let Some(ack) = ack.filter(|ack| !is_older(ack)) {
            user.ack = Some(ack);
        }
        let is_more_urgent = priority < user.priority;
        user.priority = user.priority.min(priority);
        match user.stage {
            Stage::Claiming(_) | Stage::Reporting(_) => user.woken_meanwhile = true,
            // A new change ends the pause after a failure, but not the wait for a lock.
            Stage::Deferred(_) => {
                let from = user.retry_from;
                self.defer(user_id, from);
            }
            Stage::Queued(_) if is_more_urgent => self.queue(user_id),
            Stage::InAttempt(_) | Stage::Queued(_) => {}
        }
    }

    /// Makes sure that the user has an entry; a new one is queued.
    pub(crate) fn add(&mut self, user_id: &UserId, priority: Priority) {
        self.insert(user_id, priority);
    }

    fn insert(&mut self, user_id: &UserId, priority: Priority) -> &mut User {
        if !self.users.contains_key(user_id) {
            let user = User {
                stage: Stage::Deferred(Duration::ZERO),
                priority,
                ack: None,
                woken_meanwhile: false,
                locked_until: Duration::ZERO,
                retry_from: Duration::ZERO,
                history: History::default(),
            };
            self.users.insert(user_id.clone(), user);
            self.queue(user_id);
        }
        self.users.get_mut(user_id).expect("it was inserted above")
    }

    /// Moves a user to another stage.
    fn move_to(&mut self, user_id: &UserId, stage: Stage) {
        let Some(user) = self.users.get_mut(user_id) else {
            return;
        };
        match user.stage {
            Stage::Queued(position) => {
                self.live.remove(&position);
                self.backfill.remove(&position);
            }
            Stage::Deferred(at) => {
                self.deferred.remove(&(at, user_id.clone()));
            }
            Stage::Claiming(_) | Stage::InAttempt(_) | Stage::Reporting(_) => {}
        }
        user.stage = stage;
        match stage {
            Stage::Queued(position) if user.priority == Priority::Live => {
                self.live.insert(position, user_id.clone());
            }
            Stage::Queued(position) => {
                self.backfill.insert(position, user_id.clone());
            }
            Stage::Deferred(at) => {
                self.deferred.insert((at, user_id.clone()));
            }
            // The user service committed every change it has announced so far, so the response to a request that
            // leaves now takes them into account.
            Stage::Claiming(_) | Stage::Reporting(_) => user.woken_meanwhile = false,
            Stage::InAttempt(_) => {}
        }
    }

    /// Puts a user at the end of the queue of its priority.
    pub(crate) fn queue(&mut self, user_id: &UserId) {
        self.last_position += 1;
        self.move_to(user_id, Stage::Queued(self.last_position));
    }

    /// Queues a user again at that time, or later if its contact is locked for longer.
    pub(crate) fn defer(&mut self, user_id: &UserId, until: Duration) {
        if let Some(user) = self.users.get(user_id) {
            let until = until.max(user.locked_until);
            self.move_to(user_id, Stage::Deferred(until));
        }
    }

    /// Queues the users whose pause is over.
    pub(crate) fn queue_due(&mut self, now: Duration) {
        while let Some((at, user_id)) = self.deferred.first().cloned() {
            if at > now {
                return;
            }
            self.queue(&user_id);
        }
    }

    /// When the next pause is over.
    pub(crate) fn next_due_at(&self) -> Option<Duration> {
        self.deferred.first().map(|(at, _)| *at)
    }

    /// How many users are queued.
    pub(crate) fn queued(&self) -> usize {
        self.live.len() + self.backfill.len()
    }

    /// Whether a batch with one of the queued users has failed before.
    pub(crate) fn has_queued_with_smaller_batch(&self) -> bool {
        let mut users = self.in_smaller_batches.iter();
        users.any(|user_id| matches!(self.stage(user_id), Some(Stage::Queued(_))))
    }

    /// Takes at most `max` queued users into a claim, live changes first.
    pub(crate) fn take(&mut self, max: usize, request: RequestId) -> Vec<UserId> {
        let taken: Vec<UserId> = self
            .live
            .values()
            .chain(self.backfill.values())
            .take(max)
            .cloned()
            .collect();
        for user_id in &taken {
            self.move_to(user_id, Stage::Claiming(request));
        }
        taken
    }

    /// Takes this user into a claim.
    pub(crate) fn take_one(&mut self, user_id: &UserId, request: RequestId) {
        self.move_to(user_id, Stage::Claiming(request));
    }

    /// The first user that is not being worked on and passes the test. Queued users come before deferred ones, and a
    /// user with a locked contact is never chosen.
    pub(crate) fn find_idle(&self, now: Duration, is_wanted: impl Fn(&UserId) -> bool) -> Option<UserId> {
        let queued = self.live.values().chain(self.backfill.values());
        let deferred = self.deferred.iter().map(|(_, user_id)| user_id);
        let unlocked = deferred.filter(|user_id| {
            let user = self.users.get(user_id);
            user.is_some_and(|user| user.locked_until <= now)
        });
        queued.chain(unlocked).find(|user_id| is_wanted(user_id)).cloned()
    }

    /// A claim brought an attempt of this user. Returns the maximum size of a batch with it, or `None` if the user
    /// already has an attempt: then the new one is left to end by its term, and the user is claimed again.
    pub(crate) fn start_attempt(
        &mut self,
        user_id: &UserId,
        priority: Priority,
        attempt: AttemptId,
    ) -> Option<usize> {
        match self.stage(user_id) {
            Some(Stage::InAttempt(_) | Stage::Reporting(_)) => return None,
            Some(Stage::Queued(_) | Stage::Claiming(_) | Stage::Deferred(_)) | None => {}
        }
        let batch_limit = self.insert(user_id, priority).history.batch_limit;
        self.move_to(user_id, Stage::InAttempt(attempt));
        Some(batch_limit)
    }

    /// A claim was answered, and its attempts were started. Returns the wake-ups that are done.
    pub(crate) fn end_claim(
        &mut self,
        now: Duration,
        request: RequestId,
        requested: &[UserId],
        response: &contracts::UsersClaimed,
    ) -> Vec<AckHandle> {
        // The user service wakes a user again that has to wait.
        let mut done = self.still_claimed_by(request, &response.clean);
        done.extend(self.still_claimed_by(request, &response.waiting));
        let acks = done.iter().filter_map(|user_id| self.resolve(user_id)).collect();
        for user_id in self.still_claimed_by(request, &response.in_progress) {
            self.defer(&user_id, now + OPEN_ATTEMPT_PAUSE);
        }
        for user_id in self.still_claimed_by(request, &response.left_out) {
            self.queue(&user_id);
        }
        // The response should name every user. Ask for the others again, but not at full speed.
        for user_id in self.still_claimed_by(request, requested) {
            self.defer(&user_id, now + UNNAMED_PAUSE);
        }
        acks
    }

    /// A claim was not served: its users are queued again.
    pub(crate) fn fail_claim(&mut self, request: RequestId, requested: &[UserId]) {
        for user_id in self.still_claimed_by(request, requested) {
            self.queue(&user_id);
        }
    }

    /// Those of the users that nothing else has happened to since this claim was sent.
    fn still_claimed_by(&self, request: RequestId, users: &[UserId]) -> Vec<UserId> {
        let users = users.iter();
        users
            .filter(|user_id| self.stage(user_id) == Some(Stage::Claiming(request)))
            .cloned()
            .collect()
    }

    /// The result of an attempt is being sent. Returns whether the attempt still is the user's.
    pub(crate) fn start_report(&mut self, user_id: &UserId, attempt: AttemptId, request: RequestId) -> bool {
        let is_current = self.stage(user_id) == Some(Stage::InAttempt(attempt));
        if is_current {
            self.move_to(user_id, Stage::Reporting(request));
        }
        is_current
    }

    /// The user service took results. Returns the wake-ups that are done. `is_claimed_again` tells which users the claim
    /// in the same message names: the response to that claim says what comes next.
    pub(crate) fn end_report(
        &mut self,
        now: Duration,
        request: RequestId,
        users: &[ReportedUser],
        is_claimed_again: impl Fn(&UserId) -> bool,
    ) -> Vec<AckHandle> {
        let mut acks = Vec::new();
        for ReportedUser { user_id, next } in users {
            if self.stage(user_id) != Some(Stage::Reporting(request)) {
                continue;
            }
            match next {
                _ if is_claimed_again(user_id) => self.continue_with_claim(user_id, request),
                NextAction::Clean => acks.extend(self.resolve(user_id)),
                NextAction::Now => self.defer(user_id, now),
                // A later attempt took over and may be open still. A claim tells whether the user is dirty.
                NextAction::Superseded => self.queue(user_id),
                NextAction::Later { in_ms } => self.pause(now, user_id, Duration::from_millis(*in_ms)),
            }
        }
        acks
    }

    /// An attempt failed: the user is queued again after the pause, or sooner if a wake-up comes.
    fn pause(&mut self, now: Duration, user_id: &UserId, pause: Duration) {
        let Some(user) = self.users.get_mut(user_id) else {
            return;
        };
        user.retry_from = now + pause.min(MIN_FAILURE_PAUSE);
        // The response may not know of a change whose wake-up came while the report was in flight.
        let until = if user.woken_meanwhile {
            user.retry_from
        } else {
            now + pause
        };
        self.defer(user_id, until);
    }

    /// The message with the result claimed the user, too. This keeps `woken_meanwhile`, which `move_to` would reset: the
    /// claim left together with the result, so a wake-up since then is news for it as well.
    fn continue_with_claim(&mut self, user_id: &UserId, request: RequestId) {
        if let Some(user) = self.users.get_mut(user_id) {
            user.stage = Stage::Claiming(request);
        }
    }

    /// The response should have named this reported user and did not. A claim tells whether the user is dirty.
    pub(crate) fn queue_if_reporting(&mut self, user_id: &UserId, request: RequestId) {
        if self.stage(user_id) == Some(Stage::Reporting(request)) {
            self.queue(user_id);
        }
    }

    /// A result was not taken. It is sent again, unless the user service cannot read it.
    pub(crate) fn fail_report(
        &mut self,
        now: Duration,
        user_id: &UserId,
        attempt: AttemptId,
        request: RequestId,
        is_given_up: bool,
    ) {
        if self.stage(user_id) != Some(Stage::Reporting(request)) {
            return;
        }
        if is_given_up {
            self.defer(user_id, now + UNREADABLE_RESULT_PAUSE);
        } else {
            self.move_to(user_id, Stage::InAttempt(attempt));
        }
    }

    /// The user is clean. Returns what acknowledges its wake-up, unless a newer wake-up means that it has to be claimed
    /// once more.
    fn resolve(&mut self, user_id: &UserId) -> Option<AckHandle> {
        if self.users.get(user_id)?.woken_meanwhile {
            self.queue(user_id);
            return None;
        }
        // Removes the user from the queues, so that no queue names a user without an entry.
        self.move_to(user_id, Stage::InAttempt(AttemptId(0)));
        self.in_smaller_batches.remove(user_id);
        self.users.remove(user_id)?.ack
    }

    /// A write for this user succeeded. It proves something about others only if this user has not failed before.
    pub(crate) fn record_write(&mut self, user_id: &UserId) {
        if !self.has_failed(user_id) {
            self.proofs.writes += 1;
        }
    }

    /// A check succeeded.
    pub(crate) fn record_check(&mut self, check: Check) {
        match check {
            Check::Writes => self.proofs.writes += 1,
            Check::Lookups => self.proofs.lookups += 1,
            // That a property can be written says nothing about a failure.
            Check::Property(_) => {}
        }
    }

    fn has_failed(&self, user_id: &UserId) -> bool {
        let user = self.users.get(user_id);
        user.is_some_and(|user| user.history.has_failed())
    }

    /// The first queued user with a live change that has not failed and passes the test.
    pub(crate) fn find_unfailed(&self, is_wanted: impl Fn(&UserId) -> bool) -> Option<UserId> {
        let mut live = self.live.values();
        live.find(|user_id| !self.has_failed(user_id) && is_wanted(user_id))
            .cloned()
    }

    /// A batch with this user failed: from now on it shares a batch with fewer others.
    pub(crate) fn limit_batch(&mut self, user_id: &UserId, limit: usize) {
        if let Some(user) = self.users.get_mut(user_id) {
            user.history.batch_limit = limit;
            self.in_smaller_batches.insert(user_id.clone());
        }
    }

    /// HubSpot has locked the user's contact.
    pub(crate) fn lock(&mut self, user_id: &UserId, until: Duration) {
        if let Some(user) = self.users.get_mut(user_id) {
            user.locked_until = until;
        }
    }

    /// Notes how an attempt ended. An attempt that is not the user's current one leaves no trace.
    pub(crate) fn record_end(
        &mut self,
        user_id: &UserId,
        attempt: AttemptId,
        only_links: bool,
        failure: Option<EndedIn>,
    ) -> Recorded {
        let user = self.users.get_mut(user_id);
        let Some(user) = user.filter(|user| user.stage == Stage::InAttempt(attempt)) else {
            return Recorded::default();
        };
        let recorded = user.history.record_end(self.proofs, only_links, failure);
        if user.history.batch_limit == MAX_BATCH {
            self.in_smaller_batches.remove(user_id);
        }
        recorded
    }

    /// How many users are known.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.users.len()
    }

    /// The connection to the broker was lost. Queued users are dropped, because the broker delivers their wake-ups again;
    /// the others go on without something to acknowledge.
    pub(crate) fn drop_acks(&mut self) {
        let queued: Vec<UserId> = self
            .live
            .values()
            .chain(self.backfill.values())
            .cloned()
            .collect();
        self.live.clear();
        self.backfill.clear();
        for user_id in queued {
            self.in_smaller_batches.remove(&user_id);
            self.users.remove(&user_id);
        }
        for user in self.users.values_mut() {
            user.ack = None;
        }
    }

    /// Forgets every user, because another worker delivers now.
    pub(crate) fn clear(&mut self) {
        *self = Self {
            proofs: self.proofs,
            ..Self::default()
        };
    }
}
