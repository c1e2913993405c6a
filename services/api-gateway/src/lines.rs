//! What the workers say of the line to HubSpot, for as long as they say it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use contracts::{DeliveryNotice, DeliveryStatus, subjects};
use futures_util::StreamExt;
use runtime::nats::{Nats, from_object};
use serde::Serialize;
use tokio::time::Instant;

/// A worker that has said nothing for so long is gone: each speaks once a second.
const GONE_AFTER: Duration = Duration::from_secs(3);
/// The most workers that are remembered, so that nobody can fill the memory by making them up.
const MOST_WORKERS: usize = 64;

/// The last notice of each worker. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lines {
    heard: Arc<Mutex<BTreeMap<String, (DeliveryNotice, Instant)>>>,
}

/// How the line stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Line {
    /// What the worker that has the line says of it; none where none has it.
    #[serde(flatten)]
    pub(crate) notice: Option<DeliveryNotice>,
    /// How many workers there are.
    pub(crate) workers: usize,
}

impl Lines {
    /// Listens for as long as there is a connection, and again over the next.
    pub(crate) async fn listen(&self, nats: &Nats) -> Result<(), async_nats::SubscribeError> {
        let mut notices = nats.client().subscribe(subjects::HUBSPOT_DELIVERY).await?;
        while let Some(message) = notices.next().await {
            match from_object(&message.payload) {
                Ok(notice) => self.heard(notice),
                Err(error) => tracing::debug!(%error, "a notice of the line is not understood"),
            }
        }
        Ok(())
    }

    fn heard(&self, notice: DeliveryNotice) {
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        heard.retain(|_, (_, at)| at.elapsed() < GONE_AFTER);
        if heard.len() < MOST_WORKERS || heard.contains_key(&notice.worker) {
            heard.insert(notice.worker.clone(), (notice, Instant::now()));
        }
    }

    /// How the line stands now.
    pub(crate) fn now(&self) -> Line {
        let heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let present = heard.values().filter(|(_, at)| at.elapsed() < GONE_AFTER);
        let workers = present.clone().count();
        // Whoever has just lost the line may still speak of it as its own: the later one counts.
        let has_line = present.filter(|(notice, _)| !matches!(notice.status, DeliveryStatus::Standby));
        let latest = has_line.max_by_key(|(notice, at)| (notice.status != DeliveryStatus::Starting, *at));
        Line {
            notice: latest.map(|(notice, _)| notice.clone()),
            workers,
        }
    }
}

/// How often it is looked whether a pause has taken effect.
const LOOK_EVERY: Duration = Duration::from_millis(20);

impl Lines {
    /// Waits until the delivering worker has reported that it paused, or that it resumed; at most for `limit`. Whether it has.
    pub(crate) async fn wait_for_pause(&self, paused: bool, limit: Duration) -> bool {
        let in_effect = async {
            while !self.is_pause_in_effect(paused) {
                tokio::time::sleep(LOOK_EVERY).await;
            }
        };
        tokio::time::timeout(limit, in_effect).await.is_ok()
    }

    /// Whether the delivering worker does as the pause says. Where no worker delivers, there is nothing to wait for.
    pub(crate) fn is_pause_in_effect(&self, paused: bool) -> bool {
        let state = self.now().notice.map(|notice| notice.status);
        let contrary = if paused {
            DeliveryStatus::Running
        } else {
            DeliveryStatus::Paused
        };
        state != Some(contrary)
    }
}

#[cfg(test)]
mod tests {
    use contracts::CallLimits;

    use super::*;

    fn notice(worker: &str, state: DeliveryStatus) -> DeliveryNotice {
        DeliveryNotice {
            worker: worker.to_owned(),
            status: state,
            message: "in words".to_owned(),
            cause: None,
            code: None,
            correlation_id: None,
            since: "2026-11-26T12:00:00.000Z".to_owned(),
            calls: CallLimits::default(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_worker_that_has_the_line_speaks_for_it() {
        let lines = Lines::default();
        lines.heard(notice("a", DeliveryStatus::Running));
        lines.heard(notice("b", DeliveryStatus::Standby));
        lines.heard(notice("c", DeliveryStatus::Starting));
        let line = lines.now();
        assert_eq!(line.workers, 3);
        assert_eq!(line.notice.map(|notice| notice.worker), Some("a".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn of_two_who_speak_of_the_line_as_theirs_the_later_one_counts() {
        let lines = Lines::default();
        lines.heard(notice("a", DeliveryStatus::Running));
        tokio::time::advance(Duration::from_millis(500)).await;
        lines.heard(notice("b", DeliveryStatus::Halted));
        assert_eq!(
            lines.now().notice.map(|notice| notice.status),
            Some(DeliveryStatus::Halted)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_says_nothing_is_gone() {
        let lines = Lines::default();
        lines.heard(notice("a", DeliveryStatus::Running));
        tokio::time::advance(GONE_AFTER).await;
        let gone = Line {
            notice: None,
            workers: 0,
        };
        assert_eq!(lines.now(), gone);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_in_effect_once_the_worker_says_so_or_there_is_none() {
        let lines = Lines::default();
        let limit = Duration::from_secs(2);
        assert!(lines.wait_for_pause(true, limit).await);
        lines.heard(notice("a", DeliveryStatus::Running));
        lines.heard(notice("b", DeliveryStatus::Standby));
        assert!(!lines.wait_for_pause(true, limit).await);
        lines.heard(notice("a", DeliveryStatus::Running));
        let (in_effect, ()) = tokio::join!(lines.wait_for_pause(true, limit), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            lines.heard(notice("a", DeliveryStatus::Paused));
        });
        assert!(in_effect);
        assert!(!lines.is_pause_in_effect(false));
        // A worker that dies says nothing any more.
        assert!(lines.wait_for_pause(false, GONE_AFTER).await);
    }

    #[tokio::test(start_paused = true)]
    async fn made_up_workers_do_not_fill_the_memory() {
        let lines = Lines::default();
        for worker in 0..1_000 {
            lines.heard(notice(&worker.to_string(), DeliveryStatus::Standby));
        }
        assert_eq!(lines.now().workers, MOST_WORKERS);
    }
}
