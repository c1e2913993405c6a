//! Questions to the user service over NATS: lease, claim and record, and users to compare.

use std::time::Duration;

use async_nats::HeaderMap;
use bytes::Bytes;
use contracts::{
    ChangeLease, ClaimUsers, ErrorCode, LeaseAnswer, ReadUsersToCompare, RepairUsers, ReportResults,
    ResultsReported, ServiceError, UsersClaimed, UsersRepaired, UsersToCompare, headers,
    subjects::{USERS_CLAIM, USERS_COMPARE, USERS_LEASE, USERS_REPAIR, USERS_REPORT},
};
use runtime::nats::{Nats, RequestError, from_object};
use serde::{Serialize, de::DeserializeOwned};

use super::health::Health;
use crate::engine::UserServiceError;

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

    pub(super) async fn lease(&self, ask: &ChangeLease) -> Result<LeaseAnswer, UserServiceError> {
        self.ask(USERS_LEASE, ask, LEASE_LIMIT).await
    }

    pub(super) async fn claim(&self, claim: &ClaimUsers) -> Result<UsersClaimed, UserServiceError> {
        self.ask(USERS_CLAIM, claim, CLAIM_LIMIT).await
    }

    pub(super) async fn record(&self, record: &ReportResults) -> Result<ResultsReported, UserServiceError> {
        self.ask(USERS_REPORT, record, RECORD_LIMIT).await
    }

    pub(super) async fn read_to_compare(
        &self,
        read: &ReadUsersToCompare,
    ) -> Result<UsersToCompare, UserServiceError> {
        self.ask_aside(USERS_COMPARE, read, COMPARE_LIMIT).await
    }

    /// Nothing is repaired when the limit is over.
    pub(super) async fn repair(
        &self,
        repair: &RepairUsers,
        limit: Duration,
    ) -> Result<UsersRepaired, UserServiceError> {
        self.ask_aside(USERS_REPAIR, repair, limit).await
    }

    /// Asks what deliveries depend on, so that the answer says whether the user service is well.
    async fn ask<Q, A>(&self, subject: &str, question: &Q, limit: Duration) -> Result<A, UserServiceError>
    where
        Q: Serialize + Sync,
        A: Serialize + DeserializeOwned,
    {
        let answer = self.request(subject, question, limit).await;
        match &answer {
            Ok(_) => self.health.user_service_answers(),
            Err(NotAnswered::Refused(_)) => {}
            Err(NotAnswered::Failed(why)) => self.health.user_service_fails(why.clone()),
        }
        answer.map_err(UserServiceError::from)
    }

    /// Asks for a comparison. What becomes of it says nothing of deliveries.
    async fn ask_aside<Q, A>(
        &self,
        subject: &str,
        question: &Q,
        limit: Duration,
    ) -> Result<A, UserServiceError>
    where
        Q: Serialize + Sync,
        A: Serialize + DeserializeOwned,
    {
        let answer = self.request(subject, question, limit).await;
        answer.map_err(|why| {
            if let NotAnswered::Failed(why) = &why {
                tracing::debug!(why, "users cannot be compared");
            }
            why.into()
        })
    }

    async fn request<Q, A>(&self, subject: &str, question: &Q, limit: Duration) -> Result<A, NotAnswered>
    where
        Q: Serialize + Sync,
        A: Serialize + DeserializeOwned,
    {
        let payload = Bytes::from(serde_json::to_vec(question).expect("contracts have text keys"));
        let mut found = HeaderMap::new();
        found.insert(headers::TIME_LEFT_MS, limit.as_millis().to_string());
        match self.nats.request(subject, found, payload, limit).await {
            Ok(message) => {
                let answer = from_object(&message.payload);
                answer.map_err(|error| not_understood(subject, &error))
            }
            Err(error) => Err(not_answered(subject, &error)),
        }
    }
}

/// Why there is no answer.
enum NotAnswered {
    Refused(ErrorCode),
    /// In words.
    Failed(String),
}

impl From<NotAnswered> for UserServiceError {
    fn from(why: NotAnswered) -> Self {
        match why {
            NotAnswered::Refused(code) => Self::Rejected(code),
            NotAnswered::Failed(_) => Self::NoResponse,
        }
    }
}

fn not_understood(subject: &str, error: &serde_json::Error) -> NotAnswered {
    // The words of the parser may quote the body, which holds personal data.
    let (line, column) = (error.line(), error.column());
    NotAnswered::Failed(format!(
        "{subject}: not understood at line {line}, column {column}"
    ))
}

fn not_answered(subject: &str, error: &RequestError) -> NotAnswered {
    if let RequestError::Service { body, .. } = error
        && let Ok(refusal) = serde_json::from_slice::<ServiceError>(body)
    {
        tracing::debug!(subject, code = ?refusal.code, "the user service refused");
        return NotAnswered::Refused(refusal.code);
    }
    NotAnswered::Failed(format!("{subject}: {error}"))
}
