//! What must be true after every step, and a fingerprint by which equal scenarios are found.

use std::hash::{DefaultHasher, Hash, Hasher};

use contracts::FieldResult;

use super::{super::attempt_results::ACCOUNT, scenario::Scenario, step::Step};
use crate::rules::{Row, results::rechecked_fields};

impl Scenario {
    /// Checks what must be true after every step.
    pub(super) fn check(&self, before: &Row, path: &[Step]) {
        let row = &self.user.row;
        let must = |holds: bool, what: &str| assert!(holds, "{what} after {path:?}: {row:?}");
        must(
            row.version >= before.version && row.generation >= before.generation,
            "version and generation never decrease",
        );
        must(
            row.attempt >= before.attempt,
            "the attempt number never decreases",
        );
        must(
            row.wake_at.is_some() || !row.is_dirty(),
            "a dirty row has a wake-up time",
        );
        must(
            row.due_at().is_some() || row.in_doubt.is_none(),
            "a late-write window has an end",
        );
        for (field, state) in row.fields.iter() {
            must(
                state.resolved_at <= row.generation && state.dirty_since <= row.generation,
                "no field is ahead of the generation",
            );
            must(
                state.result.is_some() || state.is_dirty(),
                "a clean field has a result",
            );
            let value = (field, state.value.clone());
            match state.result {
                Some(FieldResult::Confirmed(_)) => {
                    must(self.accepted.contains(&value), "a confirmed value was written");
                }
                Some(FieldResult::Rejected { .. }) => {
                    must(self.rejected.contains(&value), "a rejected value was rejected");
                }
                _ => {}
            }
        }
        must(
            row.pending_since.is_some() == row.fields.iter().any(|(_, state)| state.is_pending()),
            "pending fields have a time since when",
        );
        let waits = rechecked_fields(row)
            .iter()
            .any(|field| !row.fields[field].is_dirty());
        must(
            !waits || row.recheck_at.is_some(),
            "a problem that may pass is rechecked",
        );
        let newest = self.in_flight.last().map_or(0, |last| last.claim.attempt.get());
        must(
            row.open_attempt.is_none() || newest <= row.attempt,
            "the open attempt is the last one",
        );
        let foreign = row
            .link
            .as_ref()
            .is_some_and(|link| link.account_id != ACCOUNT || link.shared);
        must(!foreign, "the link is of this account and of this user alone");
    }

    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let row = &self.user.row;
        (
            row.version,
            row.generation,
            row.attempt,
            row.wake_at,
            row.recheck_at,
        )
            .hash(&mut hasher);
        (
            row.rechecks,
            row.priority,
            row.failures,
            row.counted_failures,
            &row.holder,
        )
            .hash(&mut hasher);
        for (field, state) in row.fields.iter() {
            (
                field,
                state.changed_in,
                state.dirty_since,
                state.resolved_at,
                state.recorded_at,
            )
                .hash(&mut hasher);
            state
                .result
                .as_ref()
                .map(std::mem::discriminant)
                .hash(&mut hasher);
        }
        row.open_attempt
            .as_ref()
            .map(|open| (open.epoch, open.version, open.generation, open.since))
            .hash(&mut hasher);
        row.in_doubt
            .as_ref()
            .map(|window| (window.from_version, window.until))
            .hash(&mut hasher);
        row.link.as_ref().map(|link| &link.contact_id).hash(&mut hasher);
        (self.user.now, self.user.epoch, &self.contacts).hash(&mut hasher);
        for attempt in &self.in_flight {
            (attempt.claim.attempt, &attempt.holder).hash(&mut hasher);
        }
        let last_report = self.last_report.as_ref();
        last_report
            .map(|(result, holder)| {
                (
                    result.attempt,
                    result.field_results.len(),
                    result.written.is_empty(),
                    holder,
                )
            })
            .hash(&mut hasher);
        hasher.finish()
    }
}
