//! Users that are compared with their contacts.

use std::time::Duration;

use async_nats::{HeaderMap, StatusCode};
use contracts::{
    CompareUsers, Comparison, ComparisonPurpose, ErrorCode, ReadUsersToCompare, RepairUser, RepairUsers,
    ServiceError, UserId, UserSelection, UserToCompare, UsersRepaired, UsersToCompare, headers, subjects,
};

use futures_util::StreamExt;

use super::{Row, Users};

/// How the scripted user service answers those who compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Manner {
    #[default]
    Well,
    /// With what nobody understands.
    Babbling,
    /// Not at all.
    Silent,
}

impl Users {
    /// Asks the worker that delivers to compare everybody, as a gateway does.
    pub(crate) async fn compare(&self, aim: ComparisonPurpose) -> Result<Comparison, ServiceError> {
        let compare = CompareUsers {
            purpose: aim,
            users: UserSelection::After(None),
            values: true,
        };
        self.ask_to_compare(&serde_json::to_vec(&compare).unwrap(), 30_000)
            .await
    }

    pub(crate) async fn ask_to_compare(
        &self,
        body: &[u8],
        time_left_ms: u64,
    ) -> Result<Comparison, ServiceError> {
        let mut found = HeaderMap::new();
        found.insert(headers::TIME_LEFT_MS, time_left_ms.to_string());
        let request = async_nats::Request::new()
            .headers(found)
            .payload(body.to_vec().into())
            .timeout(Some(Duration::from_secs(30)));
        let answer = self.client.send_request(subjects::HUBSPOT_COMPARE, request).await;
        let Ok(answer) = answer else {
            return Err(ServiceError::new(ErrorCode::Unavailable, "nobody answers"));
        };
        assert_ne!(answer.status, Some(StatusCode::NO_RESPONDERS));
        let is_error = answer
            .headers
            .is_some_and(|found| found.get(headers::SERVICE_ERROR_CODE).is_some());
        if is_error {
            return Err(serde_json::from_slice(&answer.payload).unwrap());
        }
        Ok(serde_json::from_slice(&answer.payload).unwrap())
    }

    /// Asks so often, one question after the other; returns how many answers come in all, once `end` is through.
    pub(crate) async fn count_answers(&self, questions: usize, end: impl Future<Output = ()>) -> usize {
        let inbox = self.client.new_inbox();
        let mut answers = self.client.subscribe(inbox.clone()).await.unwrap();
        for _ in 0..questions {
            let compare = CompareUsers {
                purpose: ComparisonPurpose::Drift { repair: false },
                users: UserSelection::After(None),
                values: false,
            };
            let body = serde_json::to_vec(&compare).unwrap().into();
            let asked = self
                .client
                .publish_with_reply(subjects::HUBSPOT_COMPARE, inbox.clone(), body);
            asked.await.unwrap();
            answers.next().await.unwrap();
        }
        end.await;
        // Whatever the server had before this it has passed on.
        self.client.flush().await.unwrap();
        answers.unsubscribe().await.unwrap();
        questions + answers.count().await
    }

    /// What was asked to be sent again so far.
    pub(crate) fn repairs(&self) -> Vec<RepairUser> {
        self.state().repairs.clone()
    }

    /// Answers so from now on where users are to be compared.
    pub(crate) fn answer_comparisons(&self, manner: Manner) {
        self.state().manner = manner;
    }

    /// How users to compare are answered, which were asked for once more.
    pub(super) fn manner(&self) -> Manner {
        let mut state = self.state();
        state.asked_to_compare += 1;
        state.manner
    }

    /// How often users to compare were asked for.
    pub(crate) fn asked_to_compare(&self) -> usize {
        self.state().asked_to_compare
    }

    /// Gives the lease to whoever asks, from now on.
    pub(crate) fn trust_everybody(&self) {
        self.state().trusts_everybody = true;
    }

    pub(super) fn to_compare(&self, read: &ReadUsersToCompare) -> UsersToCompare {
        let state = self.state();
        let is_wanted = |row: &Row| {
            if read.dirty_only {
                !row.owed.is_empty()
            } else {
                row.link.is_some()
            }
        };
        let wanted = state.rows.iter().filter(|(_, row)| is_wanted(row));
        UsersToCompare {
            users: wanted
                .map(|(user_id, row)| user_to_compare(user_id, row))
                .collect(),
            ..UsersToCompare::default()
        }
    }

    pub(super) fn repair(&self, repair: RepairUsers) -> UsersRepaired {
        let repaired = u64::try_from(repair.users.len()).unwrap();
        self.state().repairs.extend(repair.users);
        UsersRepaired {
            repaired,
            changed_meanwhile: 0,
        }
    }
}

fn user_to_compare(user_id: &UserId, row: &Row) -> UserToCompare {
    let confirmed = row.values.keys().filter(|field| !row.owed.contains_key(field));
    UserToCompare {
        user_id: user_id.clone(),
        generation: row.version,
        values: row.values.clone(),
        confirmed: confirmed.copied().collect(),
        dirty: row.owed.keys().copied().collect(),
        link: row.link.clone(),
        never_linked: row.link.is_none(),
    }
}
