//! Which of the waiting attempts go together into the next call.
//!
//! Live changes go before imports. Of the kinds of calls, the one that has waited longest goes first, so that many
//! records that need calls of their own hold up no batch. When a call may leave is left to the rate limiter.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use contracts::Priority;

use super::{
    Call, CallId, CreateInput, MAX_BATCH, UpdateInput,
    attempt::{Attempt, Step},
    io::AttemptId,
};

/// The attempts that are open, by their ids.
pub(crate) type OpenAttempts = BTreeMap<AttemptId, Attempt>;

/// Orders waiting attempts: live changes before imports, older attempts before newer ones.
type Position = (Priority, AttemptId);

/// A kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CallKind {
    Find,
    Update,
    Create,
    ReadBack,
    Single,
}

const CALL_KINDS: [CallKind; 5] = [
    CallKind::Find,
    CallKind::Update,
    CallKind::Create,
    CallKind::ReadBack,
    CallKind::Single,
];

impl CallKind {
    /// The kind of call that makes this step.
    fn for_step(step: &Step) -> Option<Self> {
        match step {
            Step::Find(_) => Some(Self::Find),
            Step::Update => Some(Self::Update),
            Step::Create => Some(Self::Create),
            Step::ReadBack => Some(Self::ReadBack),
            Step::FindSingle(_) | Step::Read(_) | Step::UpdateSingle => Some(Self::Single),
            Step::Done => None,
        }
    }
}

/// The attempts that wait for a call.
#[derive(Debug)]
pub(crate) struct Batching {
    find: BTreeSet<Position>,
    update: BTreeSet<Position>,
    create: BTreeSet<Position>,
    read_back: BTreeSet<Position>,
    single: BTreeSet<Position>,
    /// All of them, oldest first.
    by_age: BTreeMap<AttemptId, Priority>,
    /// The kinds of calls, the one that went last at the end.
    kinds: [CallKind; CALL_KINDS.len()],
}

/// What limits the next call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BatchRules<'a> {
    /// The contacts that a write is in flight for: their ids, and the addresses of those being created.
    pub(crate) busy: &'a BTreeSet<String>,
    /// Whether a single record must go alone, because the call is a recovery check.
    pub(crate) single: bool,
    /// Makes the trace ids unique to this worker.
    pub(crate) holder: &'a str,
}

impl Default for Batching {
    fn default() -> Self {
        Self {
            find: BTreeSet::new(),
            update: BTreeSet::new(),
            create: BTreeSet::new(),
            read_back: BTreeSet::new(),
            single: BTreeSet::new(),
            by_age: BTreeMap::new(),
            kinds: CALL_KINDS,
        }
    }
}

impl Batching {
    /// An attempt waits for the call that makes its next step.
    pub(crate) fn insert(&mut self, id: AttemptId, attempt: &Attempt) {
        if let Some(kind) = CallKind::for_step(attempt.step()) {
            let priority = attempt.claim().priority;
            self.by_age.insert(id, priority);
            self.waiting_mut(kind).insert((priority, id));
        }
    }

    fn waiting(&self, kind: CallKind) -> &BTreeSet<Position> {
        match kind {
            CallKind::Find => &self.find,
            CallKind::Update => &self.update,
            CallKind::Create => &self.create,
            CallKind::ReadBack => &self.read_back,
            CallKind::Single => &self.single,
        }
    }

    fn waiting_mut(&mut self, kind: CallKind) -> &mut BTreeSet<Position> {
        match kind {
            CallKind::Find => &mut self.find,
            CallKind::Update => &mut self.update,
            CallKind::Create => &mut self.create,
            CallKind::ReadBack => &mut self.read_back,
            CallKind::Single => &mut self.single,
        }
    }

    pub(crate) fn remove(&mut self, id: AttemptId) {
        let Some(priority) = self.by_age.remove(&id) else {
            return;
        };
        for kind in CALL_KINDS {
            self.waiting_mut(kind).remove(&(priority, id));
        }
    }

    /// The attempt that was claimed first.
    pub(crate) fn oldest(&self) -> Option<AttemptId> {
        self.by_age.first_key_value().map(|(id, _)| *id)
    }

