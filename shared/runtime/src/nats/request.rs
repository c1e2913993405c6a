//! One request and its answer, or the reason why there is none.

use std::time::Duration;

use async_nats::service::{NATS_SERVICE_ERROR, NATS_SERVICE_ERROR_CODE};
use async_nats::{Client, HeaderMap, Message, StatusCode};
use bytes::Bytes;
use tokio::sync::watch;

use super::replies::Replies;
use super::state::{NatsState, ViolationKind};

/// The request has no answer.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// There is no connection; nothing was sent.
    #[error("not connected to NATS")]
    Disconnected,
    /// No service answers this subject, so nothing was done.
    #[error("subject {subject:?} has no responder")]
    NoResponders {
        /// The subject of the request.
        subject: String,
    },
    /// The server does not let this user send to the subject, or listen for answers.
    #[error(
        "NATS forbids the use of subject {subject:?}; correct the permissions of the service's NATS user"
    )]
    Forbidden {
        /// The subject of the request, or the connection's own inbox.
        subject: String,
    },
    /// No answer in time; the request may have been carried out, or be carried out later.
    #[error("subject {subject:?} did not answer within {limit:?}")]
    TimedOut {
        /// The subject of the request.
        subject: String,
        /// How long the caller waited.
        limit: Duration,
    },
    /// The service answered with an error.
    #[error("subject {subject:?} answered {code}: {error}")]
    Service {
        /// The subject of the request.
        subject: String,
        /// The number of the error, such as an HTTP status.
        code: u16,
        /// The error, in the service's words.
        error: String,
        /// The body of the answer.
        body: Bytes,
    },
    /// The request could not be sent: it is too large, or the connection is closed for good.
    #[error("request to subject {subject:?} cannot be sent: {reason}")]
    Other {
        /// The subject of the request.
        subject: String,
        /// Why it cannot be sent.
        reason: String,
    },
}

/// Sends a request and waits for its answer without a time limit. The caller sets the limit.
pub(super) async fn exchange(
    client: &Client,
    replies: &Replies,
    state: watch::Receiver<NatsState>,
    subject: &str,
    headers: HeaderMap,
    payload: Bytes,
) -> Result<Message, RequestError> {
    let forbidden_before = state.borrow().times_forbidden(ViolationKind::Publish, subject);
    let mut expected = replies.expect();
    let reply_to = expected.subject().to_owned();
    let sent = if headers.is_empty() {
        client
            .publish_with_reply(subject.to_owned(), reply_to, payload)
            .await
    } else {
        client
            .publish_with_reply_and_headers(subject.to_owned(), reply_to, headers, payload)
            .await
    };
    let other = |reason: String| RequestError::Other {
        subject: subject.to_owned(),
        reason,
    };
    sent.map_err(|error| other(error.to_string()))?;
    let answer = tokio::select! {
        answer = expected.receive() => answer,
        subject = forbidden(state, subject, forbidden_before, replies.subject()) => {
            return Err(RequestError::Forbidden { subject });
        }
    };
    let answer = answer.ok_or_else(|| other("the connection is closed".to_owned()))?;
    read_answer(answer, subject)
}

/// Waits until the server forbids the subject or the inbox. A forbidden request gets no answer; the server only reports an error
/// on the connection.
async fn forbidden(mut state: watch::Receiver<NatsState>, subject: &str, before: u64, inbox: &str) -> String {
    let no_inbox = |state: &NatsState| state.times_forbidden(ViolationKind::Subscribe, inbox) > 0;
    let again = |state: &NatsState| state.times_forbidden(ViolationKind::Publish, subject) > before;
    // Decided at once, because the guard must not be held across an await.
    let seen = state.wait_for(|state| no_inbox(state) || again(state)).await;
    match seen.map(|state| no_inbox(&state)) {
        Ok(true) => inbox.to_owned(),
        Ok(false) => subject.to_owned(),
        // The client was dropped, so `exchange` ends with its own error.
        Err(_) => std::future::pending().await,
    }
}

fn read_answer(answer: Message, subject: &str) -> Result<Message, RequestError> {
    if answer.status == Some(StatusCode::NO_RESPONDERS) {
        return Err(RequestError::NoResponders {
            subject: subject.to_owned(),
        });
    }
    let header = |name: &str| {
        answer
            .headers
            .as_ref()
            .and_then(|headers| headers.get(name))
            .map(async_nats::HeaderValue::as_str)
    };
    let (code, error) = (header(NATS_SERVICE_ERROR_CODE), header(NATS_SERVICE_ERROR));
    if code.is_none() && error.is_none() {
        return Ok(answer);
    }
    let error = RequestError::Service {
        subject: subject.to_owned(),
        // A code that is not a number is a defect of the service, so it counts as 500.
        code: code.and_then(|code| code.parse().ok()).unwrap_or(500),
        error: error.unwrap_or_default().to_owned(),
        body: answer.payload.clone(),
    };
    Err(error)
}
