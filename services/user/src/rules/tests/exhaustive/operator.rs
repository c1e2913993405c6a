//! What an operator does meanwhile.

use super::{
    super::verdicts::ACCOUNT,
    step::Act,
    world::{FIRST, World},
};
use crate::rules::{ResyncResult, link_by_operator, resync, unlink};

impl World {
    /// Does it. Returns whether anything changed.
    pub(super) fn act(&mut self, act: Act) -> bool {
        let (attempt, was_open) = (self.desk.row.attempt, self.desk.row.open_attempt.is_some());
        let (now, terms) = (self.desk.now, self.desk.terms);
        let changed = match act {
            Act::Resync => resync(&mut self.desk.row, now) == ResyncResult::MarkedDirty,
            Act::Unlink => unlink(&mut self.desk.row, now, &terms),
            Act::LinkToNew | Act::LinkToFirst => {
                let contact = if act == Act::LinkToNew {
                    self.new_contact()
                } else {
                    self.hubspot.present_id(FIRST)
                };
                let contact = contact.parse().expect("contacts have numbers");
                link_by_operator(&mut self.desk.row, &contact, ACCOUNT, now, &terms)
            }
        };
        if was_open && self.desk.row.open_attempt.is_none() {
            self.record_given_up(attempt);
        }
        changed
    }
}
