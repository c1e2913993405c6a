//! P2, P4 and P6 at rest: HubSpot holds what was accepted last, and every receipt is true.

use contracts::{Confirmation, Field, FieldResult, LinkOrigin, SyncState};
use hubspot::engine::{EmailConflict, MissingContact};
use user::rules::{Row, overall_state, receipt};

use super::World;
use crate::{
    hubspot_model::{Writer, kept, text},
    transition::Transition,
};

/// The most calls for each user between two times of rest.
const MAX_CALLS_PER_USER: u64 = 60;

impl World {
    /// Whether nobody is dirty or in an attempt.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.users.is_at_rest()
    }

    /// Everything has come to rest in the calm: checks what must be true then.
    pub(super) fn check_at_rest(&mut self) {
        for user in 0..self.plan.users {
            for field in Field::BUILT_IN {
                if let Err(wrong) = self.check_field(user, field) {
                    self.fail(&wrong);
                }
            }
            if let Err(wrong) = self.check_operators_link(user) {
                self.fail(&wrong);
            }
        }
        let allowed = MAX_CALLS_PER_USER * self.plan.users as u64;
        if self.calls_in_calm > allowed {
            self.fail(&format!("{} calls, and at rest only now", self.calls_in_calm));
        }
        // A worker that is halted, for example until the next day, claims nobody and keeps the wake-ups.
        if !self.broker.held.is_empty() && self.is_delivering() && (self.plan.sweepless || self.is_calm) {
            self.fail(&format!(
                "P4: wake-ups that nobody acknowledges: {:?}",
                self.broker.held
            ));
        }
    }

    /// The end: every recheck has come once more, so that no problem is left that has passed.
    pub(super) fn check_at_the_end(&mut self) {
        self.check_at_rest();
        self.check_inspections();
        if let Some(halted) = self.halted_worker() {
            self.fail(&format!(
                "P5: delivery of worker {halted} is still halted after a write that succeeded"
            ));
        }
        for user in 0..self.plan.users {
            for version in self.users.handed_out[user].clone() {
                if let Err(wrong) = self.check_receipt(user, version) {
                    self.fail(&wrong);
                }
            }
            for field in Field::BUILT_IN {
                if let Err(wrong) = self.check_rechecked(user, field) {
                    self.fail(&wrong);
                }
            }
        }
    }

    /// P2: a contact that exists holds the confirmed value, unless somebody else wrote it later.
    fn check_field(&mut self, user: usize, field: Field) -> Result<(), String> {
        let state = &self.users.rows[user].fields[field];
        let value = text(state.value.as_ref());
        if state.changed_in == 0 {
            return Ok(());
        }
        let name = format!("u{user} {field:?} {value:?}");
        let Some(FieldResult::Confirmed(confirmation)) = &state.result else {
            return state
                .result
                .as_ref()
                .map_or(Err(format!("P4: {name} is pending")), |_| Ok(()));
        };
        let Some(contact) = self.linked_contact(user) else {
            return Err(format!("P2: {name} is confirmed without a contact"));
        };
        if !self.hubspot.exists(contact) {
            return Ok(());
        }
        let held = self.hubspot.contact(contact);
        let holds = match confirmation {
            _ if field == Field::EMAIL => self.hubspot.has_address(contact, value),
            // Nobody could see it, so it has what HubSpot makes of the value.
            Confirmation { shown: false, .. } => held.values[field] == kept(field, value),
            Confirmation { normalized, .. } => held.values[field] == *normalized.as_deref().unwrap_or(value),
        };
        match held.writers[field] {
            _ if holds => Ok(()),
            Writer::User {
                user: writer,
                changed_in,
                ..
            } if writer == user && self.users.is_lost(user, changed_in) => {
                self.tally.transitions.add(Transition::LostValueKept);
                Ok(())
            }
            Writer::User { user: writer, .. } if writer == user => Err(format!(
                "P2: {name} is confirmed, but contact {contact} holds {:?}",
                held.values[field]
            )),
            // A user who shared the contact, or had it before, must leave nothing behind that this one has confirmed otherwise.
            // Contacts that people merge keep the values that they choose.
            Writer::User { user: writer, .. }
                if self.linked_contact(writer) != Some(contact)
                    && !self.has_lost[writer]
                    && !self.hubspot.is_merged(contact) =>
            {
                Err(format!(
                    "P2: {name} is confirmed, but contact {contact} holds {:?} of u{writer}, who is not linked to it",
                    held.values[field]
                ))
            }
            // Somebody in HubSpot, or another user who shares the contact.
            Writer::Others | Writer::User { .. } => {
                self.tally.transitions.add(Transition::OthersWroteLast);
                Ok(())
            }
        }
    }

    /// Whether a merge joined the contact that an operator named for this user with one named for another user. The one that was
    /// named first counts.
    pub(super) fn is_named_for_another(&self, user: usize) -> bool {
        let present = |user: usize| Some(self.hubspot.present(self.linked_by_operator[user]?));
        let mut others = (0..self.plan.users).filter(|other| *other != user);
        present(user).is_some_and(|contact| others.any(|other| present(other) == Some(contact)))
    }

    /// P2: as long as the contact exists that an operator named, the user is linked to it.
    fn check_operators_link(&self, user: usize) -> Result<(), String> {
        let Some(named) = self.linked_by_operator[user] else {
            return Ok(());
        };
        let contact = self.hubspot.present(named);
        if !self.hubspot.exists(contact) || self.linked_contact(user) == Some(contact) {
            return Ok(());
        }
        if self.is_named_for_another(user) {
            return Ok(());
        }
        let link = &self.users.rows[user].link;
        Err(format!(
            "P2: an operator linked u{user} to contact {contact}, but its link is {link:?}"
        ))
    }

    /// P4: the receipt of a version says what became of the fields that it was the last to change.
    fn check_receipt(&self, user: usize, version: u64) -> Result<(), String> {
        let row = &self.users.rows[user];
        // It is not known what became of a version that was lost.
        if self.users.is_lost(user, version) {
            return match receipt(row, version) {
                None => Ok(()),
                Some(said) => Err(format!(
                    "P4: u{user} version {version} is lost, but has a receipt: {said:?}"
                )),
            };
        }
        let history = &self.users.history[user];
        let last: Vec<Field> = Field::BUILT_IN
            .into_iter()
            .filter(|field| history[*field].last() == Some(&version))
            .collect();
        let states = last
            .iter()
            .map(|field| state_of(row.fields[*field].result.as_ref()));
        let expected = states.min().unwrap_or(SyncState::Superseded);
        let said = receipt(row, version).map(|receipt| (receipt.state, receipt.resending));
        if said == Some((expected, false)) {
            Ok(())
        } else {
            Err(format!(
                "P4: u{user} version {version} is {expected:?}, but its receipt says {said:?}"
            ))
        }
    }

    /// P4: a problem of one field is not hidden by another one that is pending or confirmed.
    pub(super) fn check_overall_state(&mut self, row: &Row) {
        const ORDER: [SyncState; 6] = [
            SyncState::Rejected,
            SyncState::Conflict,
            SyncState::Failed,
            SyncState::NotFound,
            SyncState::Pending,
            SyncState::Confirmed,
        ];
        let is_in = |state: &SyncState| {
            let mut given = row.fields.iter().filter(|(_, field)| field.changed_in > 0);
            given.any(|(_, field)| state_of(field.result.as_ref()) == *state)
        };
        let expected = ORDER.into_iter().find(is_in);
        let said = overall_state(row).0;
        if expected.is_some_and(|expected| expected != said) {
            self.fail(&format!("P4: {row:?} is {expected:?}, and {said:?} is shown"));
        }
    }

    /// P4: a field that is not found, in conflict or failed for a reason that may pass is so still.
    fn check_rechecked(&self, user: usize, field: Field) -> Result<(), String> {
        let row = &self.users.rows[user];
        let name = format!("u{user} {field:?}");
        let own = row.address().unwrap_or_default();
        let holder = self.hubspot.holder(own);
        match &row.fields[field].result {
            Some(FieldResult::Failed {
                is_transient: true, ..
            }) => Err(format!("P4: {name} has failed, and nothing was wrong any more")),
            Some(FieldResult::NotFound) => match holder {
                Some(contact) => Err(format!(
                    "P4: {name} is not found, but contact {contact} has {own}"
                )),
                None if self.should_have_been_created(user) => {
                    Err(format!("P4: {name} is not found, and was not created"))
                }
                None => Ok(()),
            },
            Some(FieldResult::Conflict { .. }) => {
                // A contact that is gone is looked up by the address last confirmed for it, too.
                let confirmed = row.link.as_ref().and_then(|link| link.address.as_deref());
                let former = confirmed.and_then(|address| self.hubspot.holder(address));
                let result = self
                    .check_conflict(user, holder)
                    .or(self.check_conflict(user, former));
                result.map_err(|why| format!("P4: {name} {why}"))
            }
            _ => Ok(()),
        }
    }

    /// Whether a contact was to be created for that user: it never had one, and its address is not rejected.
    fn should_have_been_created(&self, user: usize) -> bool {
        let row = &self.users.rows[user];
        let address = &row.fields[Field::EMAIL];
        let is_rejected = matches!(address.result, Some(FieldResult::Rejected { .. }));
        self.plan.missing == MissingContact::Create
            && !row.was_linked
            && address.value.is_some()
            && !is_rejected
    }

    /// Another contact holds the address, and the user may not be linked to that one.
    fn check_conflict(&self, user: usize, holder: Option<usize>) -> Result<(), String> {
        let Some(holder) = holder else {
            return Err("is in conflict with nobody".to_owned());
        };
        if self.linked_contact(user) == Some(holder) {
            return Err("is in conflict with its own contact".to_owned());
        }
        let primary = &self.hubspot.contact(holder).values[Field::EMAIL];
        let has_primary = |user: usize| {
            let own = self.users.rows[user].address();
            own.is_some_and(|own| own.to_lowercase() == *primary)
        };
        let is_operators = |user: usize| {
            let link = self.users.rows[user].link.as_ref();
            link.is_some_and(|link| link.origin == LinkOrigin::ByOperator)
        };
        // A better claim than that of this user, or an equal one that came first.
        let others = (0..self.plan.users).filter(|other| *other != user);
        let is_held = others
            .filter(|other| self.linked_contact(*other) == Some(holder))
            .any(|other| !has_primary(user) || has_primary(other) || is_operators(other));
        // Only an operator takes back what an operator said.
        let link = self.users.rows[user].link.as_ref();
        let is_by_operator = link.is_some_and(|link| link.origin == LinkOrigin::ByOperator);
        if self.plan.email_taken == EmailConflict::Reject || is_held || is_by_operator {
            Ok(())
        } else {
            Err(format!(
                "is in conflict with contact {holder}, which the user may be linked to"
            ))
        }
    }
}

fn state_of(result: Option<&FieldResult>) -> SyncState {
    match result {
        None => SyncState::Pending,
        Some(FieldResult::Confirmed(_)) => SyncState::Confirmed,
        Some(FieldResult::Rejected { .. }) => SyncState::Rejected,
        Some(FieldResult::NotFound) => SyncState::NotFound,
        Some(FieldResult::Conflict { .. }) => SyncState::Conflict,
        Some(FieldResult::Failed { .. }) => SyncState::Failed,
        Some(FieldResult::Skipped) => SyncState::Skipped,
        Some(FieldResult::Unknown) => SyncState::Unknown,
    }
}
