//! A model of the user service's rows: one field, versions, attempts, links. Late effects are not modelled, so no
//! doubts are.

use std::{collections::BTreeMap, num::NonZeroU64, time::Duration};

use contracts::{
    AttemptResult, Claim, ClaimUsers, ErrorCode, Field, FieldResult, Link, NextAction, Priority,
    ReportResults, ReportedUser, ResultsReported, UserId, UsersClaimed,
};

use super::Contacts;
use crate::engine::Unserved;

const TERM: Duration = Duration::from_mins(1);

#[derive(Default)]
struct Row {
    version: u64,
    settled: u64,
    attempt: u64,
    open: Option<(u64, Duration)>,
    link: Option<Link>,
}

#[derive(Default)]
pub(super) struct Rows(BTreeMap<UserId, Row>);

impl Rows {
    /// Whether the user is to be announced.
    pub(super) fn change(&mut self, user: &UserId) -> bool {
        let row = self.0.entry(user.clone()).or_default();
        row.version += 1;
        row.version == row.settled + 1
    }

    pub(super) fn unsettled(&self) -> Vec<UserId> {
        let unsettled = self.0.iter().filter(|(_, row)| row.version > row.settled);
        unsettled.map(|(user, _)| user.clone()).collect()
    }

    pub(super) fn wrong(&self, contacts: &Contacts) -> Vec<String> {
        let is_wrong = |(user, row): &(&UserId, &Row)| {
            row.version > row.settled || contacts.name(user.as_str()) != Some(name(row).as_str())
        };
        let say = |(user, row): (&UserId, &Row)| {
            let held = contacts.name(user.as_str());
            format!("{user} at {} settled {} holds {held:?}", row.version, row.settled)
        };
        self.0.iter().filter(is_wrong).map(say).collect()
    }

    pub(super) fn claim(
        &mut self,
        asked: &ClaimUsers,
        epoch: u64,
        now: Duration,
    ) -> Result<UsersClaimed, Unserved> {
        if asked.epoch != epoch {
            return Err(Unserved::Refused(ErrorCode::StaleEpoch));
        }
        let mut given = UsersClaimed::default();
        for user in &asked.users {
            let row = self.0.get_mut(user).expect("a known user");
            if row
                .open
                .is_some_and(|(of, since)| of == epoch && now < since + TERM)
            {
                given.in_progress.push(user.clone());
            } else if row.version == row.settled {
                given.clean.push(user.clone());
            } else {
                given.claims.push(open(user, row, epoch, now));
            }
        }
        let room = asked.limit as usize - given.claims.len().min(asked.limit as usize);
        let is_left_open =
            |row: &Row| row.open.is_some_and(|(of, _)| of < epoch) && row.version > row.settled;
        let left_open: Vec<_> = self.0.iter_mut().filter(|(_, row)| is_left_open(row)).collect();
        given.more_left_open = left_open.len() > room;
        for (user, row) in left_open.into_iter().take(room) {
            given.claims.push(open(user, row, epoch, now));
        }
        Ok(given)
    }

    pub(super) fn record(&mut self, record: &ReportResults, epoch: u64, now: Duration) -> ResultsReported {
        let users = record.results.iter().map(|verdict| self.take(verdict)).collect();
        let claims = record.claim.as_ref().map(|claim| self.claim(claim, epoch, now));
        let claims_refused = matches!(claims, Some(Err(_))).then_some(ErrorCode::StaleEpoch);
        ResultsReported {
            users,
            claims: claims.and_then(Result::ok),
            claims_error: claims_refused,
        }
    }

    fn take(&mut self, verdict: &AttemptResult) -> ReportedUser {
        let row = self.0.get_mut(&verdict.user_id).expect("a known user");
        let user_id = verdict.user_id.clone();
        if row.attempt != verdict.attempt.get() {
            return ReportedUser {
                user_id,
                next: NextAction::Superseded,
            };
        }
        if row.open.take().is_some() {
            if let Some(found) = &verdict.link {
                row.link = Some(Link {
                    contact_id: found.contact_id.clone(),
                    account_id: found.account_id.clone(),
                    address: found.address.clone(),
                    origin: found.origin,
                    shared: false,
                });
            }
            if verdict.field_results.get(&Field::FirstName) == Some(&FieldResult::Confirmed) {
                row.settled = row.settled.max(verdict.generation);
            }
        }
        let next = match &verdict.failure {
            _ if row.version == row.settled => NextAction::Clean,
            Some(_) => NextAction::Later { in_ms: 1_000 },
            None => NextAction::Now,
        };
        ReportedUser { user_id, next }
    }
}

fn name(row: &Row) -> String {
    format!("version {}", row.version)
}

fn open(user: &UserId, row: &mut Row, epoch: u64, now: Duration) -> Claim {
    row.attempt += 1;
    row.open = Some((epoch, now));
    Claim {
        user_id: user.clone(),
        attempt: NonZeroU64::new(row.attempt).expect("counted up"),
        version: row.version,
        generation: row.version,
        priority: Priority::Live,
        values: BTreeMap::from([
            (Field::Email, Some(format!("{user}@example.com"))),
            (Field::FirstName, Some(name(row))),
        ]),
        dirty: [Field::FirstName].into_iter().collect(),
        link: row.link.clone(),
        failures: 0,
        never_linked: false,
        possible_creates: Vec::new(),
    }
}
