//! Composing a call of what is ready: a batch of those that may go together, or one alone.

use std::collections::BTreeSet;

use contracts::lowercase_address;

use super::{
    AttemptId, Call, CallId, CreateInput, Engine, MAX_BATCH, UpdateInput,
    attempt::{Attempt, Step},
    ready::Turn,
};

/// A kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Find,
    Write,
    Create,
    Alone,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] = [Self::Find, Self::Write, Self::Create, Self::Alone];
}

impl Engine {
    /// Composes the next call of what is ready and may go: live first, and of the kinds of calls the one that has gone
    /// without for longest, so that many records that are asked for one by one hold up no batch.
    pub(super) fn compose(&mut self, id: CallId) -> Option<(Call, Vec<AttemptId>)> {
        let priority = Kind::ALL.into_iter().filter_map(|kind| self.first(kind)).min()?.0;
        let first = |kind: &Kind| self.first(*kind).filter(|entry| entry.0 == priority);
        let (place, first) = self
            .kinds
            .iter()
            .enumerate()
            .find_map(|(place, kind)| Some((place, first(kind)?)))?;
        self.kinds[place..].rotate_left(1);
        match self.kinds[Kind::ALL.len() - 1] {
            Kind::Find => Some(self.compose_find(first)),
            Kind::Write => Some(self.compose_update(id, first)),
            Kind::Create => Some(self.compose_create(id, first)),
            Kind::Alone => self.compose_alone(first),
        }
    }

    /// The first of a kind that may go.
    fn first(&self, kind: Kind) -> Option<Turn> {
        let ready = match kind {
            Kind::Find => &self.ready.find,
            Kind::Write => &self.ready.write,
            Kind::Create => &self.ready.create,
            Kind::Alone => &self.ready.alone,
        };
        ready.iter().copied().find(|entry| self.may_go(*entry))
    }

    /// Whether no write is out for the contact that the attempt would write to, or create.
    fn may_go(&self, entry: Turn) -> bool {
        let Some(attempt) = self.attempts.get(&entry.1) else {
            return false;
        };
        match attempt.step {
            Step::Write | Step::Patch => attempt.contact_id().is_none_or(|id| !self.busy.contains(id)),
            Step::Create => attempt
                .address()
                .is_none_or(|address| !self.busy.contains(&address)),
            Step::Find(..) | Step::FindAlone(..) | Step::Read(_) | Step::Done => true,
        }
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
        let limit = |entry: Turn| self.attempts.get(&entry.1).map(|attempt| attempt.batch_limit);
        limit(first) == limit(other)
    }

    fn compose_find(&mut self, first: Turn) -> (Call, Vec<AttemptId>) {
        let limit = self.batch_limit(first);
        let mut addresses: Vec<String> = Vec::new();
        let mut known: BTreeSet<String> = BTreeSet::new();
        let mut chosen = Vec::new();
        for entry in self
            .ready
            .find
            .iter()
            .copied()
            .filter(|entry| self.is_company(first, *entry))
        {
            let wanted = self
                .attempts
                .get(&entry.1)
                .map(wanted_addresses)
                .unwrap_or_default();
            let new = wanted.iter().filter(|address| !known.contains(*address)).count();
            if chosen.len() == limit || addresses.len() + new > MAX_BATCH {
                break;
            }
            addresses.extend(wanted.into_iter().filter(|address| known.insert(address.clone())));
            chosen.push(entry);
        }
        (Call::Find { addresses }, self.take(&chosen))
    }

    fn compose_update(&mut self, CallId(call): CallId, first: Turn) -> (Call, Vec<AttemptId>) {
        let limit = self.batch_limit(first);
        let mut contacts: BTreeSet<&str> = BTreeSet::new();
        let mut chosen = Vec::new();
        for entry in self.ready.write.iter().copied() {
            if chosen.len() == limit {
                break;
            }
            let contact = self.attempts.get(&entry.1).and_then(Attempt::contact_id);
            if self.may_go(entry)
                && self.is_company(first, entry)
                && contact.is_some_and(|contact| contacts.insert(contact))
            {
                chosen.push(entry);
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

    /// One create for each address: a second one would only meet the first.
    fn compose_create(&mut self, CallId(call): CallId, first: Turn) -> (Call, Vec<AttemptId>) {
        let limit = self.batch_limit(first);
        let mut addresses: BTreeSet<String> = BTreeSet::new();
        let mut chosen = Vec::new();
        for entry in self.ready.create.iter().copied() {
            if chosen.len() == limit {
                break;
            }
            let address = self.attempts.get(&entry.1).and_then(Attempt::address);
            if self.may_go(entry)
                && self.is_company(first, entry)
                && address.is_some_and(|address| addresses.insert(address))
            {
                chosen.push(entry);
            }
        }
        let attempts = self.take(&chosen);
        let holder = &self.settings.holder;
        let inputs = attempts.iter().enumerate().filter_map(|(index, id)| {
            let attempt = self.attempts.get_mut(id)?;
            Some(CreateInput {
                address: attempt.address()?,
                properties: attempt.send_all(),
                trace_id: format!("{holder}-{call}-{index}"),
            })
        });
        let inputs = inputs.collect();
        (Call::Create { inputs }, attempts)
    }

    fn compose_alone(&mut self, entry: Turn) -> Option<(Call, Vec<AttemptId>)> {
        let attempts = self.take(&[entry]);
        let attempt = self.attempts.get_mut(&entry.1)?;
        let call = match attempt.step.clone() {
            Step::FindAlone(addresses, _) => Call::FindSingle {
                address: lowercase_address(addresses.first()?),
            },
            Step::Patch => {
                let properties = attempt.send();
                Call::UpdateSingle {
                    contact_id: attempt.contact_id()?.to_owned(),
                    properties,
                }
            }
            Step::Read(_) | Step::Find(..) | Step::Write | Step::Create | Step::Done => Call::Read {
                contact_id: attempt.contact_id()?.to_owned(),
            },
        };
        Some((call, attempts))
    }

    fn take(&mut self, chosen: &[Turn]) -> Vec<AttemptId> {
        for entry in chosen {
            self.ready.remove(*entry);
            if let Some(attempt) = self.attempts.get_mut(&entry.1) {
                attempt.began = true;
            }
        }
        chosen.iter().map(|entry| entry.1).collect()
    }
}

fn wanted_addresses(attempt: &Attempt) -> Vec<String> {
    match &attempt.step {
        Step::Find(addresses, _) => addresses
            .iter()
            .map(|address| lowercase_address(address))
            .collect(),
        _ => Vec::new(),
    }
}
