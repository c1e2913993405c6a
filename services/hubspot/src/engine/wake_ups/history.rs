//! What a user's earlier attempts mean for its next one: smaller batches, and whether a failure counts.

use crate::engine::{MAX_BATCH, circuit_breaker::FailureScope};

/// The maximum number of links that a user may be led through without a pause: found, moved by a merge, followed.
const MAX_LINKS: u32 = 3;

/// The history of a user since it was last clean.
#[derive(Debug)]
pub(super) struct History {
    /// The maximum number of records in a batch with this user; smaller after a batch with it failed.
    pub(super) batch_limit: usize,
    /// How many writes of this worker had succeeded when this record last failed alone. Its own writes are left out.
    failed_after: Option<u64>,
    /// How many attempts in a row brought nothing but another link.
    links: u32,
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
    /// The user's own write must not make its own failures count: only writes of other users show that HubSpot works.
    pub(super) fn record_own_write(&mut self) {
        self.failed_after = self.failed_after.map(|writes| writes + 1);
    }

    /// An attempt ended after `writes` successful writes of this worker.
    pub(super) fn record_end(
        &mut self,
        writes: u64,
        only_links: bool,
        failure: Option<FailureScope>,
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
            Some(FailureScope::Record)
        } else {
            failure
        };
        let mut is_counted = false;
        match failure {
            None => {
                self.failed_after = None;
                self.batch_limit = MAX_BATCH;
            }
            Some(FailureScope::Account) => {}
            Some(FailureScope::Record) => {
                // Only a record that keeps failing while others succeed is at fault itself.
                is_counted = self.failed_after.is_some_and(|earlier| writes > earlier);
                self.failed_after = Some(writes);
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

    const RECORD: Option<FailureScope> = Some(FailureScope::Record);

    #[test]
    fn a_failure_counts_if_another_user_was_written_since_the_last_one() {
        let mut history = History::default();
        assert!(!history.record_end(7, false, RECORD).is_counted, "the first");
        assert!(!history.record_end(7, false, RECORD).is_counted, "none since");
        assert!(history.record_end(8, false, RECORD).is_counted);
    }

    #[test]
    fn a_users_own_write_does_not_make_its_failure_count() {
        let mut history = History::default();
        history.record_end(7, false, RECORD);
        history.record_own_write();
        assert!(!history.record_end(8, false, RECORD).is_counted);
    }

    #[test]
    fn a_failure_of_the_account_leaves_the_history_as_it_is() {
        let mut history = History::default();
        history.record_end(7, false, RECORD);
        history.record_end(8, false, Some(FailureScope::Account));
        assert!(history.record_end(8, false, RECORD).is_counted);
    }

    #[test]
    fn the_fourth_link_in_a_row_is_one_too_many() {
        let mut history = History::default();
        for _ in 0..3 {
            assert_eq!(history.record_end(0, true, None), Recorded::default());
        }
        assert!(history.record_end(0, true, None).has_too_many_links);
    }
}
