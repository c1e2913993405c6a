//! What the rules alone make of the same work: rows in a map, selections by looking at each row.

use std::collections::BTreeMap;

use contracts::{
    AttemptResult, Claim, ClaimUsers, ErrorCode, ImportLine, ImportResult, NextAction, Receipt,
    ReportResults, ServiceError, UpdateUser, UserId, UsersRepaired, UsersResynced, UsersRetried,
};
use user::rules::{self, Change, ChangeError, Claimed, Lease, Row, RuleTiming, UnixMs};

use super::operation::{Answer, Work};

/// An answer, as far as it is compared.
#[derive(Debug, PartialEq)]
pub(super) enum Digest {
    Refused(ErrorCode),
    Version(u64),
    Imported(ImportResult),
    Lease(contracts::LeaseAnswer),
    Claims(Vec<Claim>),
    Recorded(Vec<NextAction>, Option<Vec<Claim>>, Option<ErrorCode>),
    Rows(usize),
    Retried(UsersRetried),
    Resynced(UsersResynced),
    Linked(Box<Receipt>),
    Repaired(UsersRepaired),
    Paused(bool),
}

fn by_user(mut claims: Vec<Claim>) -> Vec<Claim> {
    claims.sort_by(|one, other| one.user_id.cmp(&other.user_id));
    claims
}

pub(super) fn digest(answer: &Result<Answer, ServiceError>) -> Digest {
    match answer {
        Err(error) => Digest::Refused(error.code),
        Ok(Answer::Updated(updated)) => Digest::Version(updated.sync.version),
        Ok(Answer::Imported(outcome)) => Digest::Imported(outcome.clone()),
        Ok(Answer::Lease(answer)) => Digest::Lease(answer.clone()),
        Ok(Answer::Line(line)) => Digest::Paused(line.paused),
        Ok(Answer::Claims(given)) => Digest::Claims(by_user(given.claims.clone())),
        Ok(Answer::Recorded(recorded)) => Digest::Recorded(
            recorded.users.iter().map(|user| user.next).collect(),
            recorded.claims.clone().map(|given| by_user(given.claims)),
            recorded.claims_error,
        ),
        Ok(Answer::Retried(retried)) => Digest::Retried(retried.clone()),
        Ok(Answer::Resynced(resynced)) => Digest::Resynced(resynced.clone()),
        Ok(Answer::Linked(receipt)) => Digest::Linked(receipt.clone()),
        Ok(Answer::Repaired(repaired)) => Digest::Repaired(*repaired),
        Ok(Answer::Rows(rows)) => Digest::Rows(*rows),
    }
}

#[derive(Default)]
pub(super) struct Model {
    pub(super) rows: BTreeMap<UserId, Row>,
    /// As they stood before the batch: what a selection by SQL sees.
    stored: BTreeMap<UserId, Row>,
    pub(super) lease: Lease,
    claims: Vec<Claim>,
    pub(super) terms: RuleTiming,
    pub(super) now: UnixMs,
}

