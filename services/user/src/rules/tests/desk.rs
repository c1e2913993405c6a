//! One row, its clock and the steps that a test takes with it.

use contracts::{AttemptResult, Claim, Field, Priority, Receipt, UpdateForm, UserId, Values};

use super::verdicts::{ACCOUNT, done, found};
use crate::rules::{self, Change, ChangeError, Changed, Claimed, Effects, Row, RuleTiming, UnixMs};

pub(super) const SECOND: UnixMs = 1_000;
pub(super) const HOLDER: &str = "worker-a";

#[derive(Clone)]
pub(super) struct Desk {
    pub(super) row: Row,
    pub(super) now: UnixMs,
    pub(super) terms: RuleTiming,
    pub(super) epoch: u64,
    pub(super) holder: String,
    pub(super) others: Vec<UserId>,
}

pub(super) fn values<const N: usize>(given: [(Field, &str); N]) -> Values {
    given
        .into_iter()
        .map(|(field, value)| (field, Some(value.to_owned())))
        .collect()
}

/// An address for the address, and for any other field its name.
fn first_value(field: Field) -> &'static str {
    if field == Field::EMAIL {
        "ada@example.com"
    } else {
        field.name()
    }
}

impl Desk {
    /// A user nobody has heard of.
    pub(super) fn empty() -> Self {
        Self {
            row: Row::new("u1".parse().unwrap()),
            now: 1_000_000,
            terms: RuleTiming::default(),
            epoch: 1,
            holder: HOLDER.to_owned(),
            others: Vec::new(),
        }
    }

    /// A user with every field, at version 1.
    pub(super) fn new() -> Self {
        let mut desk = Self::empty();
        let fields = Field::ALL.map(|field| (field, Some(first_value(field).to_owned())));
        desk.give(UpdateForm::MergePatch, &fields.into());
        desk
    }

    /// A user whose every field HubSpot holds, linked to contact `c1`.
    pub(super) fn settled() -> Self {
        let mut desk = Self::new();
        let claim = desk.claim();
        desk.record(found(&claim, "c1", contracts::LinkOrigin::PrimaryAddress));
        let claim = desk.claim();
        desk.record(done(&claim));
        assert!(!desk.row.is_dirty());
        desk
    }

    pub(super) fn try_change(&mut self, change: &Change<'_>) -> Result<Changed, ChangeError> {
        rules::accept_change(&mut self.row, change, self.now, &self.terms)
    }

    pub(super) fn change_as<const N: usize>(
        &mut self,
        form: UpdateForm,
        given: [(Field, &str); N],
    ) -> Changed {
        self.give(form, &values(given))
    }

    fn give(&mut self, form: UpdateForm, fields: &Values) -> Changed {
        let change = Change {
            form,
            fields,
            if_match: None,
            key: None,
        };
        self.try_change(&change).unwrap()
    }

    /// A merge patch.
    pub(super) fn change<const N: usize>(&mut self, given: [(Field, &str); N]) -> Changed {
        self.change_as(UpdateForm::MergePatch, given)
    }

    pub(super) fn try_claim(&mut self) -> Claimed {
        rules::claim(
            &mut self.row,
            &self.holder,
            self.epoch,
            ACCOUNT,
            self.now,
            &self.terms,
        )
    }

    pub(super) fn claim(&mut self) -> Claim {
        match self.try_claim() {
            Claimed::Given(claim) => *claim,
            other => panic!("not given: {other:?}"),
        }
    }

    pub(super) fn record(&mut self, verdict: AttemptResult) -> Effects {
        let others = self.others.clone();
        rules::report_result(
            &mut self.row,
            &self.holder,
            verdict,
            others,
            self.now,
            &self.terms,
        )
    }

    pub(super) fn sweep(&mut self) -> Option<Priority> {
        rules::handle_due(&mut self.row, self.now, &self.terms)
    }

    /// Lets time pass, sweeping at its end.
    pub(super) fn later(&mut self, by: UnixMs) -> Option<Priority> {
        self.now += by;
        self.sweep()
    }

    pub(super) fn receipt(&self, version: u64) -> Receipt {
        rules::receipt(&self.row, version).unwrap()
    }
}
