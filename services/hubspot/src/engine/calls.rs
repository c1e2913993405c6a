//! The calls of deliveries that are in flight, and the contacts they write.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{Call, CallId, CreateInput, UpdateInput, io::AttemptId};

/// A call in flight.
#[derive(Debug)]
pub(crate) struct CallInFlight {
    pub(crate) call: Call,
    /// The attempts it is for, in the order of the call's inputs.
    pub(crate) attempts: Vec<AttemptId>,
    /// Whether it checks if a halt of the circuit breaker is over.
    pub(crate) is_recovery_check: bool,
    pub(crate) sent_at: Duration,
    /// Whether the token was replaced since, so that the response says nothing about the present token or its account.
    pub(crate) is_of_former_token: bool,
}

/// The calls in flight.
#[derive(Debug, Default)]
pub(crate) struct CallsInFlight {
    by_id: BTreeMap<CallId, CallInFlight>,
    /// The contacts that a write is in flight for. Two writes at a time could be applied in the wrong order.
    busy: BTreeSet<String>,
}

impl CallsInFlight {
    pub(crate) fn insert(&mut self, id: CallId, call: CallInFlight) {
        self.busy.extend(contacts_of(&call.call).map(str::to_owned));
        self.by_id.insert(id, call);
    }

    pub(crate) fn remove(&mut self, id: CallId) -> Option<CallInFlight> {
        let call = self.by_id.remove(&id)?;
        for contact in contacts_of(&call.call) {
            self.busy.remove(contact);
        }
        Some(call)
    }

    /// The token was replaced.
    pub(crate) fn record_token_replaced(&mut self) {
        for call in self.by_id.values_mut() {
            call.is_of_former_token = true;
        }
    }

    /// The attempts that a call in flight is for.
    pub(crate) fn attempts_of(&self, id: CallId) -> &[AttemptId] {
        self.by_id.get(&id).map_or(&[], |call| &call.attempts)
    }

    pub(crate) fn busy_contacts(&self) -> &BTreeSet<String> {
        &self.busy
    }

    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    /// Whether no attempt waits for a response. A check, or a call for the account's details, is for no attempt.
    pub(crate) fn are_for_no_attempt(&self) -> bool {
        self.by_id.values().all(|call| call.attempts.is_empty())
    }
}

/// The contacts that a call writes, by their ids, and those that it creates, by their addresses.
fn contacts_of(call: &Call) -> impl Iterator<Item = &str> {
    let (updated, created, single): (&[UpdateInput], &[CreateInput], Option<&str>) = match call {
        Call::Update { inputs } => (inputs, &[], None),
        Call::Create { inputs } => (&[], inputs, None),
        Call::UpdateSingle { contact_id, .. } => (&[], &[], Some(contact_id)),
        Call::Account
        | Call::Find { .. }
        | Call::Inspect(_)
        | Call::FindSingle { .. }
        | Call::Check(_)
        | Call::ReadBack { .. }
        | Call::Read { .. } => (&[], &[], None),
    };
    let updated = updated.iter().map(|input| input.contact_id.as_str());
    let created = created.iter().map(|input| input.address.as_str());
    updated.chain(created).chain(single)
}