impl Model {
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.rows.values()
    }

    pub(super) fn row(&self, user: &str) -> Option<&Row> {
        self.rows.get(&user.parse().unwrap())
    }

    /// As if nobody had kept since when changes are pending: since the last one, for all that is known.
    pub(super) fn forget_since_when(&mut self) {
        for row in self.rows.values_mut() {
            row.pending_since = row.pending_since.map(|_| row.updated_at);
        }
    }

    pub(super) fn claims(&self) -> &[Claim] {
        &self.claims
    }

    pub(super) fn lease_holder(&self) -> Option<&str> {
        self.lease.holder.as_deref()
    }

    /// Who was given the last claim.
    pub(super) fn last_holder(&self) -> Option<&str> {
        let row = self.rows.get(&self.claims.last()?.user_id)?;
        Some(&row.holder)
    }

    pub(super) fn epoch(&self) -> u64 {
        self.lease.epoch
    }

    pub(super) fn run(&mut self, now: UnixMs, batch: &[Work]) -> Vec<Digest> {
        self.now = now;
        self.stored.clone_from(&self.rows);
        batch.iter().map(|work| self.apply(work)).collect()
    }

    fn apply(&mut self, work: &Work) -> Digest {
        match work {
            Work::Update(update) => self.update(update),
            Work::Import(line) => self.import(line),
            Work::Lease(ask) => {
                let has_links = self.stored.values().any(|row| row.link.is_some());
                Digest::Lease(rules::change_lease(
                    &mut self.lease,
                    ask,
                    has_links,
                    self.now,
                    &self.terms,
                ))
            }
            Work::Line(control) => {
                Digest::Paused(rules::control_delivery(&mut self.lease, control.action, self.now).paused)
            }
            Work::Claim(claim) => match self.claim(claim) {
                Ok(claims) => Digest::Claims(claims),
                Err(code) => Digest::Refused(code),
            },
            Work::Record(record) => self.record(record),
            Work::Retry { users, priority } => Digest::Retried(self.retry(users, *priority)),
            Work::Resync(users) => Digest::Resynced(self.resync(users)),
            Work::Link(link) => self.link(link),
            Work::Unlink(unlink) => self.unlink(unlink),
            Work::Repair(users) => Digest::Repaired(self.repair(users)),
            Work::Sweep { .. } => self.sweep(),
            Work::WakeNow(users) => Digest::Rows(self.wake(users)),
            Work::WakeAnnounced { .. } => {
                let now = self.now;
                let announced = |row: &&Row| {
                    row.is_dirty()
                        && row.open_attempt.is_none()
                        && row.failures == 0
                        && row.due_at().is_some_and(|due_at| due_at > now)
                        && row.wake_at.is_some_and(|wake_at| wake_at > now)
                };
                let users = self
                    .stored
                    .values()
                    .filter(announced)
                    .map(|row| row.user_id.clone());
                let users: Vec<UserId> = users.collect();
                Digest::Rows(self.wake(&users))
            }
        }
    }

    fn update(&mut self, update: &UpdateUser) -> Digest {
        let change = Change {
            form: update.form,
            fields: &update.fields,
            if_match: update.if_match,
            key: update.idempotency_key.as_deref(),
        };
        let known = self.rows.get(&update.user_id).cloned();
        let mut row = known.unwrap_or_else(|| Row::new(update.user_id.clone()));
        match rules::accept_change(&mut row, &change, self.now, &self.terms) {
            Ok(changed) => {
                self.rows.insert(row.user_id.clone(), row);
                Digest::Version(changed.version)
            }
            Err(ChangeError::VersionMismatch(_)) => Digest::Refused(ErrorCode::VersionMismatch),
            Err(ChangeError::KeyReused) => Digest::Refused(ErrorCode::KeyReused),
            Err(ChangeError::EmailRequired) => Digest::Refused(ErrorCode::EmailRequired),
        }
    }

    fn import(&mut self, line: &ImportLine) -> Digest {
        let known = self.rows.get(&line.user_id).cloned();
        let mut row = known.unwrap_or_else(|| Row::new(line.user_id.clone()));
        let Ok(imported) = rules::accept_line(&mut row, &line.fields, self.now) else {
            return Digest::Refused(ErrorCode::EmailRequired);
        };
        let version = imported.version;
        self.rows.insert(row.user_id.clone(), row);
        Digest::Imported(if imported.is_changed {
            ImportResult::Changed { version }
        } else {
            ImportResult::Unchanged { version }
        })
    }

    fn claim(&mut self, wanted: &ClaimUsers) -> Result<Vec<Claim>, ErrorCode> {
        let lease = self.lease.clone();
        let (Some(holder), Some(account)) = (lease.holder, lease.account_id) else {
            return Err(ErrorCode::StaleEpoch);
        };
        if lease.epoch != wanted.epoch || holder != wanted.holder {
            return Err(ErrorCode::StaleEpoch);
        }
        let is_left = |row: &Row| {
            row.open_attempt
                .as_ref()
                .is_some_and(|open| open.epoch < lease.epoch)
        };
        // One that this batch has opened is not found by the database before the next.
        let left_open = self.rows.values().filter(|row| {
            let was_left = self.stored.get(&row.user_id).is_some_and(is_left);
            is_left(row) && was_left && !wanted.users.contains(&row.user_id)
        });
        let left_open: Vec<UserId> = left_open.map(|row| row.user_id.clone()).collect();
        let mut given = Vec::new();
        for user in wanted.users.iter().chain(&left_open) {
            let Some(row) = self.rows.get_mut(user) else {
                continue;
            };
            let claimed = rules::claim(row, &holder, lease.epoch, &account, self.now, &self.terms);
            if let Claimed::Given(claim) = claimed {
                given.push(*claim);
            }
        }
        self.claims.extend(given.clone());
        let forgotten = self.claims.len().saturating_sub(12);
        self.claims.drain(..forgotten);
        Ok(by_user(given))
    }

    fn record(&mut self, record: &ReportResults) -> Digest {
        let next = record
            .results
            .iter()
            .map(|verdict| self.record_one(&record.holder, verdict));
        let next = next.collect();
        for withdrawal in &record.retractions {
            if let Some(row) = self.rows.get_mut(&withdrawal.user_id) {
                rules::retract(row, withdrawal.field, &withdrawal.code, self.now);
            }
        }
        let claims = record.claim.as_ref().map(|claim| self.claim(claim));
        match claims {
            None => Digest::Recorded(next, None, None),
            Some(Ok(claims)) => Digest::Recorded(next, Some(claims), None),
            Some(Err(code)) => Digest::Recorded(next, None, Some(code)),
        }
    }

    fn record_one(&mut self, holder: &str, verdict: &AttemptResult) -> NextAction {
        let user = &verdict.user_id;
        let same = |row: &&Row| {
            let links = row.link.as_ref().zip(verdict.link.as_ref());
            row.user_id != *user && links.is_some_and(|(own, found)| own.contact_id == found.contact_id)
        };
        let others = self.rows.values().filter(same).map(|row| row.user_id.clone());
        let others: Vec<UserId> = others.collect();
        let Some(row) = self.rows.get_mut(user) else {
            return NextAction::Superseded;
        };
        let effects = rules::report_result(row, holder, verdict.clone(), others, self.now, &self.terms);
        for other in &effects.now_shared {
            if let Some(link) = self.rows.get_mut(other).and_then(|row| row.link.as_mut()) {
                link.shared = true;
            }
        }
        effects.next
    }

    fn sweep(&mut self) -> Digest {
        let (now, horizon) = (self.now, self.terms.max_wake_up_distance());
        let come = |at: Option<UnixMs>, furthest| at.is_some_and(|at| at <= now || at > now + furthest);
        let mut due = Vec::new();
        for row in self.stored.values() {
            let is_due = come(row.due_at(), horizon);
            let is_recheck = come(row.recheck_at, RuleTiming::max_recheck_distance());
            if is_due || is_recheck {
                due.push(row.user_id.clone());
            }
        }
        let found = due.len();
        for user in due {
            rules::handle_due(self.rows.get_mut(&user).unwrap(), self.now, &self.terms);
        }
        Digest::Rows(found)
    }

    fn wake(&mut self, users: &[UserId]) -> usize {
        let mut woken = 0;
        for user in users {
            let row = self.rows.get_mut(user);
            woken += usize::from(row.is_some_and(|row| rules::wake_now(row, self.now)));
        }
        woken
    }
}
