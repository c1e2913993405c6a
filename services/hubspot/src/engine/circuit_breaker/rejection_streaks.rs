//! Counts records in a row whose value of one field is rejected for the same reason. One rejection may be the record's
//! fault; twenty in a row are the account's.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{Field, FieldSet, UserId};

/// This many different records in a row, rejected alike, halt delivery.
pub(super) const EVERY_RECORD: usize = 20;
/// At most about this many kinds of rejections are counted at a time.
const MAX_KINDS: usize = 50;
/// At most about this many records are excluded at a time.
const MAX_EXCLUDED: usize = 1_000;

/// Streaks of rejections, each of one field and for one reason, without a success of that field in between.
#[derive(Debug, Default)]
pub(super) struct RejectionStreaks {
    by_kind: BTreeMap<(Field, String), BTreeSet<UserId>>,
    /// Records that were rejected while another one was not, so that they are at fault themselves. They do not count.
    excluded: BTreeSet<UserId>,
}

impl RejectionStreaks {
    /// A record's field was rejected. Returns the records of the streak once it is long enough.
    pub(super) fn record_rejection(
        &mut self,
        field: Field,
        code: &str,
        user: &UserId,
    ) -> Option<BTreeSet<UserId>> {
        if is_about_a_value(code) || self.excluded.contains(user) {
            return None;
        }
        if self.by_kind.len() > MAX_KINDS {
            self.by_kind.clear();
        }
        let streak = self.by_kind.entry((field, code.to_owned())).or_default();
        streak.insert(user.clone());
        if streak.len() < EVERY_RECORD {
            return None;
        }
        self.by_kind.remove(&(field, code.to_owned()))
    }

    /// A write of these fields succeeded.
    pub(super) fn record_success(&mut self, fields: FieldSet) {
        self.by_kind.retain(|(field, _), _| !fields.contains(*field));
    }

    /// These records are at fault themselves.
    pub(super) fn exclude(&mut self, users: &BTreeSet<UserId>) {
        if self.excluded.len() > MAX_EXCLUDED {
            self.excluded.clear();
        }
        self.excluded.extend(users.iter().cloned());
    }
}

/// Whether a rejection is about a value, such as `INVALID_EMAIL`, which is never the account's fault.
fn is_about_a_value(code: &str) -> bool {
    code.starts_with("INVALID_") || code.contains("TOO_LONG")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> UserId {
        format!("u{number}").parse().expect("a valid id")
    }

    const FIELD: Field = Field::LAST_NAME;

    fn reject(streaks: &mut RejectionStreaks, users: std::ops::Range<usize>) -> Option<BTreeSet<UserId>> {
        users
            .map(|number| streaks.record_rejection(FIELD, "RULE", &user(number)))
            .last()?
    }

    #[test]
    fn twenty_records_are_a_streak_and_one_record_twenty_times_is_not() {
        let mut streaks = RejectionStreaks::default();
        for _ in 0..30 {
            assert_eq!(streaks.record_rejection(FIELD, "RULE", &user(0)), None);
        }
        assert_eq!(reject(&mut streaks, 1..19), None);
        assert_eq!(
            reject(&mut streaks, 19..20).expect("a streak").len(),
            EVERY_RECORD
        );
    }

    #[test]
    fn only_a_success_of_the_field_ends_its_streak() {
        let mut streaks = RejectionStreaks::default();
        reject(&mut streaks, 0..19);
        streaks.record_success(FieldSet::from_iter([Field::EMAIL]));
        assert!(reject(&mut streaks, 19..20).is_some());
        reject(&mut streaks, 0..19);
        streaks.record_success(FieldSet::from_iter([FIELD, Field::EMAIL]));
        assert_eq!(reject(&mut streaks, 19..20), None);
    }

    #[test]
    fn each_field_and_reason_has_a_streak_of_its_own() {
        let mut streaks = RejectionStreaks::default();
        reject(&mut streaks, 0..19);
        assert_eq!(streaks.record_rejection(FIELD, "OTHER", &user(19)), None);
        assert_eq!(
            streaks.record_rejection(Field::FIRST_NAME, "RULE", &user(19)),
            None
        );
    }

    #[test]
    fn rejected_values_are_never_the_accounts_fault() {
        let mut streaks = RejectionStreaks::default();
        for number in 0..100 {
            assert_eq!(
                streaks.record_rejection(Field::EMAIL, "INVALID_EMAIL", &user(number)),
                None
            );
        }
    }

    #[test]
    fn excluded_records_do_not_count() {
        let mut streaks = RejectionStreaks::default();
        let every_record = reject(&mut streaks, 0..20).expect("a streak");
        streaks.exclude(&every_record);
        streaks.exclude(&BTreeSet::from([user(100)]));
        assert_eq!(reject(&mut streaks, 0..20), None, "all of them are known still");
        assert_eq!(reject(&mut streaks, 20..39), None);
        assert!(reject(&mut streaks, 39..40).is_some());
    }

    #[test]
    fn memory_is_bounded() {
        let mut streaks = RejectionStreaks::default();
        for first in (0..5_000).step_by(7) {
            streaks.exclude(&(first..first + 7).map(user).collect());
            assert!(streaks.excluded.len() <= MAX_EXCLUDED + 7);
            streaks.record_rejection(FIELD, &format!("RULE_{first}"), &user(9_000));
            assert!(streaks.by_kind.len() <= MAX_KINDS + 1);
        }
    }
}
