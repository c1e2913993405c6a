//! Notices messages that the stream holds but the consumer will never deliver, as after a stream was rolled back.

use std::time::Duration;

use async_nats::jetstream::consumer::{Consumer, pull};
use contracts::subjects::STREAM;
use runtime::nats::Nats;
use tokio::time::timeout;

const EVERY: Duration = Duration::from_secs(10);
const LIMIT: Duration = Duration::from_secs(5);

/// What the two sides say; equal twice running only while nothing moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Counts {
    messages: u64,
    last_sequence: u64,
    delivered: u64,
    to_come: u64,
}

impl Counts {
    /// Whether the stream holds messages that the consumer does not know of.
    fn apart(self) -> bool {
        self.messages > self.to_come
    }
}

/// Returns when messages are stuck, and says so. Numbers that cannot be had prove nothing.
pub(super) async fn watch(nats: &Nats, consumer: &Consumer<pull::Config>) -> String {
    let mut before: Option<Counts> = None;
    loop {
        tokio::time::sleep(EVERY).await;
        let now = count(nats, consumer).await;
        if let Some(counts) = now.filter(|counts| counts.apart() && before == Some(*counts)) {
            let (messages, known) = (counts.messages, counts.to_come);
            return format!("the stream holds {messages} messages, and the consumer knows of {known}");
        }
        before = now;
    }
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
    timeout(LIMIT, work).await.ok().flatten()
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
        assert!(!counts.apart());
        assert!(Counts { to_come: 6, ..counts }.apart());
        assert!(!Counts { to_come: 8, ..counts }.apart());
    }
}
