//! P2, P4 and P6 at rest: HubSpot holds what was accepted last, and every receipt says what is true.

use contracts::{Field, FieldResult, SyncState};
use hubspot::engine::{EmailConflict, MissingContact};
use user::rules::receipt;

use super::World;
use crate::{hubspot_model::Writer, transition::Transition};

/// How many ranges of versions that touched nothing a row remembers.
const RANGES_KEPT: usize = 16;
/// More calls than this for each user between waking and resting are too many.
const CALLS_PER_USER: u64 = 60;

impl World {
    /// Whether nobody owes anything, or has an attempt out.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.users.is_at_rest()
    }

    /// Everything has come to rest in the calm: what must be true at every such moment.
    pub(super) fn check_at_rest(&mut self) {
        for user in 0..self.plan.users {
            for field in Field::ALL {
                if let Err(wrong) = self.check_field(user, field) {
                    self.fail(&wrong);
                }
            }
        }
        let allowed = CALLS_PER_USER * self.plan.users as u64;
        if self.calls_in_calm > allowed {
            self.fail(&format!("{} calls, and at rest only now", self.calls_in_calm));
        }
        // Elsewhere an acknowledgement may be lost, and the wake-up comes again half a minute later.
        if self.plan.sweepless && !self.broker.held.is_empty() {
            self.fail(&format!(
                "wake-ups that nobody acknowledges: {:?}",
                self.broker.held
            ));
        }
    }

    /// The end: besides, the rechecks have come, so that what they can mend is mended.
    pub(super) fn check_at_the_end(&mut self) {
        self.check_at_rest();
        self.check_inspections();
        for user in 0..self.plan.users {
            for version in 1..=self.users.rows[user].version {
                if let Err(wrong) = self.check_receipt(user, version) {
                    self.fail(&wrong);
                }
            }
            for field in Field::ALL {
                if let Err(wrong) = self.check_what_time_mends(user, field) {
                    self.fail(&wrong);
                }
            }
        }
    }

    /// P2: a contact that exists holds the confirmed value, unless somebody else wrote it later.
    fn check_field(&mut self, user: usize, field: Field) -> Result<(), String> {
        let state = &self.users.rows[user].fields[field];
        let value = state.value.as_deref().unwrap_or_default();
        if state.changed_in == 0 {
            return Ok(());
        }
        let name = format!("u{user} {field:?} {value:?}");
        let Some(FieldResult::Confirmed) = &state.result else {
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
        let holds = if field == Field::Email {
            self.hubspot.has_address(contact, value)
        } else {
            held.values[field] == value
        };
        match held.writers[field] {
            _ if holds => Ok(()),
            Writer::User { user: writer, .. } if writer == user => Err(format!(
                "P2: {name} is confirmed, but contact {contact} holds {:?}",
                held.values[field]
            )),
            // Somebody in HubSpot, or another user who shares the contact.
            Writer::Others | Writer::User { .. } => {
                self.tally.transitions.add(Transition::OthersWroteLast);
                Ok(())
            }
        }
    }

    /// P4: the receipt of a version tells what became of the fields it was the last to touch.
    fn check_receipt(&self, user: usize, version: u64) -> Result<(), String> {
        let row = &self.users.rows[user];
        let history = &self.users.history[user];
        let touched = |field: &Field| history[*field].contains(&version);
        let last: Vec<Field> = Field::ALL
            .into_iter()
            .filter(|field| history[*field].last() == Some(&version))
            .collect();
        let expected = match () {
            () if !Field::ALL.iter().any(touched) => SyncState::Unchanged,
            () if last.is_empty() => SyncState::Superseded,
            () => last
                .iter()
                .map(|field| state_of(row.fields[*field].result.as_ref()))
                .min()
                .unwrap_or(SyncState::Superseded),
        };
        let told = receipt(row, version).map(|receipt| (receipt.state, receipt.resending));
        let forgotten = expected == SyncState::Unchanged
            && told == Some((SyncState::Superseded, false))
            && row.unchanged.len() >= RANGES_KEPT;
        if told == Some((expected, false)) || forgotten {
            Ok(())
        } else {
            Err(format!(
                "P4: u{user} version {version} is {expected:?}, but told {told:?}"
            ))
        }
    }

    /// What is missing, taken or parked for a passing reason is so still.
    fn check_what_time_mends(&self, user: usize, field: Field) -> Result<(), String> {
        let row = &self.users.rows[user];
        let name = format!("u{user} {field:?}");
        let own = row.fields[Field::Email].value.as_deref().unwrap_or_default();
        let holder = self.hubspot.holder(own);
        match &row.fields[field].result {
            Some(FieldResult::Failed {
                is_transient: true, ..
            }) => Err(format!("P4: {name} is parked, and nothing was wrong any more")),
            Some(FieldResult::NotFound) => match holder {
                Some(contact) => Err(format!("P4: {name} is missing, but contact {contact} has {own}")),
                None if self.should_have_been_made(user) => {
                    Err(format!("P4: {name} is missing, and was not made"))
                }
                None => Ok(()),
            },
            Some(FieldResult::Conflict { .. }) => {
                // A contact that is gone is looked up by the address last confirmed for it, too.
                let confirmed = row.link.as_ref().and_then(|link| link.address.as_deref());
                let former = confirmed.and_then(|address| self.hubspot.holder(address));
                let result = self.check_taken(user, holder).or(self.check_taken(user, former));
                result.map_err(|why| format!("P4: {name} {why}"))
            }
            _ => Ok(()),
        }
    }

    /// Whether a contact was to be made for that user: one that never had one, and whose address is not refused.
    fn should_have_been_made(&self, user: usize) -> bool {
        let row = &self.users.rows[user];
        let address = &row.fields[Field::Email];
        let is_refused = matches!(address.result, Some(FieldResult::Rejected { .. }));
        self.plan.missing == MissingContact::Create
            && !row.was_linked
            && address.value.is_some()
            && !is_refused
    }

    /// Another contact holds the address, and the user may not follow to it.
    fn check_taken(&self, user: usize, holder: Option<usize>) -> Result<(), String> {
        let Some(holder) = holder else {
            return Err("is taken by nobody".to_owned());
        };
        if self.linked_contact(user) == Some(holder) {
            return Err("is taken by its own contact".to_owned());
        }
        let others = (0..self.plan.users).filter(|other| *other != user);
        let is_shared = others
            .into_iter()
            .any(|other| self.linked_contact(other) == Some(holder));
        if self.plan.email_taken == EmailConflict::Reject || is_shared {
            Ok(())
        } else {
            Err(format!(
                "is taken by contact {holder}, which is free to be followed"
            ))
        }
    }
}

fn state_of(outcome: Option<&FieldResult>) -> SyncState {
    match outcome {
        None => SyncState::Pending,
        Some(FieldResult::Confirmed) => SyncState::Confirmed,
        Some(FieldResult::Rejected { .. }) => SyncState::Rejected,
        Some(FieldResult::NotFound) => SyncState::NotFound,
        Some(FieldResult::Conflict { .. }) => SyncState::Conflict,
        Some(FieldResult::Failed { .. }) => SyncState::Failed,
    }
}
