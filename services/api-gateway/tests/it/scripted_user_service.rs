//! A user service whose responses the test decides, over a real connection. It records the requests.

use std::sync::{Arc, Mutex};

use async_nats::{Client, HeaderMap, Message};
use bytes::Bytes;
use contracts::{ErrorCode, ReadFields, Request, ServiceError, headers, subjects};
use futures_util::StreamExt;
use serde_json::{Value, json};
use testing::wait::until;
use tokio::sync::Notify;

use crate::harness::{CEILING, Gateway};

/// What the user service does with a request.
#[derive(Clone)]
pub(crate) enum Reaction {
    /// Answers with this body.
    Answer(Value),
    /// Answers with this body when the test allows it.
    AnswerLater(Value, Arc<Notify>),
    /// Answers with this body and this wall time of its clock.
    AnswerAt(Value, u64),
    /// Answers with text that is not JSON.
    Nonsense,
    /// Answers with an error, as the services framework does.
    Reject(ServiceError),
    /// Does not answer.
    Silence,
    /// Does not answer, and unsubscribes.
    Leave,
}

/// A request that the service received.
#[derive(Debug, Clone)]
pub(crate) struct ReceivedRequest {
    pub(crate) subject: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl ReceivedRequest {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(async_nats::HeaderValue::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.header(name).unwrap().parse().unwrap()
    }

    /// The id of the clock of the sender, and the time of sending in milliseconds.
    pub(crate) fn sent(&self) -> (String, u64) {
        let (clock, ms) = self.header(headers::SENT).unwrap().split_once(' ').unwrap();
        (clock.to_owned(), ms.parse().unwrap())
    }
}

/// The scripted user service.
pub(crate) struct ScriptedUserService {
    requests: Arc<Mutex<Vec<ReceivedRequest>>>,
}

impl ScriptedUserService {
    /// Reacts to the first request with the first reaction, and so on. The last reaction is repeated.
    pub(crate) async fn start(gateway: &Gateway, script: Vec<Reaction>) -> Self {
        let client = async_nats::connect(gateway.nats.url()).await.unwrap();
        let mut subscription = client
            .queue_subscribe("users.>", subjects::USER_QUEUE.to_owned())
            .await
            .unwrap();
        let ping = format!("$SRV.PING.{}", subjects::USER_SERVICE);
        let mut pings = client.subscribe(ping).await.unwrap();
        wait_for_server(&client).await;
        let requests = Arc::<Mutex<Vec<ReceivedRequest>>>::default();
        let received = Arc::clone(&requests);
        tokio::spawn(async move {
            let mut script = script.into_iter();
            let mut reaction = script.next().unwrap();
            loop {
                tokio::select! {
                    Some(message) = subscription.next() => {
                        // A notice expects no answer, and the set of fields is named by the harness.
                        if message.reply.is_none() || message.subject.as_str() == ReadFields::SUBJECT {
                            continue;
                        }
                        received.lock().unwrap().push(read(&message));
                        react(&client, message, reaction.clone());
                        if matches!(reaction, Reaction::Leave) {
                            subscription.unsubscribe().await.unwrap();
                            return wait_for_server(&client).await;
                        }
                        reaction = script.next().unwrap_or(reaction);
                    }
                    Some(ping) = pings.next() => answer(&client, &ping, HeaderMap::new(), Bytes::from("{}")).await,
                    else => return,
                }
            }
        });
        Self { requests }
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<ReceivedRequest> {
        self.requests.lock().unwrap().clone()
    }

    pub(crate) async fn wait_for_requests(&self, times: usize) {
        until("requests at the user service", CEILING, async || {
            let count = self.requests().len();
            if count >= times { Ok(()) } else { Err(count) }
        })
        .await;
    }
}

/// The server handles the messages of a connection in order. When this message comes back, it has handled all earlier ones.
pub(crate) async fn wait_for_server(client: &Client) {
    let subject = client.new_inbox();
    let mut echo = client.subscribe(subject.clone()).await.unwrap();
    client.publish(subject, Bytes::new()).await.unwrap();
    tokio::time::timeout(CEILING, echo.next())
        .await
        .expect("the server echoes")
        .unwrap();
}

fn read(message: &Message) -> ReceivedRequest {
    ReceivedRequest {
        subject: message.subject.to_string(),
        headers: message.headers.clone().unwrap_or_default(),
        body: serde_json::from_slice(&message.payload).unwrap(),
    }
}

fn react(client: &Client, message: Message, reaction: Reaction) {
    let client = client.clone();
    tokio::spawn(async move {
        let mut headers = HeaderMap::new();
        let payload = match reaction {
            Reaction::Answer(body) => body.to_string(),
            Reaction::AnswerLater(body, allowed) => {
                allowed.notified().await;
                body.to_string()
            }
            Reaction::AnswerAt(body, now_ms) => {
                headers.insert(headers::NOW_UNIX_MS, now_ms.to_string());
                body.to_string()
            }
            Reaction::Nonsense => "nonsense".to_owned(),
            Reaction::Reject(error) => {
                headers.insert(headers::SERVICE_ERROR_CODE, error.code.number().to_string());
                headers.insert(headers::SERVICE_ERROR, "rejected");
                serde_json::to_string(&error).unwrap()
            }
            Reaction::Silence | Reaction::Leave => return,
        };
        answer(&client, &message, headers, payload.into()).await;
    });
}

async fn answer(client: &Client, message: &Message, headers: HeaderMap, payload: Bytes) {
    let reply = message.reply.clone().unwrap();
    client
        .publish_with_headers(reply, headers, payload)
        .await
        .unwrap();
}

pub(crate) fn reject(code: ErrorCode) -> Reaction {
    Reaction::Reject(ServiceError::new(code, "because"))
}

/// The user of most tests, as the user service answers it.
pub(crate) fn user(version: u64) -> Value {
    json!({
        "userId": "1", "email": "bh@hubspot.com", "firstName": "Brian", "lastName": null,
        "version": version, "updatedAt": "2026-01-01T00:00:00Z"
    })
}

/// The answer to an accepted change.
pub(crate) fn updated(version: u64) -> Value {
    json!({ "user": user(version), "changed": true, "sync": { "state": "pending", "version": version } })
}
