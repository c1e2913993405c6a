//! What must hold after every step, and when two worlds are the same.

use std::hash::{DefaultHasher, Hash, Hasher};

use contracts::Outcome;

use super::{super::verdicts::ACCOUNT, step::Step, world::World};
use crate::rules::{Row, outcome::rechecked_fields};

impl World {
    /// What must hold after every step.
    pub(super) fn check(&self, before: &Row, path: &[Step]) {
        let row = &self.desk.row;
        let must = |holds: bool, what: &str| assert!(holds, "{what} after {path:?}: {row:?}");
        must(
            row.version >= before.version && row.turn >= before.turn,
            "counts go forward",
        );
        must(row.attempt >= before.attempt, "attempts go forward");
        must(
            row.wake_at.is_some() || !row.is_unsettled(),
            "what is owed has a wake-up",
        );
        must(
            row.due_at().is_some() || row.doubt.is_none(),
            "a doubt has its end",
        );
        for (field, state) in row.fields.iter() {
            must(
                state.settled <= row.turn && state.owed <= row.turn,
                "no field is ahead of its turn",
            );
            must(
                state.outcome.is_some() || state.is_owed(),
                "what is settled has an outcome",
            );
            let value = (field, state.value.clone());
            match state.outcome {
                Some(Outcome::Confirmed) => must(self.taken.contains(&value), "what is confirmed was taken"),
                Some(Outcome::Refused { .. }) => must(self.refused.contains(&value), "what is refused was"),
                _ => {}
            }
        }
        must(
            row.pending_since.is_some() == row.fields.iter().any(|(_, state)| state.is_pending()),
            "what is pending is so since some time",
        );
        let waits = rechecked_fields(row)
            .iter()
            .any(|field| !row.fields[field].is_owed());
        must(
            !waits || row.recheck_at.is_some(),
            "what time may mend is rechecked",
        );
        let newest = self.out.last().map_or(0, |out| out.claim.attempt.get());
        must(
            row.open.is_none() || newest <= row.attempt,
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
        (row.version, row.turn, row.attempt, row.wake_at, row.recheck_at).hash(&mut hasher);
        (row.rechecks, row.lane, row.failures, row.charges, &row.holder).hash(&mut hasher);
        for (field, state) in row.fields.iter() {
            (field, state.touched, state.owed, state.settled, state.settled_at).hash(&mut hasher);
            state
                .outcome
                .as_ref()
                .map(std::mem::discriminant)
                .hash(&mut hasher);
        }
        row.open
            .as_ref()
            .map(|open| (open.epoch, open.version, open.turn, open.since))
            .hash(&mut hasher);
        row.doubt
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
                verdict.outcomes.len(),
                verdict.written.is_empty(),
                holder,
            )
        })
        .hash(&mut hasher);
        hasher.finish()
    }
}
