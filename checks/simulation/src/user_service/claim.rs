//! Handing users out, as the service's writer does.

use contracts::{ClaimUsers, ErrorCode, UsersClaimed, delivery::MAX_CLAIMS};
use user::rules::{self, Claimed};

use super::{UserService, user_of};
use crate::{agenda::Time, tally::Tally, transition::Transition};

impl UserService {
    /// Gives claims under the current epoch: those named first, then what older epochs left open.
    pub(crate) fn claim(
        &mut self,
        request: &ClaimUsers,
        now: Time,
        tally: &mut Tally,
    ) -> Result<UsersClaimed, ErrorCode> {
        if self.lease.epoch != request.epoch || self.lease.holder.as_deref() != Some(&request.holder) {
            tally.transitions.add(Transition::StaleEpoch);
            return Err(ErrorCode::StaleEpoch);
        }
        let limit = (request.limit as usize).min(MAX_CLAIMS);
        let mut given = UsersClaimed::default();
        for id in &request.users {
            if given.claims.len() >= limit {
                given.left_out.push(id.clone());
                continue;
            }
            match self.claim_row(user_of(id), now, tally) {
                Claimed::Given(claim) => given.claims.push(*claim),
                Claimed::Clean => {
                    tally.transitions.add(Transition::Clean);
                    given.clean.push(id.clone());
                }
                Claimed::InProgress => {
                    tally.transitions.add(Transition::InProgress);
                    given.in_progress.push(id.clone());
                }
            }
        }
        self.claim_left_open(limit, &mut given, now, tally);
        Ok(given)
    }

    fn claim_left_open(&mut self, limit: usize, given: &mut UsersClaimed, now: Time, tally: &mut Tally) {
        for user in 0..self.rows.len() {
            let epoch = self.lease.epoch;
            let left_open = self.rows[user]
                .open_attempt
                .as_ref()
                .is_some_and(|open| open.epoch < epoch);
            if !left_open {
                continue;
            }
            if given.claims.len() >= limit {
                given.more_left_open = true;
                return;
            }
            if let Claimed::Given(claim) = self.claim_row(user, now, tally) {
                tally.transitions.add(Transition::LeftOpenTaken);
                given.claims.push(*claim);
            }
        }
    }

    fn claim_row(&mut self, user: usize, now: Time, tally: &mut Tally) -> Claimed {
        let (Some(holder), Some(account)) = (&self.lease.holder, &self.lease.account_id) else {
            return Claimed::Clean;
        };
        let clock = self.clock(now);
        let row = &mut self.rows[user];
        if row.open_attempt.is_none() && !row.is_dirty() {
            return Claimed::Clean;
        }
        let was_open = row.open_attempt.is_some();
        let claimed = rules::claim(row, holder, self.lease.epoch, account, clock, &self.terms);
        if was_open && claimed != Claimed::InProgress {
            tally.transitions.add(Transition::DoubtByClaim);
        }
        if matches!(claimed, Claimed::Given(_)) {
            tally.transitions.add(Transition::Given);
            self.epochs[user].push(self.lease.epoch);
        }
        claimed
    }
}
