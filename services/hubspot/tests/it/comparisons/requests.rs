//! Requests for comparisons, as a gateway sends them.

use async_nats::HeaderMap;
use contracts::{
    CompareUsers, Comparison, ComparisonPurpose, ErrorCode, Request, ServiceError, UserSelection, headers,
};
use futures_util::StreamExt;
use runtime::nats::RequestError;

use crate::harness::{CEILING, Stack};

/// How long a caller waits for an answer, in milliseconds.
const TIME_LEFT_MS: u64 = 30_000;

impl Stack {
    /// Asks the worker that delivers to compare all users.
    pub(crate) async fn compare(&self, purpose: ComparisonPurpose) -> Result<Comparison, ServiceError> {
        self.request_comparison(&comparison(purpose, true), TIME_LEFT_MS)
            .await
    }

    pub(super) async fn request_comparison(
        &self,
        body: &[u8],
        time_left_ms: u64,
    ) -> Result<Comparison, ServiceError> {
        let mut with_deadline = HeaderMap::new();
        with_deadline.insert(headers::TIME_LEFT_MS, time_left_ms.to_string());
        let (subject, body) = (CompareUsers::SUBJECT, body.to_vec().into());
        let answer = self.users.client.request(subject, with_deadline, body, CEILING);
        match answer.await {
            Ok(message) => Ok(serde_json::from_slice(&message.payload).unwrap()),
            Err(RequestError::Service { body, .. }) => Err(serde_json::from_slice(&body).unwrap()),
            Err(RequestError::NoResponders { .. }) => {
                Err(ServiceError::new(ErrorCode::Unavailable, "nobody answers"))
            }
            Err(other) => panic!("{other}"),
        }
    }

    /// Sends this many requests, one after the other. Returns how many answers there are once `end` has ended.
    pub(super) async fn count_answers(&self, requests: usize, end: impl Future<Output = ()>) -> usize {
        let client = self.users.client.client();
        let inbox = client.new_inbox();
        let mut answers = client.subscribe(inbox.clone()).await.unwrap();
        for _ in 0..requests {
            let body = comparison(ComparisonPurpose::Drift { repair: false }, false).into();
            client
                .publish_with_reply(CompareUsers::SUBJECT, inbox.clone(), body)
                .await
                .unwrap();
            answers.next().await.unwrap();
        }
        end.await;
        // The workers have ended, so whatever they answered arrives before this message.
        client.publish(inbox, "the last one".into()).await.unwrap();
        let further = answers.take_while(|message| {
            let is_answer = message.payload.as_ref() != b"the last one";
            std::future::ready(is_answer)
        });
        requests + further.count().await
    }
}

fn comparison(purpose: ComparisonPurpose, values: bool) -> Vec<u8> {
    let compare = CompareUsers {
        purpose,
        users: UserSelection::After(None),
        values,
    };
    serde_json::to_vec(&compare).unwrap()
}