    pub(crate) fn len(&self) -> usize {
        self.by_age.len()
    }

    /// Takes out every attempt, oldest first.
    pub(crate) fn drain(&mut self) -> Vec<AttemptId> {
        for kind in CALL_KINDS {
            self.waiting_mut(kind).clear();
        }
        std::mem::take(&mut self.by_age).into_keys().collect()
    }

    /// Whether every waiting attempt could share a full batch. Records that failed before need many small calls, and each of
    /// those calls delays the others.
    pub(crate) fn all_share_a_full_batch(&self, attempts: &OpenAttempts) -> bool {
        let shares = |id: &AttemptId| {
            let attempt = attempts.get(id);
            attempt.is_none_or(|attempt| attempt.batch_limit() == MAX_BATCH)
        };
        self.single.is_empty() && self.by_age.keys().all(shares)
    }

    /// Takes the attempts of the next call out and builds the call, if any attempt may go.
    pub(crate) fn next_call(
        &mut self,
        attempts: &mut OpenAttempts,
        id: CallId,
        rules: BatchRules<'_>,
    ) -> Option<(Call, Vec<AttemptId>)> {
        let first_of = |batching: &Self, kind| batching.first(attempts, kind, rules.busy);
        let firsts = CALL_KINDS.into_iter().filter_map(|kind| first_of(self, kind));
        let priority = firsts.min()?.0;
        // Among the kinds that have an attempt of the highest priority, the one that waited longest goes.
        let (index, kind, first) = self.kinds.iter().enumerate().find_map(|(index, kind)| {
            let first = first_of(self, *kind).filter(|first| first.0 == priority)?;
            Some((index, *kind, first))
        })?;
        self.kinds[index..].rotate_left(1);
        let chosen = self.choose(attempts, kind, first, rules);
        for id in &chosen {
            self.remove(*id);
            if let Some(attempt) = attempts.get_mut(id) {
                attempt.record_call();
            }
        }
        let call = match kind {
            CallKind::Find => find_call(attempts, &chosen),
            CallKind::Update => update_call(attempts, &chosen, id, rules.holder),
            CallKind::Create => create_call(attempts, &chosen, id, rules.holder),
            CallKind::ReadBack => read_back_call(attempts, &chosen),
            CallKind::Single => single_call(attempts, first.1)?,
        };
        Some((call, chosen))
    }

    /// The first waiting attempt of a kind that may go.
    fn first(&self, attempts: &OpenAttempts, kind: CallKind, busy: &BTreeSet<String>) -> Option<Position> {
        let mut waiting = self.waiting(kind).iter().copied();
        waiting.find(|(_, id)| attempts.get(id).is_some_and(|attempt| !is_busy(attempt, busy)))
    }

    /// The attempts that share a call with the first one of their kind.
    fn choose(
        &self,
        attempts: &OpenAttempts,
        kind: CallKind,
        first: Position,
        rules: BatchRules<'_>,
    ) -> Vec<AttemptId> {
        let Some(batch_limit) = attempts.get(&first.1).map(Attempt::batch_limit) else {
            return Vec::new();
        };
        if kind == CallKind::Single {
            return vec![first.1];
        }
        let max = if rules.single { 1 } else { batch_limit };
        let mut keys: BTreeSet<Cow<'_, str>> = BTreeSet::new();
        let mut chosen = Vec::new();
        for (_, id) in self.waiting(kind) {
            if chosen.len() == max {
                break;
            }
            // Records that failed in a batch stay among themselves: one with another limit would blur which one fails.
            let Some(attempt) = attempts
                .get(id)
                .filter(|attempt| attempt.batch_limit() == batch_limit)
            else {
                continue;
            };
            if kind == CallKind::Find {
                let addresses = addresses_of(attempt);
                let is_new = |address: &&String| !keys.contains(address.as_str());
                let new = addresses.iter().filter(is_new).count();
                if keys.len() + new > MAX_BATCH {
                    break;
                }
                keys.extend(addresses.into_iter().map(Cow::Owned));
                chosen.push(*id);
            } else if kind == CallKind::ReadBack {
                // Users that share a contact share its read as well.
                chosen.push(*id);
            } else if !is_busy(attempt, rules.busy)
                // HubSpot rejects a batch that names a contact twice. The second write waits for the first.
                && written_contact(attempt).is_some_and(|contact| keys.insert(contact))
            {
                chosen.push(*id);
            }
        }
        chosen
    }
}

