//! The quiet time after a sequence: a new worker delivers without a failure, and the user comes to rest.

use contracts::{LinkOrigin, NextAction, Value};

use super::{
    at_rest::check_at_rest,
    scenario::Scenario,
    step::{AttemptEnd, Step},
};

/// More rounds than any sequence needs to come to rest.
const MAX_ROUNDS: usize = 60;

impl Scenario {
    /// Lets a quiet time follow, in which the attempts in flight never report. The row is claimed only after a wake-up, if an attempt
    /// was left open, or if an answer asks for it. So a lost wake-up is noticed.
    pub(super) fn come_to_rest(mut self, path: &[Step]) {
        self.in_flight.clear();
        self.user.epoch += 1;
        self.user.holder = format!("worker-{}", self.user.epoch);
        let mut is_claimed_next = self.user.row.open_attempt.is_some();
        for _ in 0..MAX_ROUNDS {
            is_claimed_next |= self.user.sweep().is_some();
            while std::mem::take(&mut is_claimed_next) && self.claim() {
                is_claimed_next = self.deliver() == NextAction::Now;
            }
            let row = &self.user.row;
            let next = row.due_at().into_iter().chain(row.recheck_at);
            let Some(next) = next.chain(self.contacts.next_late()).min() else {
                return self.check_end(path);
            };
            self.user.now = next.max(self.user.now + 1);
            self.contacts.apply_late_until(self.user.now);
        }
        panic!("no rest after {path:?}: {:?}", self.user.row);
    }

    fn deliver(&mut self) -> NextAction {
        let attempt = self.in_flight.pop().expect("it was claimed");
        let end = if attempt.claim.link.is_some() {
            AttemptEnd::Confirmed
        } else {
            AttemptEnd::ContactFound(LinkOrigin::PrimaryAddress)
        };
        let result = self.result_of(&attempt.claim, end).expect("it can end like this");
        self.report(result, attempt.holder)
    }

    fn check_end(&self, path: &[Step]) {
        let was_rejected = |field, value: Option<&Value>| self.rejected.contains(&(field, value.cloned()));
        if let Err(error) = check_at_rest(&self.user.row, &self.contacts, was_rejected) {
            panic!("after {path:?}: {error}");
        }
    }
}
