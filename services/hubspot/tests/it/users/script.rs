//! Rows as a test wants them, and refusals that are taken back.

use contracts::{Field, FieldResult, Link, LinkOrigin, Retraction};

use super::Users;

impl Users {
    /// The user was linked to that contact before, by this address.
    pub(crate) fn link(&self, user: &str, email: &str, contact_id: &str, account_id: &str) {
        let mut state = self.state();
        let row = state.rows.entry(user.parse().unwrap()).or_default();
        row.values.insert(Field::EMAIL, Some(email.to_owned()));
        row.link = Some(Link {
            contact_id: contact_id.to_owned(),
            account_id: account_id.to_owned(),
            address: Some(email.to_owned()),
            origin: LinkOrigin::PrimaryAddress,
            shared: false,
        });
    }

    /// Whether HubSpot has yet to hear of the field.
    pub(crate) fn owes(&self, user: &str, field: Field) -> bool {
        let state = self.state();
        state.rows[&user.parse().unwrap()].owed.contains_key(&field)
    }

    /// What still stands refused so is owed again.
    pub(super) fn owe_again(&self, withdrawals: &[Retraction]) {
        for Retraction { user_id, field, code } in withdrawals {
            let outcome = self.outcome(user_id.as_str(), *field);
            let mut state = self.state();
            let row = state.rows.get_mut(user_id).unwrap();
            if matches!(outcome, Some(FieldResult::Rejected { reason }) if reason.code == *code) {
                row.owed.insert(*field, row.version);
            }
        }
    }
}
