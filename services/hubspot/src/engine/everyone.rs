//! The same refusal whatever the record: the account's fault, so the line stops and what was refused is owed again.

use std::collections::BTreeSet;

use contracts::{AttemptFailure, Field, FieldResult, Priority, Reason, Retraction, UserId};

use super::{
    AttemptId, Engine, HaltCause,
    line::{Grounds, RecoveryCheck},
    report::{Report, Reports},
};

impl Engine {
    /// A record's fields were refused for these reasons.
    pub(super) fn count_refusals(&mut self, id: AttemptId, refused: &[(Field, Reason)]) {
        let Some(user) = self.user_of(id) else { return };
        for (field, reason) in refused {
            let everyone = if self.is_refused_again(*field, reason) {
                Some(BTreeSet::from([user.clone()]))
            } else {
                self.line.refused(*field, &reason.code, &user)
            };
            if let Some(users) = everyone {
                self.everyone_is_refused(users, *field, reason);
            }
        }
    }

    /// Whether it is the refusal that stopped the line, met by a probe or by a record that was on its way.
    fn is_refused_again(&self, field: Field, reason: &Reason) -> bool {
        let is_same =
            |fault, code: &str| fault == HaltCause::RejectsEveryRecord(field) && code == reason.code;
        self.line
            .stopped()
            .is_some_and(|stop| is_same(stop.fault, &stop.reason.code))
    }

    fn everyone_is_refused(&mut self, users: BTreeSet<UserId>, field: Field, reason: &Reason) {
        let suspects = users.iter().cloned().collect();
        let mut reported = users;
        for attempt in self.attempts.values_mut() {
            if reported.contains(&attempt.claim.user_id) && attempt.take_back(field, &reason.code) {
                reported.remove(&attempt.claim.user_id);
            }
        }
        self.reports.take_back(&mut reported, field, reason);
        for user_id in reported {
            self.reports.withdraw(Retraction {
                user_id,
                field,
                code: reason.code.clone(),
            });
        }
        self.stop_line(Grounds {
            fault: HaltCause::RejectsEveryRecord(field),
            reason: reason.clone(),
            asked: None,
            proof: RecoveryCheck::Field(field),
            suspects,
        });
    }

    /// The refusals of which nothing is on its way any more.
    pub(super) fn ripe_withdrawals(&mut self) -> Vec<Retraction> {
        if self.reports.withdrawals.is_empty() {
            return Vec::new();
        }
        let in_work: BTreeSet<UserId> = self
            .attempts
            .values()
            .map(|attempt| attempt.claim.user_id.clone())
            .collect();
        let all = std::mem::take(&mut self.reports.withdrawals);
        let (ripe, waiting) = all.into_iter().partition(|withdrawal| {
            !in_work.contains(&withdrawal.user_id) && !self.reports.holds_verdict_of(&withdrawal.user_id)
        });
        self.reports.withdrawals = waiting;
        ripe
    }

    /// Those users owe again, now.
    pub(super) fn owe_again(&mut self, withdrawals: &[Retraction]) {
        if self.lease.epoch().is_none() {
            return;
        }
        for withdrawal in withdrawals {
            self.wake_ups.enter(&withdrawal.user_id, Priority::Live);
        }
    }
}

impl Reports {
    /// Takes a refusal out of the verdicts that were not sent yet; leaves the users of whom it was none.
    pub(super) fn take_back(&mut self, users: &mut BTreeSet<UserId>, field: Field, reason: &Reason) {
        for Report { verdict, .. } in &mut self.waiting {
            let is_it = |outcome: &FieldResult| matches!(outcome, FieldResult::Rejected { reason: of } if of.code == reason.code);
            if users.contains(&verdict.user_id) && verdict.field_results.get(&field).is_some_and(is_it) {
                users.remove(&verdict.user_id);
                verdict.field_results.remove(&field);
                verdict.failure = Some(AttemptFailure {
                    reason: reason.clone(),
                    is_counted: false,
                    is_transient: true,
                });
            }
        }
    }

    /// Takes a refusal back once it is recorded.
    pub(super) fn withdraw(&mut self, withdrawal: Retraction) {
        self.withdrawals.push(withdrawal);
    }

    fn holds_verdict_of(&self, user_id: &UserId) -> bool {
        let out = self.out.values().flat_map(|message| &message.reports);
        self.waiting
            .iter()
            .chain(out)
            .any(|report| report.verdict.user_id == *user_id)
    }
}
