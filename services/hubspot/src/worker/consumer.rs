//! The durable consumer of the lease holder. It is deleted and created again on each lease, after a reconnect, and when it
//! is lost.

use std::{collections::HashMap, time::Duration};

use async_nats::jetstream::{
    self, AckKind,
    consumer::{AckPolicy, Consumer, pull},
};
use contracts::{
    UserChanged,
    subjects::{CONSUMER, STREAM, USERS_CHANGED_ALL, WINDOW, user_of_subject},
};
use futures_util::StreamExt;
use runtime::{
    Backoff,
    nats::{Nats, from_object},
};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};
use uuid::Uuid;

use super::{health::Health, watchdog};
use crate::engine::{AckHandle, Input};

/// How long the broker waits for an acknowledgement before it delivers a wake-up again. A repeated delivery does no harm. In
/// a cluster a delivery or an acknowledgement can be lost between two nodes without a disconnect, and only this repeat
/// brings the wake-up back.
const ACK_WAIT: Duration = Duration::from_secs(30);
/// If a consumer lived at least this long, the pause before the next one starts over with the shortest.
const STABLE_AFTER: Duration = Duration::from_secs(5);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
const PULL_EXPIRES: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(5);
const MAX_PER_PULL: usize = 500;
/// The key in the consumer's metadata for a random id, which is new each time the consumer is created.
pub(super) const INSTANCE: &str = "made-as";

/// Delivers wake-ups until the task is aborted.
pub(super) async fn deliver(nats: Nats, health: Health, inputs: mpsc::Sender<Input>) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    loop {
        nats.wait_until_connected().await;
        let connection = nats.epoch();
        match recreate(&nats).await {
            Ok(consumer) => {
                let made = Instant::now();
                health.wake_ups(Some(Ok(())));
                let end = tokio::select! {
                    end = pull(&consumer, &inputs) => end,
                    () = nats.wait_until_disconnected() => "the connection was lost".to_owned(),
                    _ = nats.wait_for_reconnect(connection) => "the client reconnected".to_owned(),
                    end = watchdog::watch(&nats, &consumer) => end,
                };
                // Two workers that both believe they hold the lease would delete each other's consumer again and again. So
                // the pause keeps growing until a consumer lasts.
                if made.elapsed() >= STABLE_AFTER {
                    backoff.reset();
                }
                tracing::info!(
                    reason = end,
                    "dropping the wake-ups received so far and creating the consumer again"
                );
            }
            Err(why) => health.wake_ups(Some(Err(why))),
        }
        if inputs.send(Input::WakeUpsDropped).await.is_err() {
            return;
        }
        tokio::time::sleep(backoff.next_delay()).await;
    }
}

/// Deletes the consumer and creates it again, so that it delivers every message in the stream.
async fn recreate(nats: &Nats) -> Result<Consumer<pull::Config>, String> {
    let context = nats.jetstream();
    let config = pull::Config {
        durable_name: Some(CONSUMER.to_owned()),
        description: Some("the hubspot worker that holds the lease".to_owned()),
        metadata: HashMap::from([(INSTANCE.to_owned(), Uuid::new_v4().to_string())]),
        // A filter, because a stream of this name that somebody else made may hold other messages, which must not be removed.
        // A list, because a single filter would become part of the API's subject, which permissions may not allow.
        filter_subjects: vec![USERS_CHANGED_ALL.to_owned()],
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_deliver: -1,
        max_ack_pending: i64::try_from(WINDOW).unwrap_or(i64::MAX),
        ..pull::Config::default()
    };
    let work = async {
        // It may not exist. Any other failure shows when the consumer is created.
        drop(context.delete_consumer_from_stream(CONSUMER, STREAM).await);
        // Strict creation fails if another worker has created it since. That consumer must not be reused, because it would
        // withhold the messages that it has delivered to that worker.
        context.create_consumer_strict_on_stream(config, STREAM).await
    };
    match timeout(REQUEST_TIMEOUT, work).await {
        Ok(Ok(consumer)) => Ok(consumer),
        Ok(Err(error)) => Err(format!(
            "consumer {CONSUMER:?} of stream {STREAM:?} cannot be created: {error}"
        )),
        Err(_) => Err(format!(
            "consumer {CONSUMER:?} of stream {STREAM:?}: no answer from NATS"
        )),
    }
}

/// Pulls messages until something fails. Returns what failed.
async fn pull(consumer: &Consumer<pull::Config>, inputs: &mpsc::Sender<Input>) -> String {
    let stream = consumer
        .stream()
        .max_messages_per_batch(MAX_PER_PULL)
        .expires(PULL_EXPIRES)
        .heartbeat(HEARTBEAT)
        .messages();
    let mut messages = match timeout(REQUEST_TIMEOUT, stream).await {
        Ok(Ok(messages)) => messages,
        Ok(Err(error)) => return error.to_string(),
        Err(_) => return "no answer to the first pull".to_owned(),
    };
    while let Some(message) = messages.next().await {
        let message = match message {
            Ok(message) => message,
            Err(error) => return error.to_string(),
        };
        match wake_up(&message) {
            Some(input) => {
                if inputs.send(input).await.is_err() {
                    return "the worker has ended".to_owned();
                }
            }
            None => terminate(&message).await,
        }
    }
    "the pull ended".to_owned()
}

fn wake_up(message: &jetstream::Message) -> Option<Input> {
    let ack = AckHandle {
        sequence: message.info().ok()?.stream_sequence,
        reply: message.reply.as_ref()?.as_str().into(),
    };
    let changed: UserChanged = from_object(&message.payload).ok()?;
    let named = user_of_subject(&message.subject)?;
    (named == changed.user_id).then_some(Input::WakeUp {
        user_id: named,
        priority: changed.priority,
        ack: Some(ack),
    })
}

/// Removes a message that is not a wake-up, because it would be delivered again for ever.
async fn terminate(message: &jetstream::Message) {
    tracing::error!(subject = %message.subject, "removing a message from the stream that is not a wake-up");
    if let Err(error) = message.ack_with(AckKind::Term).await {
        tracing::debug!(%error, "the message was not removed and will be delivered again");
    }
}
