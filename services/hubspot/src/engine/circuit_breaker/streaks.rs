//! Counts records in a row that fail alike, or whose value of one field is rejected for the same reason. One failure may
//! be the record's fault; twenty in a row are the account's.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{Field, FieldSet, UserId};

use super::HaltCause;
use crate::engine::Check;

/// This many different records in a row that fail alike halt delivery.
pub(super) const EVERY_RECORD: usize = 20;
/// At most about this many kinds of failures are counted at a time.
const MAX_KINDS: usize = 50;
/// At most about this many records are excluded at a time.
const MAX_EXCLUDED: usize = 1_000;

/// What makes failures alike.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum StreakKind {
    /// The value of this field is rejected with this code.
    Rejection(Field, String),
    /// The call that this check belongs to fails, and this may be the cause.
    Failure(Check, HaltCause),
}

impl StreakKind {
    /// Whether it is about a value, such as `INVALID_EMAIL`, which is never the account's fault.
    fn is_about_a_value(&self) -> bool {
        match self {
            Self::Rejection(_, code) => code.starts_with("INVALID_") || code.contains("TOO_LONG"),
            Self::Failure(..) => false,
        }
    }
}

/// Streaks of failures of one kind each, without a success of another record in between.
#[derive(Debug, Default)]
pub(super) struct Streaks {
    by_kind: BTreeMap<StreakKind, BTreeSet<UserId>>,
    /// Records that failed while another one did not, so that they are at fault themselves. They do not count.
    excluded: BTreeSet<UserId>,
}

impl Streaks {
    /// A record failed. Returns the records of the streak once it is long enough.
    pub(super) fn record(&mut self, kind: &StreakKind, user: &UserId) -> Option<BTreeSet<UserId>> {
        if kind.is_about_a_value() || self.excluded.contains(user) {
            return None;
        }
        if self.by_kind.len() > MAX_KINDS {
            self.by_kind.clear();
        }
        let streak = self.by_kind.entry(kind.clone()).or_default();
        streak.insert(user.clone());
        if streak.len() < EVERY_RECORD {
            return None;
        }
        self.by_kind.remove(kind)
    }

    /// A write of these fields succeeded.
    pub(super) fn record_write(&mut self, fields: FieldSet) {
        self.by_kind.retain(|kind, _| match kind {
            StreakKind::Rejection(field, _) | StreakKind::Failure(Check::Property(field), _) => {
                !fields.contains(*field)
            }
            StreakKind::Failure(check, _) => *check != Check::Writes,
        });
    }

    /// A lookup of a record succeeded.
    pub(super) fn record_lookup(&mut self) {
        self.end_failures_of(Check::Lookups);
    }

    /// The failures of calls that this check belongs to have another explanation.
    pub(super) fn end_failures_of(&mut self, check: Check) {
        let is_ended = |kind: &StreakKind| matches!(kind, StreakKind::Failure(of, _) if *of == check);
        self.by_kind.retain(|kind, _| !is_ended(kind));
    }

    /// These records are at fault themselves.
    pub(super) fn exclude(&mut self, users: &BTreeSet<UserId>) {
        if self.excluded.len() > MAX_EXCLUDED {
            self.excluded.clear();
        }
        self.excluded.extend(users.iter().cloned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> UserId {
        format!("u{number}").parse().expect("a valid id")
    }

    const FIELD: Field = Field::LAST_NAME;

    fn rejection(field: Field, code: &str) -> StreakKind {
        StreakKind::Rejection(field, code.to_owned())
    }

    fn record(
        streaks: &mut Streaks,
        kind: &StreakKind,
        users: std::ops::Range<usize>,
    ) -> Option<BTreeSet<UserId>> {
        users.map(|number| streaks.record(kind, &user(number))).last()?
    }

    fn reject(streaks: &mut Streaks, users: std::ops::Range<usize>) -> Option<BTreeSet<UserId>> {
        record(streaks, &rejection(FIELD, "RULE"), users)
    }

    #[test]
    fn twenty_records_are_a_streak_and_one_record_twenty_times_is_not() {
        let mut streaks = Streaks::default();
        for _ in 0..30 {
            assert_eq!(streaks.record(&rejection(FIELD, "RULE"), &user(0)), None);
        }
        assert_eq!(reject(&mut streaks, 1..19), None);
        assert_eq!(
            reject(&mut streaks, 19..20).expect("a streak").len(),
            EVERY_RECORD
        );
    }

    #[test]
    fn only_a_success_of_the_field_ends_its_streak() {
        let mut streaks = Streaks::default();
        reject(&mut streaks, 0..19);
        streaks.record_write(FieldSet::from_iter([Field::EMAIL]));
        assert!(reject(&mut streaks, 19..20).is_some());
        reject(&mut streaks, 0..19);
        streaks.record_write(FieldSet::from_iter([FIELD, Field::EMAIL]));
        assert_eq!(reject(&mut streaks, 19..20), None);
    }

    #[test]
    fn each_field_and_reason_has_a_streak_of_its_own() {
        let mut streaks = Streaks::default();
        reject(&mut streaks, 0..19);
        assert_eq!(streaks.record(&rejection(FIELD, "OTHER"), &user(19)), None);
        assert_eq!(
            streaks.record(&rejection(Field::FIRST_NAME, "RULE"), &user(19)),
            None
        );
    }

    #[test]
    fn twenty_failures_of_one_kind_are_ended_by_a_success_of_that_kind() {
        let writes = StreakKind::Failure(Check::Writes, HaltCause::Outage);
        let lookups = StreakKind::Failure(Check::Lookups, HaltCause::Outage);
        let mut streaks = Streaks::default();
        record(&mut streaks, &writes, 0..19);
        record(&mut streaks, &lookups, 0..19);
        streaks.record_lookup();
        assert_eq!(record(&mut streaks, &lookups, 19..20), None);
        assert!(record(&mut streaks, &writes, 19..20).is_some());
        record(&mut streaks, &writes, 0..19);
        streaks.record_write(FieldSet::EMPTY);
        assert_eq!(record(&mut streaks, &writes, 19..20), None);
    }

    #[test]
    fn rejected_values_are_never_the_accounts_fault() {
        let mut streaks = Streaks::default();
        let kind = rejection(Field::EMAIL, "INVALID_EMAIL");
        assert_eq!(record(&mut streaks, &kind, 0..100), None);
    }

    #[test]
    fn excluded_records_do_not_count() {
        let mut streaks = Streaks::default();
        let every_record = reject(&mut streaks, 0..20).expect("a streak");
        streaks.exclude(&every_record);
        streaks.exclude(&BTreeSet::from([user(100)]));
        assert_eq!(reject(&mut streaks, 0..20), None, "all of them are known still");
        assert_eq!(reject(&mut streaks, 20..39), None);
        assert!(reject(&mut streaks, 39..40).is_some());
    }

    #[test]
    fn memory_is_bounded() {
        let mut streaks = Streaks::default();
        for first in (0..5_000).step_by(7) {
            streaks.exclude(&(first..first + 7).map(user).collect());
            assert!(streaks.excluded.len() <= MAX_EXCLUDED + 7);
            streaks.record(&rejection(FIELD, &format!("RULE_{first}")), &user(9_000));
            assert!(streaks.by_kind.len() <= MAX_KINDS + 1);
        }
    }
}
