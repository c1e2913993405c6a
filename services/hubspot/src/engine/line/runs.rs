//! The same refusal for different records running: once may be the record's fault, twenty times is the account's.

use std::collections::{BTreeMap, BTreeSet};

use contracts::{Field, FieldSet, UserId};

/// So many records running that are refused alike stop the line.
pub(super) const EVERYONE: usize = 20;
/// No more kinds of refusals are counted at once.
const KINDS: usize = 50;
/// No more records are remembered to be guilty themselves.
const GUILTY: usize = 1_000;

/// Runs of refusals, each of one field and for one reason, with no success of that field in between.
#[derive(Debug, Default)]
pub(super) struct RejectionStreaks {
    by_kind: BTreeMap<(Field, String), BTreeSet<UserId>>,
    /// Records that were refused while another one was not: they do not count again.
    guilty: BTreeSet<UserId>,
}

impl RejectionStreaks {
    /// A record's field was refused. Returns the records of the run if that makes it everyone.
    pub(super) fn record_rejection(
        &mut self,
        field: Field,
        code: &str,
        user: &UserId,
    ) -> Option<BTreeSet<UserId>> {
        if is_about_a_value(code) || self.guilty.contains(user) {
            return None;
        }
        if self.by_kind.len() > KINDS {
            self.by_kind.clear();
        }
        let run = self.by_kind.entry((field, code.to_owned())).or_default();
        run.insert(user.clone());
        if run.len() < EVERYONE {
            return None;
        }
        self.by_kind.remove(&(field, code.to_owned()))
    }

    /// A write of these fields succeeded.
    pub(super) fn record_success(&mut self, fields: FieldSet) {
        self.by_kind.retain(|(field, _), _| !fields.contains(*field));
    }

    /// Those are guilty themselves.
    pub(super) fn exclude(&mut self, users: &BTreeSet<UserId>) {
        if self.guilty.len() > GUILTY {
            self.guilty.clear();
        }
        self.guilty.extend(users.iter().cloned());
    }
}

/// Whether a refusal is about a value, such as `INVALID_EMAIL`, which is never the account's fault.
fn is_about_a_value(code: &str) -> bool {
    code.starts_with("INVALID_") || code.contains("TOO_LONG")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(number: usize) -> UserId {
        format!("u{number}").parse().expect("a valid id")
    }

    const FIELD: Field = Field::LastName;

    fn refuse(runs: &mut RejectionStreaks, users: std::ops::Range<usize>) -> Option<BTreeSet<UserId>> {
        users
            .map(|number| runs.record_rejection(FIELD, "RULE", &user(number)))
            .last()?
    }

    #[test]
    fn twenty_different_records_are_everyone_and_one_record_twenty_times_is_not() {
        let mut runs = RejectionStreaks::default();
        for _ in 0..30 {
            assert_eq!(runs.record_rejection(FIELD, "RULE", &user(0)), None);
        }
        assert_eq!(refuse(&mut runs, 1..19), None);
        assert_eq!(refuse(&mut runs, 19..20).expect("everyone").len(), EVERYONE);
    }

    #[test]
    fn a_success_of_the_field_ends_a_run_and_one_of_another_field_does_not() {
        let mut runs = RejectionStreaks::default();
        refuse(&mut runs, 0..19);
        runs.record_success(FieldSet::from_iter([Field::Email]));
        assert!(refuse(&mut runs, 19..20).is_some());
        refuse(&mut runs, 0..19);
        runs.record_success(FieldSet::from_iter([FIELD, Field::Email]));
        assert_eq!(refuse(&mut runs, 19..20), None);
    }

    #[test]
    fn fields_and_reasons_are_counted_apart() {
        let mut runs = RejectionStreaks::default();
        refuse(&mut runs, 0..19);
        assert_eq!(runs.record_rejection(FIELD, "OTHER", &user(19)), None);
        assert_eq!(runs.record_rejection(Field::FirstName, "RULE", &user(19)), None);
    }

    #[test]
    fn refused_values_are_never_everyones_fault() {
        let mut runs = RejectionStreaks::default();
        for number in 0..100 {
            assert_eq!(
                runs.record_rejection(Field::Email, "INVALID_EMAIL", &user(number)),
                None
            );
        }
    }

    #[test]
    fn records_that_are_guilty_themselves_do_not_count_again() {
        let mut runs = RejectionStreaks::default();
        let everyone = refuse(&mut runs, 0..20).expect("everyone");
        runs.exclude(&everyone);
        runs.exclude(&BTreeSet::from([user(100)]));
        assert_eq!(refuse(&mut runs, 0..20), None, "all of them are known still");
        assert_eq!(refuse(&mut runs, 20..39), None);
        assert!(refuse(&mut runs, 39..40).is_some());
    }

    #[test]
    fn no_more_than_so_many_are_remembered() {
        let mut runs = RejectionStreaks::default();
        for first in (0..5_000).step_by(7) {
            runs.exclude(&(first..first + 7).map(user).collect());
            assert!(runs.guilty.len() <= GUILTY + 7);
            runs.record_rejection(FIELD, &format!("RULE_{first}"), &user(9_000));
            assert!(runs.by_kind.len() <= KINDS + 1);
        }
    }
}