/// Whether a write is in flight for the contact that the attempt would write to, or create.
fn is_busy(attempt: &Attempt, busy: &BTreeSet<String>) -> bool {
    written_contact(attempt).is_some_and(|contact| busy.contains(contact.as_ref()))
}

/// What names the contact that the attempt's next step writes: its id, or its address if it is to be created.
fn written_contact(attempt: &Attempt) -> Option<Cow<'_, str>> {
    match attempt.step() {
        Step::Update | Step::UpdateSingle => attempt.contact_id().map(Cow::Borrowed),
        Step::Create => attempt.create_address().map(Cow::Owned),
        Step::Find(_) | Step::FindSingle(_) | Step::Read(_) | Step::ReadBack | Step::Done => None,
    }
}

fn addresses_of(attempt: &Attempt) -> Vec<String> {
    match attempt.step() {
        Step::Find(lookup) => lookup.addresses().collect(),
        _ => Vec::new(),
    }
}

fn find_call(attempts: &OpenAttempts, chosen: &[AttemptId]) -> Call {
    let mut known = BTreeSet::new();
    let mut addresses: Vec<String> = chosen
        .iter()
        .filter_map(|id| attempts.get(id))
        .flat_map(addresses_of)
        .collect();
    addresses.retain(|address| known.insert(address.clone()));
    Call::Find { addresses }
}

fn update_call(attempts: &mut OpenAttempts, chosen: &[AttemptId], call: CallId, holder: &str) -> Call {
    let inputs = chosen.iter().enumerate().filter_map(|(index, id)| {
        let attempt = attempts.get_mut(id)?;
        let values = attempt.start_update();
        Some(UpdateInput {
            contact_id: attempt.contact_id()?.to_owned(),
            values,
            trace_id: trace_id(holder, call, index),
        })
    });
    Call::Update {
        inputs: inputs.collect(),
    }
}

fn create_call(attempts: &mut OpenAttempts, chosen: &[AttemptId], call: CallId, holder: &str) -> Call {
    let inputs = chosen.iter().enumerate().filter_map(|(index, id)| {
        let attempt = attempts.get_mut(id)?;
        Some(CreateInput {
            address: attempt.create_address()?,
            values: attempt.start_create(),
            trace_id: trace_id(holder, call, index),
        })
    });
    Call::Create {
        inputs: inputs.collect(),
    }
}

/// HubSpot rejects a batch that names a contact twice, so the ids are a set.
fn read_back_call(attempts: &OpenAttempts, chosen: &[AttemptId]) -> Call {
    let attempts = chosen.iter().filter_map(|id| attempts.get(id));
    let contact_ids: BTreeSet<&str> = attempts.filter_map(Attempt::contact_id).collect();
    Call::ReadBack {
        contact_ids: contact_ids.into_iter().map(str::to_owned).collect(),
    }
}

/// Results and errors of a batch name an input by this id.
fn trace_id(holder: &str, CallId(call): CallId, index: usize) -> String {
    format!("{holder}-{call}-{index}")
}

fn single_call(attempts: &mut OpenAttempts, id: AttemptId) -> Option<Call> {
    let attempt = attempts.get_mut(&id)?;
    let call = match attempt.step() {
        Step::FindSingle(lookup) => Call::FindSingle {
            address: lookup.addresses().next()?,
        },
        Step::UpdateSingle => {
            let values = attempt.start_update();
            Call::UpdateSingle {
                contact_id: attempt.contact_id()?.to_owned(),
                values,
            }
        }
        Step::Read(Some(contact_id)) => Call::Read {
            contact_id: contact_id.clone(),
        },
        Step::Read(None) | Step::Find(_) | Step::Update | Step::Create | Step::ReadBack | Step::Done => {
            Call::Read {
                contact_id: attempt.contact_id()?.to_owned(),
            }
        }
    };
    Some(call)
}
