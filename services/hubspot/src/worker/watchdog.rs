//! Notices wake-ups that will not come: the stream was rolled back, or an overtaken worker took the consumer over.

use std::time::Duration;

use async_nats::jetstream::consumer::{Consumer, pull};
use contracts::subjects::STREAM;
use runtime::nats::Nats;
use tokio::time::timeout;

use super::consumer::MADE_AS;

const EVERY: Duration = Duration::from_secs(10);
/// A worker that does not know yet that its lease is over may make the consumer anew and take what the stream holds.
/// Nobody tells the holder, and the broker would wait for that worker's acknowledgements for minutes.
const OWN_EVERY: Duration = Duration::from_secs(2);
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

/// Returns when wake-ups will not come, and says why. What cannot be found out proves nothing.
pub(super) async fn watch(nats: &Nats, consumer: &Consumer<pull::Config>) -> String {
    tokio::select! {
        end = watch_counts(nats, consumer) => end,
        end = watch_maker(consumer) => end,
    }
}

async fn watch_counts(nats: &Nats, consumer: &Consumer<pull::Config>) -> String {
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

/// One that is gone is noticed by the pull.
async fn watch_maker(consumer: &Consumer<pull::Config>) -> String {
    let own = consumer.cached_info().config.metadata.get(MADE_AS);
    loop {
        tokio::time::sleep(OWN_EVERY).await;
        let seen = timeout(LIMIT, consumer.get_info()).await;
        if let Ok(Ok(info)) = seen
            && info.config.metadata.get(MADE_AS) != own
        {
            return "another worker made the consumer anew".to_owned();
        }
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
