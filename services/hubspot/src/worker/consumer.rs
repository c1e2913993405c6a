//! The durable consumer of the lease holder: made anew on each lease, on reconnect, and when it is lost.

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

/// How long the broker waits for an acknowledgement before it delivers again. A full window is delivered in a third of
/// that, and what is delivered twice does no harm. In a cluster a delivery or an acknowledgement may be lost between two
/// nodes with nobody disconnected, and this is what brings the wake-up back.
const ACK_WAIT: Duration = Duration::from_secs(30);
/// A consumer that lived so long is followed by the next without much of a pause.
const UNDISTURBED: Duration = Duration::from_secs(5);
const REQUEST_LIMIT: Duration = Duration::from_secs(5);
const PULL_EXPIRES: Duration = Duration::from_secs(30);
const HEARTBEAT: Duration = Duration::from_secs(5);
const PULL_AT_ONCE: usize = 500;
/// In its metadata the consumer has a mark of its own each time it is made.
pub(super) const MADE_AS: &str = "made-as";

/// Delivers wake-ups until the task is aborted.
pub(super) async fn deliver(nats: Nats, health: Health, inputs: mpsc::Sender<Input>) {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(2));
    loop {
        nats.wait_until_connected().await;
        let connection = nats.epoch();
        match make_anew(&nats).await {
            Ok(consumer) => {
                let made = Instant::now();
                health.wake_ups(Some(Ok(())));
                let end = tokio::select! {
                    end = pull(&consumer, &inputs) => end,
                    () = nats.wait_until_disconnected() => "the connection was lost".to_owned(),
                    _ = nats.wait_for_reconnect(connection) => "the connection was made anew".to_owned(),
                    end = watchdog::watch(&nats, &consumer) => end,
                };
                // Where another worker wants it too and nobody can say whose the lease is, each would undo the other's
                // without a pause.
                if made.elapsed() >= UNDISTURBED {
                    backoff.reset();
                }
                tracing::info!(
                    reason = end,
                    "wake-ups received so far are dropped; the consumer is made anew"
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

/// Deletes the consumer and creates it, so that everything in the stream is delivered, whatever was before.
async fn make_anew(nats: &Nats) -> Result<Consumer<pull::Config>, String> {
    let context = nats.jetstream();
    let config = pull::Config {
        durable_name: Some(CONSUMER.to_owned()),
        description: Some("the hubspot worker that holds the lease".to_owned()),
        metadata: HashMap::from([(MADE_AS.to_owned(), Uuid::new_v4().to_string())]),
        // Somebody else's stream of this name may hold other messages, which are not ours to remove. As a list, because a single
        // filter would become part of the API's subject, which credentials may be limited to.
        filter_subjects: vec![USERS_CHANGED_ALL.to_owned()],
        ack_policy: AckPolicy::Explicit,
        ack_wait: ACK_WAIT,
        max_deliver: -1,
        max_ack_pending: i64::try_from(WINDOW).unwrap_or(i64::MAX),
        ..pull::Config::default()
    };
    let work = async {
        // Not there is as good as deleted; another failure shows in the creation.
        drop(context.delete_consumer_from_stream(CONSUMER, STREAM).await);
        // Strictly: one that another worker made meanwhile holds back what it has given that worker.
        context.create_consumer_strict_on_stream(config, STREAM).await
    };
    match timeout(REQUEST_LIMIT, work).await {
        Ok(Ok(consumer)) => Ok(consumer),
        Ok(Err(error)) => Err(format!(
            "consumer {CONSUMER:?} of stream {STREAM:?} cannot be made: {error}"
        )),
        Err(_) => Err(format!(
            "consumer {CONSUMER:?} of stream {STREAM:?}: no answer from NATS"
        )),
    }
}

/// Pulls until something goes wrong, and says what.
async fn pull(consumer: &Consumer<pull::Config>, inputs: &mpsc::Sender<Input>) -> String {
    let stream = consumer
        .stream()
        .max_messages_per_batch(PULL_AT_ONCE)
        .expires(PULL_EXPIRES)
        .heartbeat(HEARTBEAT)
        .messages();
    let mut messages = match timeout(REQUEST_LIMIT, stream).await {
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
            None => end(&message).await,
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
        ack,
    })
}

/// What is not a wake-up would come again for ever.
async fn end(message: &jetstream::Message) {
    tracing::error!(subject = %message.subject, "a message in the stream is no wake-up; it is removed");
    if let Err(error) = message.ack_with(AckKind::Term).await {
        tracing::debug!(%error, "the message was not removed, and comes again");
    }
}
