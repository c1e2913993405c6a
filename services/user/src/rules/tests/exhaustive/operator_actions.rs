//! What an operator does during a sequence.

use super::{
    super::attempt_results::ACCOUNT,
    scenario::{FIRST, Scenario},
    step::OperatorAction,
};
use crate::rules::{ResyncResult, link_by_operator, resync, unlink};

impl Scenario {
    /// Does it. Returns whether anything changed.
    pub(super) fn operate(&mut self, action: OperatorAction) -> bool {
        let (attempt, was_open) = (self.user.row.attempt, self.user.row.open_attempt.is_some());
        let (now, timing) = (self.user.now, self.user.timing);
        let changed = match action {
            OperatorAction::Resync => resync(&mut self.user.row, None, now) == ResyncResult::MarkedDirty,
            OperatorAction::Unlink => unlink(&mut self.user.row, now, &timing),
            OperatorAction::LinkToNew | OperatorAction::LinkToFirst => {
                let contact = if action == OperatorAction::LinkToNew {
                    self.new_contact()
                } else {
                    self.contacts.present_id(FIRST).to_owned()
                };
                let contact = contact.parse().expect("contacts have numbers");
                link_by_operator(&mut self.user.row, &contact, ACCOUNT, now, &timing)
            }
        };
        if was_open && self.user.row.open_attempt.is_none() {
            self.record_given_up(attempt);
        }
        changed
    }
}
