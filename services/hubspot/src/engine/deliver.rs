//! Starting calls: whenever a slot and the pace allow one, whatever is ready leaves, up to a full batch.

use std::{collections::btree_map, time::Duration};

use contracts::Reason;

use super::{
    AttemptId, Call, CallId, CreateInput, Engine, MAX_BATCH, Output, UpdateInput,
    attempt::{Attempt, Blame, Step},
    ready::Turn,
    standing::paused,
};

/// What is left of an attempt's term after its last call could have ended, for the verdict to arrive.
const TIME_FOR_VERDICT: Duration = Duration::from_secs(2);

/// A call that is out.
#[derive(Debug)]
pub(crate) struct Out {
    pub(crate) call: Call,
    /// The attempts it is for; for an update, in the order of its inputs.
    pub(crate) attempts: Vec<AttemptId>,
    /// Whether it probes a stopped line.
    pub(crate) probe: bool,
    /// When it left.
    pub(crate) sent_at: Duration,
}

impl Engine {
    pub(super) fn start_calls(&mut self) {
        if self.wants_account() {
            let id = CallId(self.draw());
            self.send(id, Call::Account, Vec::new());
        }
        while self.may_call() {
            let id = CallId(self.draw());
            let Some((call, attempts)) = self.compose(id) else {
                return;
            };
            self.send(id, call, attempts);
        }
    }

    /// The account is asked for alone: before anything else, after the token was replaced, and as a probe.
    fn wants_account(&self) -> bool {
        let unknown =
            !self.account_checked && self.line.stopped().is_none_or(|stop| stop.probe_at <= self.now);
        (unknown || self.line.wants_account(self.now))
            && !self.draining
            && self.calls.is_empty()
            && self.rate_limiter.next_at(self.now) <= self.now
    }

    fn may_call(&self) -> bool {
        self.account_checked
            && !self.draining
            && self.lease.allows(self.now)
            && self.calls.len()
                < self
                    .rate_limiter
                    .slots(self.settings.concurrency)
                    .min(self.line.allowance(self.now))
            && self.next_call_at() <= self.now
            // A probe finds out whether a new day has begun.
            && (self.rate_limiter.has_day_left(self.now) || self.line.stopped().is_some())
    }

    /// When a call may leave. Where the day runs short, one that others could share waits for them.
    pub(super) fn next_call_at(&self) -> Duration {
        if self.line.stopped().is_none() && self.waits_for_company() {
            self.rate_limiter.next_shared_at(self.now)
        } else {
            self.rate_limiter.next_at(self.now)
        }
    }

    /// Whether those who wait do not fill a call, and none of them is to go alone or in a smaller one: records that fail
    /// are told apart by many calls, and hold up the others until they are.
    fn waits_for_company(&self) -> bool {
        let waiting = self.wake_ups.queued() + self.claims.asked() + self.ready.len();
        let shares = |id: AttemptId| {
            let attempt = self.attempts.get(&id);
            attempt.is_none_or(|attempt| attempt.batch_limit == MAX_BATCH)
        };
        waiting < MAX_BATCH
            && self.ready.alone.is_empty()
            && self.ready.ids().all(shares)
            && !self.wake_ups.anyone_waits_in_a_smaller_batch()
    }

    fn send(&mut self, id: CallId, call: Call, attempts: Vec<AttemptId>) {
        self.rate_limiter.spend(self.now);
        self.busy.extend(contacts_of(&call).map(str::to_owned));
        self.outputs.push_back(Output::Call(id, call.clone()));
        let probe = self.line.stopped().is_some();
        self.calls.insert(
            id,
            Out {
                call,
                attempts,
                probe,
                sent_at: self.now,
            },
        );
    }

    /// Sends an attempt on its way: to wait for its next call, or to its verdict.
    pub(super) fn route(&mut self, id: AttemptId) {
        let btree_map::Entry::Occupied(mut entry) = self.attempts.entry(id) else {
            return;
        };
        let attempt = entry.get_mut();
        let send_by = send_by(attempt, self.lease.attempt_term(), self.settings.call_timeout);
        if attempt.step != Step::Done {
            let not_now = match self.line.stopped() {
                _ if Some(attempt.epoch) != self.lease.epoch() => {
                    Some(Reason::ours("LEASE_LOST", "another worker delivers"))
                }
                _ if self.lease.is_paused() => Some(paused()),
                _ if self.draining => Some(Reason::ours("SHUTTING_DOWN", "the worker is stopping")),
                // A record claimed for the probe goes on; its turn came when the probe was due.
                Some(stop) if stop.probe_at > self.now => Some(stop.reason.clone()),
                _ if send_by < self.now => Some(Reason::ours(
                    "NOT_SENT",
                    "the attempt's term left no time for the call",
                )),
                _ => None,
            };
            if let Some(reason) = not_now {
                attempt.fail(reason, Blame::Nobody, true);
            }
        }
        if attempt.step == Step::Done {
            self.finish(id);
        } else {
            self.ready.insert((attempt.claim.priority, id), &attempt.step);
        }
    }

    /// Gives back attempts for which there is no time left to send them.
    pub(super) fn expire(&mut self) {
        while let Some((generation, at)) = self.oldest_ready() {
            if at >= self.now {
                return;
            }
            self.ready.remove(generation);
            self.route(generation.1);
        }
    }

    /// When the oldest attempt that waits for a call has waited too long.
    pub(super) fn next_expiry(&self) -> Option<Duration> {
        self.oldest_ready().map(|(_, at)| at + Duration::from_millis(1))
    }

    fn oldest_ready(&self) -> Option<(Turn, Duration)> {
        let generation = self.ready.oldest()?;
        let attempt = self.attempts.get(&generation.1)?;
        Some((
            generation,
            send_by(attempt, self.lease.attempt_term(), self.settings.call_timeout),
        ))
    }
}

/// The last moment at which a call may start, so that it ends, however it ends, within the attempt's term.
fn send_by(attempt: &Attempt, term: Duration, call_timeout: Duration) -> Duration {
    (attempt.asked_at + term).saturating_sub(call_timeout + TIME_FOR_VERDICT)
}

/// The contacts a call writes to, by their ids, and those it makes, by their addresses.
pub(super) fn contacts_of(call: &Call) -> impl Iterator<Item = &str> {
    let (updated, created, single): (&[UpdateInput], &[CreateInput], Option<&str>) = match call {
        Call::Update { inputs } => (inputs, &[], None),
        Call::Create { inputs } => (&[], inputs, None),
        Call::UpdateSingle { contact_id, .. } => (&[], &[], Some(contact_id)),
        Call::Account
        | Call::Find { .. }
        | Call::Inspect(_)
        | Call::FindSingle { .. }
        | Call::Read { .. } => (&[], &[], None),
    };
    let updated = updated.iter().map(|input| input.contact_id.as_str());
    let created = created.iter().map(|input| input.address.as_str());
    updated.chain(created).chain(single)
}
