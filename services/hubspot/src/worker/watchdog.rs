//! Notices when wake-ups will not be delivered: the stream was rolled back, a worker whose lease has ended created the
//! consumer again, or somebody changed or paused it.

use std::time::Duration;

use async_nats::jetstream::{
    consumer::{Consumer, pull},
    response::Response,
};
use contracts::subjects::{CONSUMER, STREAM};
use runtime::nats::Nats;
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::consumer::INSTANCE;

const COUNT_CHECK_INTERVAL: Duration = Duration::from_secs(10);
/// How often the consumer's settings are read. A worker that does not know yet that its lease has ended may create the
/// consumer again and receive the messages of the stream. Nothing else would show that to the holder, and the broker would
/// wait for that worker's acknowledgements first.
const SETTINGS_CHECK_INTERVAL: Duration = Duration::from_secs(2);
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);

/// The counts of stream and consumer. Two equal readings in a row mean that nothing is being delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    messages: u64,
    last_sequence: u64,
    delivered: u64,
    to_come: u64,
}

impl Counts {
    /// Whether the stream holds messages that the consumer will not deliver.
    fn is_out_of_sync(self) -> bool {
        self.messages > self.to_come
    }
}

/// Waits until wake-ups will not be delivered, and returns why. If the counts or settings cannot be read, it goes on.
pub(super) async fn watch(nats: &Nats, consumer: &Consumer<pull::Config>) -> String {
    tokio::select! {
        end = watch_counts(nats, consumer) => end,
        end = watch_settings(nats) => end,
    }
}

async fn watch_counts(nats: &Nats, consumer: &Consumer<pull::Config>) -> String {
    let mut before: Option<Counts> = None;
    loop {
        tokio::time::sleep(COUNT_CHECK_INTERVAL).await;
        let now = count(nats, consumer).await;
        if let Some(counts) = now.filter(|counts| counts.is_out_of_sync() && before == Some(*counts)) {
            let (messages, known) = (counts.messages, counts.to_come);
            return format!(
                "the stream holds {messages} messages, but the consumer will deliver only {known}"
            );
        }
        before = now;
    }
}

/// Watches the settings. The first reading shows the consumer as it was just created. A deleted consumer is noticed by the
/// pull.
async fn watch_settings(nats: &Nats) -> String {
    let mut made: Option<Settings> = None;
    loop {
        let now = settings(nats).await;
        if let (Some(made), Some(now)) = (&made, &now) {
            if instance_of(made) != instance_of(now) {
                return "another worker created the consumer again".to_owned();
            }
            let names = differing(made, now);
            if !names.is_empty() {
                return format!("somebody changed settings of the consumer: {}", names.join(", "));
            }
        }
        made = made.or(now);
        tokio::time::sleep(SETTINGS_CHECK_INTERVAL).await;
    }
}

/// The settings as the server returns them, including those that the client library does not know.
type Settings = Map<String, Value>;

async fn settings(nats: &Nats) -> Option<Settings> {
    let context = nats.jetstream();
    let subject = format!("CONSUMER.INFO.{STREAM}.{CONSUMER}");
    let answer: Response<Value> = timeout(REQUEST_TIMEOUT, context.request(subject, &json!({})))
        .await
        .ok()?
        .ok()?;
    match answer {
        Response::Ok(Value::Object(mut info)) => match info.remove("config") {
            Some(Value::Object(settings)) => Some(settings),
            _ => None,
        },
        Response::Ok(_) | Response::Err { .. } => None,
    }
}

fn instance_of(settings: &Settings) -> Option<&Value> {
    settings.get("metadata")?.get(INSTANCE)
}

/// The names of the settings that differ and could keep wake-ups from being delivered.
fn differing<'s>(made: &'s Settings, now: &'s Settings) -> Vec<&'s str> {
    let names = made
        .keys()
        .chain(now.keys().filter(|name| !made.contains_key(*name)));
    names
        .map(String::as_str)
        .filter(|name| !["metadata", "description", "num_replicas"].contains(name))
        .filter(|name| made.get(*name) != now.get(*name))
        .collect()
}

async fn count(nats: &Nats, consumer: &Consumer<pull::Config>) -> Option<Counts> {
    let context = nats.jetstream();
    let work = async {
        let stream = context.get_stream(STREAM).await.ok()?;
        let state = stream.cached_info().state.clone();
        let info = consumer.get_info().await.ok()?;
        Some(Counts {
            messages: state.messages,
            last_sequence: state.last_sequence,
            delivered: info.delivered.consumer_sequence,
            to_come: info.num_pending + u64::try_from(info.num_ack_pending).unwrap_or(u64::MAX),
        })
    };
    timeout(REQUEST_TIMEOUT, work).await.ok().flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_messages_unknown_to_the_consumer_count_as_stuck() {
        let counts = Counts {
            messages: 7,
            last_sequence: 9,
            delivered: 4,
            to_come: 7,
        };
        assert!(!counts.is_out_of_sync());
        assert!(Counts { to_come: 6, ..counts }.is_out_of_sync());
        assert!(!Counts { to_come: 8, ..counts }.is_out_of_sync());
    }

    #[test]
    fn settings_that_keep_wake_ups_back_differ() {
        let settings = |value: Value| value.as_object().cloned().expect("an object");
        let made =
            settings(json!({ "max_ack_pending": 10_000, "metadata": { INSTANCE: "a" }, "ack_wait": 30 }));
        let now = settings(json!({
            "max_ack_pending": 1, "metadata": { INSTANCE: "a", "team": "crm" }, "ack_wait": 30, "pause_until": "2100-01-01T00:00:00Z"
        }));
        assert_eq!(differing(&made, &now), ["max_ack_pending", "pause_until"]);
        assert_eq!(instance_of(&made), instance_of(&now));
    }
}
