//! The changes that were accepted, by what makes them recognizable when they are sent again. They are kept apart from the rows.

use std::collections::HashMap;

use contracts::{UpdateUser, Values};
use user::rules::UnixMs;

/// How long a key is remembered.
const DAY: UnixMs = 24 * 3_600_000;

/// What was answered to a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// The version of the user after it.
    pub(crate) version: u64,
    /// Whether it made that version.
    pub(crate) changed: bool,
}

/// What a repeat of a change may be answered with. There are several if a fail-over lost the change, and a repeat that was never
/// answered may have been carried out as a new change.
pub(crate) type PossibleOutcomes = Vec<Outcome>;

/// The accepted changes of all users.
#[derive(Debug, Default)]
pub(crate) struct AcceptedChanges {
    by_key: HashMap<(usize, String), KeyedChange>,
    by_number: HashMap<(usize, u64), NumberedChange>,
}

#[derive(Debug)]
struct KeyedChange {
    fields: Values,
    outcomes: PossibleOutcomes,
    accepted_at: UnixMs,
    /// Whether no fail-over may have lost it since.
    is_kept: bool,
}

#[derive(Debug)]
struct NumberedChange {
    outcomes: PossibleOutcomes,
    /// By how much the service's clock had stepped.
    skew: i64,
    /// Whether no fail-over may have lost it since.
    is_kept: bool,
}

impl AcceptedChanges {
    /// The outcomes of the same change when it was accepted before, and whether it has to be recognized; none if it is a new one.
    ///
    /// A second try is not recognized for certain if the clock has stepped since the first one. One that changed nothing is no repeat:
    /// to carry out its second try is to carry it out once.
    pub(crate) fn find(
        &self,
        user: usize,
        update: &UpdateUser,
        now: UnixMs,
        skew: i64,
    ) -> Option<(PossibleOutcomes, bool)> {
        if let Some(key) = &update.idempotency_key {
            let known = self.by_key.get(&(user, key.clone()))?;
            let is_valid = now < known.accepted_at + DAY && known.fields == update.fields;
            return is_valid.then(|| (known.outcomes.clone(), known.is_kept));
        }
        let number = update.sender_try?.number;
        let known = self.by_number.get(&(user, number))?;
        let is_certain = known.skew == skew && known.is_kept;
        let has_changed = known.outcomes.iter().any(|outcome| outcome.changed);
        has_changed.then(|| (known.outcomes.clone(), is_certain))
    }

    /// A repeat was not answered. It may have been carried out as a new change, with this outcome.
    pub(crate) fn add_possible(&mut self, user: usize, update: &UpdateUser, outcome: Outcome) {
        let outcomes = if let Some(key) = update.idempotency_key.clone() {
            self.by_key.get_mut(&(user, key)).map(|known| &mut known.outcomes)
        } else {
            let number = update.sender_try.map(|sent| sent.number);
            let known = number.and_then(|number| self.by_number.get_mut(&(user, number)));
            known.map(|known| &mut known.outcomes)
        };
        if let Some(outcomes) = outcomes.filter(|outcomes| !outcomes.contains(&outcome)) {
            outcomes.push(outcome);
        }
    }

    /// How many keys of a user are stored for certain.
    pub(crate) fn keys_of(&self, user: usize, now: UnixMs) -> u64 {
        let own = self.by_key.iter().filter(|((owner, _), _)| *owner == user);
        let kept = own.filter(|(_, known)| known.is_kept && now < known.accepted_at + DAY);
        kept.count() as u64
    }

    /// A fail-over may have lost any of them, or what made them recognizable.
    pub(crate) fn handle_fail_over(&mut self) {
        self.by_key.values_mut().for_each(|known| known.is_kept = false);
        self.by_number
            .values_mut()
            .for_each(|known| known.is_kept = false);
    }

    /// Remembers a change that was carried out.
    pub(crate) fn add(&mut self, user: usize, update: &UpdateUser, outcome: Outcome, now: UnixMs, skew: i64) {
        if let Some(key) = update.idempotency_key.clone() {
            let known = KeyedChange {
                fields: update.fields.clone(),
                outcomes: vec![outcome],
                accepted_at: now,
                is_kept: true,
            };
            self.by_key.insert((user, key), known);
        } else if let Some(sent) = update.sender_try {
            let known = NumberedChange {
                outcomes: vec![outcome],
                skew,
                is_kept: true,
            };
            self.by_number.insert((user, sent.number), known);
        }
    }
}
