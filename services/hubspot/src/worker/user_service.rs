//! Questions to the user service over NATS: lease, claim and record, and users to compare.

use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use contracts::{
    AskLease, ClaimUsers, ClaimsGiven, LeaseAnswer, ReadToCompare, RecordVerdicts, RepairUsers, ServiceError,
    UsersRepaired, UsersToCompare, VerdictsRecorded, headers,
    subjects::{USERS_CLAIM, USERS_COMPARE, USERS_LEASE, USERS_RECORD, USERS_REPAIR},
};
use runtime::nats::{Nats, RequestError};
use serde::{Serialize, de::DeserializeOwned};

use super::health::Health;
use crate::engine::Unserved;

/// Shorter than the lease's term, so that a lost answer leaves time to ask again.
const LEASE_LIMIT: Duration = Duration::from_millis(900);
const CLAIM_LIMIT: Duration = Duration::from_secs(5);
const RECORD_LIMIT: Duration = Duration::from_secs(5);
const COMPARE_LIMIT: Duration = Duration::from_secs(5);

/// The user service, as this worker sees it.
#[derive(Debug, Clone)]
pub(super) struct UserService {
    nats: Nats,
    health: Health,
}

impl UserService {
    pub(super) fn new(nats: Nats, health: Health) -> Self {
        Self { nats, health }
    }

    pub(super) async fn lease(&self, ask: &AskLease) -> Result<LeaseAnswer, Unserved> {
        self.ask(USERS_LEASE, ask, LEASE_LIMIT).await
    }

    pub(super) async fn claim(&self, claim: &ClaimUsers) -> Result<ClaimsGiven, Unserved> {
        self.ask(USERS_CLAIM, claim, CLAIM_LIMIT).await
    }

    pub(super) async fn record(&self, record: &RecordVerdicts) -> Result<VerdictsRecorded, Unserved> {
        self.ask(USERS_RECORD, record, RECORD_LIMIT).await
    }

    pub(super) async fn read_to_compare(&self, read: &ReadToCompare) -> Result<UsersToCompare, Unserved> {
        self.ask(USERS_COMPARE, read, COMPARE_LIMIT).await
    }

    pub(super) async fn repair(&self, repair: &RepairUsers) -> Result<UsersRepaired, Unserved> {
        self.ask(USERS_REPAIR, repair, COMPARE_LIMIT).await
    }

    async fn ask<Q, A>(&self, subject: &str, question: &Q, limit: Duration) -> Result<A, Unserved>
    where
        Q: Serialize + Sync,
        A: DeserializeOwned,
    {
        let payload = Bytes::from(serde_json::to_vec(question).expect("contracts have text keys"));
        let mut found = HeaderMap::new();
        found.insert(headers::TIME_LEFT_MS, limit.as_millis().to_string());
        match self.nats.request(subject, found, payload, limit).await {
            Ok(message) => {
                let answer = serde_json::from_slice(&message.payload);
                answer
                    .map_err(|error| self.not_understood(subject, &error))
                    .inspect(|_| self.health.user_service_answers())
            }
            Err(error) => Err(self.unserved(subject, &error)),
        }
    }

    fn not_understood(&self, subject: &str, error: &serde_json::Error) -> Unserved {
        // The words of the parser may quote the body, which holds personal data.
        let (line, column) = (error.line(), error.column());
        self.health.user_service_fails(format!(
            "{subject}: not understood at line {line}, column {column}"
        ));
        Unserved::NoAnswer
    }

    fn unserved(&self, subject: &str, error: &RequestError) -> Unserved {
        if let RequestError::Service { body, .. } = error
            && let Ok(refusal) = serde_json::from_slice::<ServiceError>(body)
        {
            tracing::debug!(subject, code = ?refusal.code, "the user service refused");
            return Unserved::Refused(refusal.code);
        }
        self.health.user_service_fails(format!("{subject}: {error}"));
        Unserved::NoAnswer
    }
}
