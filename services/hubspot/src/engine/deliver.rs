//! Starting calls: whenever a slot and the pace allow one, whatever is ready leaves, up to a full batch.

use std::{
    collections::{BTreeSet, btree_map},
    time::Duration,
};

use super::{
    AttemptId, Call, CallId, Engine, MAX_BATCH, Output, Settings, UpdateInput,
    attempt::{Attempt, Blame, Step, ours},
    ready::Turn,
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
            && self.pace.next_at() <= self.now
    }

    fn may_call(&self) -> bool {
        self.account_checked
            && !self.draining
            && self.lease.allows(self.now)
            && self.calls.len()
                < self
                    .pace
                    .slots(self.settings.concurrency)
                    .min(self.line.allowance(self.now))
            && self.pace.next_at() <= self.now
    }

    fn send(&mut self, id: CallId, call: Call, attempts: Vec<AttemptId>) {
        self.pace.spend(self.now);
        self.busy.extend(contacts_of(&call).map(str::to_owned));
        self.outputs.push_back(Output::Call(id, call.clone()));
        let probe = self.line.stopped().is_some();
        self.line.probing = probe;
        self.calls.insert(
            id,
            Out {
                call,
                attempts,
                probe,
            },
        );
    }

    /// Composes the next call: of what is ready and may go, the kind whose first has waited longest.
    fn compose(&mut self, id: CallId) -> Option<(Call, Vec<AttemptId>)> {
        let find = self.ready.find.first().copied();
        let write = self.ready.write.iter().copied().find(|turn| self.may_go(*turn));
        let alone = self.ready.alone.iter().copied().find(|turn| self.may_go(*turn));
        let first = [find, write, alone].into_iter().flatten().min()?;
        if Some(first) == alone {
            self.compose_alone(first)
        } else if Some(first) == write {
            Some(self.compose_update(id, first))
        } else {
            Some(self.compose_find(first))
        }
    }

    /// Whether no write is out for the contact that the attempt would write to.
    fn may_go(&self, turn: Turn) -> bool {
        let Some(attempt) = self.attempts.get(&turn.1) else {
            return false;
        };
        let writes = matches!(attempt.step, Step::Write | Step::Patch);
        !writes
            || attempt
                .contact_id()
                .is_none_or(|contact_id| !self.busy.contains(contact_id))
    }

    /// The most attempts that may share a call with this one.
    fn batch_limit(&self, first: Turn) -> usize {
        let limit = self
            .attempts
            .get(&first.1)
            .map_or(1, |attempt| attempt.batch_limit);
        if self.line.stopped().is_some() { 1 } else { limit }
    }

    /// Whether an attempt may share a batch with the first: those that failed in company keep among themselves.
    fn is_company(&self, first: Turn, other: Turn) -> bool {
        let limit = |turn: Turn| self.attempts.get(&turn.1).map(|attempt| attempt.batch_limit);
        limit(first) == limit(other)
    }

    fn compose_find(&mut self, first: Turn) -> (Call, Vec<AttemptId>) {
        let limit = self.batch_limit(first);
        let mut addresses: Vec<String> = Vec::new();
        let mut known: BTreeSet<String> = BTreeSet::new();
        let mut chosen = Vec::new();
        for turn in self
            .ready
            .find
            .iter()
            .copied()
            .filter(|turn| self.is_company(first, *turn))
        {
            let wanted = self
                .attempts
                .get(&turn.1)
                .map(wanted_addresses)
                .unwrap_or_default();
            let new = wanted.iter().filter(|address| !known.contains(*address)).count();
            if chosen.len() == limit || addresses.len() + new > MAX_BATCH {
                break;
            }
            addresses.extend(wanted.into_iter().filter(|address| known.insert(address.clone())));
            chosen.push(turn);
        }
        (Call::Find { addresses }, self.take(&chosen))
    }

    fn compose_update(&mut self, CallId(call): CallId, first: Turn) -> (Call, Vec<AttemptId>) {
        let limit = self.batch_limit(first);
        let mut contacts: BTreeSet<&str> = BTreeSet::new();
        let mut chosen = Vec::new();
        for turn in self.ready.write.iter().copied() {
            if chosen.len() == limit {
                break;
            }
            let contact = self.attempts.get(&turn.1).and_then(Attempt::contact_id);
            if self.may_go(turn)
                && self.is_company(first, turn)
                && contact.is_some_and(|contact| contacts.insert(contact))
            {
                chosen.push(turn);
            }
        }
        let attempts = self.take(&chosen);
        let holder = &self.settings.holder;
        let inputs = attempts.iter().enumerate().filter_map(|(index, id)| {
            let attempt = self.attempts.get_mut(id)?;
            let properties = attempt.send();
            let contact_id = attempt.contact_id()?.to_owned();
            Some(UpdateInput {
                contact_id,
                properties,
                trace_id: format!("{holder}-{call}-{index}"),
            })
        });
        (
            Call::Update {
                inputs: inputs.collect(),
            },
            attempts,
        )
    }

    fn compose_alone(&mut self, turn: Turn) -> Option<(Call, Vec<AttemptId>)> {
        let attempts = self.take(&[turn]);
        let attempt = self.attempts.get_mut(&turn.1)?;
        let call = match attempt.step.clone() {
            Step::FindAlone(addresses, _) => Call::FindAlone {
                address: addresses.first()?.to_lowercase(),
            },
            Step::Patch => {
                let properties = attempt.send();
                Call::Patch {
                    contact_id: attempt.contact_id()?.to_owned(),
                    properties,
                }
            }
            Step::Read | Step::Find(..) | Step::Write | Step::Done => Call::Read {
                contact_id: attempt.contact_id()?.to_owned(),
            },
        };
        Some((call, attempts))
    }

    fn take(&mut self, chosen: &[Turn]) -> Vec<AttemptId> {
        for turn in chosen {
            self.ready.remove(*turn);
            if let Some(attempt) = self.attempts.get_mut(&turn.1) {
                attempt.began = true;
            }
        }
        chosen.iter().map(|turn| turn.1).collect()
    }

    /// Sends an attempt on its way: to wait for its next call, or to its verdict.
    pub(super) fn route(&mut self, id: AttemptId) {
        let btree_map::Entry::Occupied(mut entry) = self.attempts.entry(id) else {
            return;
        };
        let attempt = entry.get_mut();
        let send_by = send_by(attempt, self.settings.claim_term, self.settings.call_timeout);
        if attempt.step != Step::Done {
            let not_now = match self.line.stopped() {
                _ if Some(attempt.epoch) != self.lease.epoch() => {
                    Some(ours("LEASE_LOST", "another worker delivers"))
                }
                _ if self.draining => Some(ours("SHUTTING_DOWN", "the worker is stopping")),
                // A record claimed for the probe goes on; its turn came when the probe was due.
                Some(stop) if stop.probe_at > self.now => Some(stop.reason.clone()),
                _ if send_by < self.now => Some(ours("NOT_SENT", "there was no room for the call in time")),
                _ => None,
            };
            if let Some(reason) = not_now {
                attempt.fail(reason, Blame::Nobody, true);
            }
        }
        if attempt.step == Step::Done {
            self.finish(id);
        } else {
            self.ready.insert((attempt.claim.lane, id), &attempt.step);
        }
    }

    /// Gives back attempts for which there is no time left to send them.
    pub(super) fn expire(&mut self) {
        while let Some((turn, at)) = self.oldest_ready() {
            if at >= self.now {
                return;
            }
            self.ready.remove(turn);
            self.route(turn.1);
        }
    }

    /// When the oldest attempt that waits for a call has waited too long.
    pub(super) fn next_expiry(&self) -> Option<Duration> {
        self.oldest_ready().map(|(_, at)| at + Duration::from_millis(1))
    }

    fn oldest_ready(&self) -> Option<(Turn, Duration)> {
        let Settings {
            claim_term,
            call_timeout,
            ..
        } = self.settings;
        let turn = |(id, attempt): (&AttemptId, &Attempt)| {
            (
                (attempt.claim.lane, *id),
                send_by(attempt, claim_term, call_timeout),
            )
        };
        self.attempts
            .iter()
            .map(turn)
            .find(|(turn, _)| self.ready.contains(*turn))
    }
}

/// The last moment at which a call may start, so that it ends, however it ends, within the attempt's term.
fn send_by(attempt: &Attempt, term: Duration, call_timeout: Duration) -> Duration {
    (attempt.asked_at + term).saturating_sub(call_timeout + TIME_FOR_VERDICT)
}

fn wanted_addresses(attempt: &Attempt) -> Vec<String> {
    match &attempt.step {
        Step::Find(addresses, _) => addresses.iter().map(|address| address.to_lowercase()).collect(),
        _ => Vec::new(),
    }
}

/// The contacts a call writes to.
pub(super) fn contacts_of(call: &Call) -> impl Iterator<Item = &str> {
    let (inputs, single): (&[UpdateInput], Option<&str>) = match call {
        Call::Update { inputs } => (inputs, None),
        Call::Patch { contact_id, .. } => (&[], Some(contact_id)),
        Call::Account | Call::Find { .. } | Call::FindAlone { .. } | Call::Read { .. } => (&[], None),
    };
    inputs.iter().map(|input| input.contact_id.as_str()).chain(single)
}
