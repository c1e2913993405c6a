//! What must hold after every step, and when two worlds are the same.

use std::hash::{DefaultHasher, Hash, Hasher};

use contracts::FieldResult;

use super::{super::verdicts::ACCOUNT, step::Step, world::World};
use crate::rules::{Row, results::rechecked_fields};

impl World {
    /// What must hold after every step.
    pub(super) fn check(&self, before: &Row, path: &[Step]) {
        let row = &self.desk.row;
        let must = |holds: bool, what: &str| assert!(holds, "{what} after {path:?}: {row:?}");
        must(
            row.version >= before.version && row.generation >= before.generation,
            "counts go forward",
        );
        must(row.attempt >= before.attempt, "attempts go forward");
        must(
            row.wake_at.is_some() || !row.is_dirty(),
            "what is owed has a wake-up",
        );
        must(
            row.due_at().is_some() || row.in_doubt.is_none(),
            "a doubt has its end",
        );
        for (field, state) in row.fields.iter() {
            must(
                state.resolved_at <= row.generation && state.dirty_since <= row.generation,
                "no field is ahead of its turn",
            );
            must(
                state.result.is_some() || state.is_dirty(),
                "what is settled has an outcome",
            );
            let value = (field, state.value.clone());
            match state.result {
                Some(FieldResult::Confirmed) => {
                    must(self.taken.contains(&value), "what is confirmed was taken");
                }
                Some(FieldResult::Rejected { .. }) => {
                    must(self.refused.contains(&value), "what is refused was");
                }
                _ => {}
            }
        }
        must(
            row.pending_since.is_some() == row.fields.iter().any(|(_, state)| state.is_pending()),
            "what is pending is so since some time",
        );
        let waits = rechecked_fields(row)
            .iter()
            .any(|field| !row.fields[field].is_dirty());
        must(
            !waits || row.recheck_at.is_some(),
            "what time may mend is rechecked",
        );
        let newest = self.out.last().map_or(0, |out| out.claim.attempt.get());
        must(
            row.open_attempt.is_none() || newest <= row.attempt,
            "the open attempt is the last one",
        );
        let foreign = row
            .link
            .as_ref()
            .is_some_and(|link| link.account_id != ACCOUNT || link.shared);
        must(!foreign, "the link is this account's and this user's");
    }

    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let row = &self.desk.row;
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
            .map(|doubt| (doubt.from_version, doubt.until))
            .hash(&mut hasher);
        row.link.as_ref().map(|link| &link.contact_id).hash(&mut hasher);
        (self.desk.now, self.desk.epoch, &self.hubspot).hash(&mut hasher);
        for out in &self.out {
            (out.claim.attempt, &out.holder).hash(&mut hasher);
        }
        let said = self.said.as_ref();
        said.map(|(verdict, holder)| {
            (
                verdict.attempt,
                verdict.field_results.len(),
                verdict.written.is_empty(),
                holder,
            )
        })
        .hash(&mut hasher);
        hasher.finish()
    }
}
