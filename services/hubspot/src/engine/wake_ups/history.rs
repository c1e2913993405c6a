//! What a user's earlier attempts mean for its next one: smaller batches, and whether a failure counts.

use crate::engine::{Check, MAX_BATCH, circuit_breaker::FailureScope};

/// The maximum number of links that a user may be led through without a pause: found, moved by a merge, followed.
const MAX_LINKS: u32 = 3;

/// The history of a user since it was last clean.
#[derive(Debug)]
pub(super) struct History {
    /// The maximum number of records in a batch with this user; smaller after a batch with it failed.
    pub(super) batch_limit: usize,
    /// What had shown that HubSpot works when this record last failed alone.
    failed_after: Option<Proofs>,
    /// How many attempts in a row brought nothing but another link.
    links: u32,
}

/// What has shown that HubSpot works, since this worker's start. A lookup proves nothing about writes, nor a write about
/// lookups.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Proofs {
    /// How many writes of records that had not failed, and checks of writes, have succeeded.
    pub(super) writes: u64,
    /// How many checks of lookups have succeeded.
    pub(super) lookups: u64,
}

impl Proofs {
    /// How many there are of the kind that this check belongs to.
    fn of(self, check: Check) -> u64 {
        match check {
            Check::Writes | Check::Property(_) => self.writes,
            Check::Lookups => self.lookups,
        }
    }
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EndedIn {
    pub(crate) scope: FailureScope,
    /// The check of the same kind as the call that failed.
    pub(crate) check: Check,
}

/// What follows from the end of an attempt.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// Whether the failure counts against the record.
    pub(crate) is_counted: bool,
    /// Whether each contact that was found led to another one, so that the next attempt has to wait.
    pub(crate) has_too_many_links: bool,
}

impl Default for History {
    fn default() -> Self {
        Self {
            batch_limit: MAX_BATCH,
            failed_after: None,
            links: 0,
        }
    }
}

impl History {
    /// Whether the record has failed alone and has not succeeded since. Its writes prove nothing about other records.
    pub(super) fn has_failed(&self) -> bool {
        self.failed_after.is_some()
    }

    /// An attempt ended. `proofs` is what this worker has seen so far.
    pub(super) fn record_end(
        &mut self,
        proofs: Proofs,
        only_links: bool,
        failure: Option<EndedIn>,
    ) -> Recorded {
        let mut has_too_many_links = false;
        if only_links {
            self.links += 1;
            has_too_many_links = self.links > MAX_LINKS;
        } else if failure.is_none() {
            self.links = 0;
        }
        // The endless chain of links is a failure of this record.
        let failure = if has_too_many_links {
            Some(EndedIn {
                scope: FailureScope::Record,
                check: Check::Writes,
            })
        } else {
            failure
        };
        let mut is_counted = false;
        match failure {
            None => {
                self.failed_after = None;
                self.batch_limit = MAX_BATCH;
            }
            Some(EndedIn {
                scope: FailureScope::Account,
                ..
            }) => {}
            Some(EndedIn {
                scope: FailureScope::Record,
                check,
            }) => {
                // Only a record that keeps failing while others, or a check, succeed is at fault itself.
                let is_proven = |earlier: Proofs| proofs.of(check) > earlier.of(check);
                is_counted = self.failed_after.is_some_and(is_proven);
                self.failed_after = Some(proofs);
            }
        }
        Recorded {
            is_counted,
            has_too_many_links,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(scope: FailureScope, check: Check) -> EndedIn {
        EndedIn { scope, check }
    }

    fn proofs(writes: u64, lookups: u64) -> Proofs {
        Proofs { writes, lookups }
    }

    fn fails_after(history: &mut History, writes: u64) -> bool {
        let failure = failure(FailureScope::Record, Check::Writes);
        history
            .record_end(proofs(writes, 0), false, Some(failure))
            .is_counted
    }

    #[test]
    fn a_failure_counts_if_there_is_a_proof_since_the_last_one() {
        let mut history = History::default();
        assert!(!fails_after(&mut history, 7), "the first");
        assert!(!fails_after(&mut history, 7), "none since");
        assert!(fails_after(&mut history, 8));
    }

    #[test]
    fn a_proof_of_another_kind_does_not_make_a_failure_count() {
        for (check, of_same_kind, of_other_kind) in [
            (Check::Writes, proofs(1, 0), proofs(0, 1)),
            (Check::Lookups, proofs(0, 1), proofs(1, 0)),
        ] {
            for (proofs, is_counted) in [(of_same_kind, true), (of_other_kind, false)] {
                let mut history = History::default();
                history.record_end(
                    Proofs::default(),
                    false,
                    Some(failure(FailureScope::Record, check)),
                );
                let recorded = history.record_end(proofs, false, Some(failure(FailureScope::Record, check)));
                assert_eq!(recorded.is_counted, is_counted, "{check:?} {proofs:?}");
            }
        }
    }

    #[test]
    fn a_failure_of_the_account_leaves_the_history_as_it_is() {
        let mut history = History::default();
        fails_after(&mut history, 7);
        history.record_end(
            proofs(8, 0),
            false,
            Some(failure(FailureScope::Account, Check::Writes)),
        );
        assert!(fails_after(&mut history, 8));
    }

    #[test]
    fn a_record_has_failed_until_an_attempt_succeeds() {
        let mut history = History::default();
        assert!(!history.has_failed());
        fails_after(&mut history, 7);
        assert!(history.has_failed());
        history.record_end(proofs(7, 0), false, None);
        assert!(!history.has_failed());
    }

    #[test]
    fn the_fourth_link_in_a_row_is_one_too_many() {
        let mut history = History::default();
        for _ in 0..3 {
            assert_eq!(
                history.record_end(Proofs::default(), true, None),
                Recorded::default()
            );
        }
        assert!(
            history
                .record_end(Proofs::default(), true, None)
                .has_too_many_links
        );
    }
}
