//! P5: a user that waits after a failure is claimed soon once a caller changes it, or an operator retries or links it.

use contracts::{Field, Priority};
use user::rules::Row;

use super::{World, rows::Step};
use crate::{agenda::Time, plan::SECOND, user_service::Request};

/// How soon such a user is claimed where nothing delays claims.
const CLAIMED_WITHIN: Time = SECOND;

impl World {
    /// Notes users that need not wait any more, and those that were claimed.
    pub(super) fn observe_waits(&mut self, request: &Request, steps: &[Step<'_>]) {
        if !self.plan.prompt {
            return;
        }
        for step in steps {
            if step.after.attempt > step.before.attempt {
                self.check_claimed_in_time(step.user);
                self.claim_expected[step.user] = None;
            } else if waits_for_late_write(step.after) {
                self.claim_expected[step.user] = None;
            } else if ends_wait(request, step) && self.is_delivering() {
                self.claim_expected[step.user].get_or_insert(self.now);
            }
        }
    }

    /// Nobody is claimed now, or another worker claims from now on.
    pub(super) fn expect_no_claims(&mut self) {
        self.claim_expected.fill(None);
    }

    /// P5: every user that need not wait any more was claimed in time.
    pub(super) fn check_claims(&mut self) {
        for user in 0..self.plan.users {
            self.check_claimed_in_time(user);
        }
    }

    fn check_claimed_in_time(&mut self, user: usize) {
        let late = self.claim_expected[user].filter(|since| self.now > since + CLAIMED_WITHIN);
        if let Some(since) = late {
            self.fail(&format!(
                "P5: u{user} need not wait since {since}, and is not claimed"
            ));
        }
    }
}

fn ends_wait(request: &Request, step: &Step<'_>) -> bool {
    let Step { before, after, .. } = step;
    let was_waiting = before.is_dirty() && before.failures > 0 && before.open_attempt.is_none();
    let is_changed = |field: Field| after.fields[field].changed_in > before.version;
    was_waiting
        && match request {
            Request::Update(_) => Field::BUILT_IN.into_iter().any(is_changed),
            Request::Retry(retry) => retry.priority == Priority::Live,
            Request::Link(_) | Request::Unlink(_) => step.is_resent(),
            _ => false,
        }
}

/// Whether the user waits until HubSpot can no longer apply a call of another one.
pub(super) fn waits_for_late_write(row: &Row) -> bool {
    let reason = row.last_failure.as_ref();
    reason.is_some_and(|reason| reason.code == "LATE_WRITE_POSSIBLE")
}
