//! The row of one user, with a clock and a worker.

use contracts::{AttemptResult, Claim, Field, FieldDefinitions, Priority, Receipt, UpdateForm, Values};

use super::attempt_results::{ACCOUNT, all_confirmed, contact_found};
use crate::rules::{self, Change, ChangeError, Changed, Claimed, Effects, Row, RuleTiming, UnixMs};

pub(super) const SECOND: UnixMs = 1_000;
pub(super) const HOLDER: &str = "worker-a";

/// A user whose row a test changes by the rules.
#[derive(Clone)]
pub(super) struct TestUser {
    pub(super) row: Row,
    pub(super) now: UnixMs,
    pub(super) timing: RuleTiming,
    pub(super) fields: &'static FieldDefinitions,
    /// The version floor.
    pub(super) floor: u64,
    /// The lease under which the user is claimed.
    pub(super) epoch: u64,
    pub(super) holder: String,
    /// The other users that are linked to a contact which is reported.
    pub(super) others: Vec<Row>,
    /// Until when HubSpot may apply a call of another user to the contact.
    pub(super) late_write_until: Option<UnixMs>,
}

pub(super) fn values<const N: usize>(given: [(Field, &str); N]) -> Values {
    given
        .into_iter()
        .map(|(field, value)| (field, Some(value.into())))
        .collect()
}

/// An address for the e-mail field, and the field's own name for the others.
fn first_value(field: Field) -> &'static str {
    if field == Field::EMAIL {
        "ada@example.com"
    } else {
        field.name()
    }
}

impl TestUser {
    /// A user that does not exist yet.
    pub(super) fn not_created() -> Self {
        Self {
            row: Row::new("u1".parse().unwrap()),
            now: 1_000_000,
            timing: RuleTiming::default(),
            fields: FieldDefinitions::built_in(),
            floor: 0,
            epoch: 1,
            holder: HOLDER.to_owned(),
            others: Vec::new(),
            late_write_until: None,
        }
    }

    /// A user with every field, at version 1.
    pub(super) fn created() -> Self {
        let mut user = Self::not_created();
        let fields = Field::BUILT_IN.map(|field| (field, Some(first_value(field).into())));
        user.give(UpdateForm::MergePatch, &fields.into());
        user
    }

    /// A user that is linked to contact `c1`, with every field confirmed.
    pub(super) fn confirmed() -> Self {
        let mut user = Self::created();
        let claim = user.claim();
        user.report(contact_found(&claim, "c1", contracts::LinkOrigin::PrimaryAddress));
        let claim = user.claim();
        user.report(all_confirmed(&claim));
        assert!(!user.row.is_dirty());
        user
    }

    pub(super) fn try_change(&mut self, change: &Change<'_>) -> Result<Changed, ChangeError> {
        rules::accept_change(&mut self.row, change, self.now, self.floor, &self.timing)
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
            definitions: self.fields,
            if_match: None,
            key: None,
            sent: None,
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
            rules::Worker {
                holder: &self.holder,
                epoch: self.epoch,
                account: ACCOUNT,
                fields: self.fields,
            },
            self.late_write_until,
            self.now,
            self.floor,
            &self.timing,
        )
    }

    pub(super) fn claim(&mut self) -> Claim {
        match self.try_claim() {
            Claimed::Given(claim) => *claim,
            other => panic!("not given: {other:?}"),
        }
    }

    pub(super) fn report(&mut self, result: AttemptResult) -> Effects {
        let others = self.others.clone();
        rules::report_result(
            &mut self.row,
            &self.holder,
            result,
            &others,
            self.now,
            &self.timing,
        )
    }

    pub(super) fn sweep(&mut self) -> Option<Priority> {
        rules::handle_due(&mut self.row, self.now, &self.timing).wake_up
    }

    /// Lets time pass, and sweeps at its end.
    pub(super) fn advance(&mut self, by: UnixMs) -> Option<Priority> {
        self.now += by;
        self.sweep()
    }

    pub(super) fn receipt(&self, version: u64) -> Receipt {
        rules::receipt(&self.row, version).unwrap()
    }
}
