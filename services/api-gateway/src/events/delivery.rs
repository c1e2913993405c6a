//! The status of delivery to HubSpot, as the workers report it. A report counts only for as long as the worker repeats it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use contracts::{DeliveryNotice, DeliveryStatus, Notice};
use futures_util::StreamExt;
use runtime::nats::{Nats, from_object};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::{Instant, sleep, timeout};

/// A worker whose last notice is older than this is gone: each worker publishes one every second.
const GONE_AFTER: Duration = Duration::from_secs(3);
/// How many workers are remembered. The limit keeps notices from made-up workers from filling the memory.
const MAX_WORKERS: usize = 64;
/// How often [`DeliveryMonitor::wait_until_paused_is`] checks the status.
const CHECK_INTERVAL: Duration = Duration::from_millis(20);

type Notices = BTreeMap<String, (DeliveryNotice, Instant)>;

/// The last notice of each worker, by its id. Clones share the notices.
#[derive(Debug, Clone, Default)]
pub(crate) struct DeliveryMonitor {
    notices: Arc<Mutex<Notices>>,
}

/// The status of delivery: the last report of the worker that delivers. Where no worker does, only `workers` is present.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("dependentRequired" = { "status": ["worker", "message", "since", "calls"] }))]
pub(crate) struct DeliveryReport {
    /// The notice of the worker that delivers; `None` where no worker does.
    #[serde(flatten)]
    pub(crate) notice: Option<DeliveryNotice>,
    /// How many hubspot services are running.
    pub(crate) workers: usize,
}

impl DeliveryMonitor {
    /// Takes in notices for as long as the client lives; the subscription survives reconnects.
    pub(crate) async fn listen(&self, nats: &Nats) -> Result<(), async_nats::SubscribeError> {
        let mut messages = nats.client().subscribe(DeliveryNotice::SUBJECT).await?;
        while let Some(message) = messages.next().await {
            match from_object(&message.payload) {
                Ok(notice) => self.record(notice),
                Err(error) => tracing::debug!(%error, "cannot read a delivery notice"),
            }
        }
        Ok(())
    }

    fn record(&self, notice: DeliveryNotice) {
        let mut notices = self.lock();
        notices.retain(|_, (_, at)| at.elapsed() < GONE_AFTER);
        if notices.len() < MAX_WORKERS || notices.contains_key(&notice.worker) {
            notices.insert(notice.worker.clone(), (notice, Instant::now()));
        }
    }

    /// The current status.
    pub(crate) fn report(&self) -> DeliveryReport {
        let notices = self.lock();
        let present = notices.values().filter(|(_, at)| at.elapsed() < GONE_AFTER);
        let workers = present.clone().count();
        let candidates = present.filter(|(notice, _)| notice.status != DeliveryStatus::Standby);
        // A worker that has just lost the lease may still report as the one that delivers, so the latest notice counts. A worker
        // that is starting has no lease yet and counts only where there is no other.
        let latest = candidates.max_by_key(|(notice, at)| (notice.status != DeliveryStatus::Starting, *at));
        DeliveryReport {
            notice: latest.map(|(notice, _)| notice.clone()),
            workers,
        }
    }

    /// Waits until the worker that delivers reports that it has paused (or resumed), for at most `limit`. Returns whether it
    /// has.
    pub(crate) async fn wait_until_paused_is(&self, paused: bool, limit: Duration) -> bool {
        let in_effect = async {
            while !self.is_in_effect(paused) {
                sleep(CHECK_INTERVAL).await;
            }
        };
        timeout(limit, in_effect).await.is_ok()
    }

    /// Whether no worker contradicts the pause (or its end). Where no worker delivers, there is nothing to wait for.
    fn is_in_effect(&self, paused: bool) -> bool {
        let status = self.report().notice.map(|notice| notice.status);
        let contrary = if paused {
            DeliveryStatus::Running
        } else {
            DeliveryStatus::Paused
        };
        status != Some(contrary)
    }

    fn lock(&self) -> MutexGuard<'_, Notices> {
        self.notices.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use contracts::CallLimits;

    use super::*;

    fn notice(worker: &str, status: DeliveryStatus) -> DeliveryNotice {
        DeliveryNotice {
            worker: worker.to_owned(),
            status,
            message: "in words".to_owned(),
            cause: None,
            code: None,
            correlation_id: None,
            since: "2026-11-26T12:00:00.000Z".to_owned(),
            calls: CallLimits::default(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_worker_that_delivers_gives_the_status() {
        let monitor = DeliveryMonitor::default();
        monitor.record(notice("a", DeliveryStatus::Running));
        monitor.record(notice("b", DeliveryStatus::Standby));
        monitor.record(notice("c", DeliveryStatus::Starting));
        let report = monitor.report();
        assert_eq!(report.workers, 3);
        assert_eq!(report.notice.map(|notice| notice.worker), Some("a".to_owned()));
    }

    #[tokio::test(start_paused = true)]
    async fn of_two_workers_that_claim_to_deliver_the_later_counts() {
        let monitor = DeliveryMonitor::default();
        monitor.record(notice("a", DeliveryStatus::Running));
        tokio::time::advance(Duration::from_millis(500)).await;
        monitor.record(notice("b", DeliveryStatus::Halted));
        assert_eq!(
            monitor.report().notice.map(|notice| notice.status),
            Some(DeliveryStatus::Halted)
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_stays_silent_is_gone() {
        let monitor = DeliveryMonitor::default();
        monitor.record(notice("a", DeliveryStatus::Running));
        tokio::time::advance(GONE_AFTER).await;
        let gone = DeliveryReport {
            notice: None,
            workers: 0,
        };
        assert_eq!(monitor.report(), gone);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_is_in_effect_once_the_worker_reports_it_or_is_gone() {
        let monitor = DeliveryMonitor::default();
        let limit = Duration::from_secs(2);
        assert!(monitor.wait_until_paused_is(true, limit).await);
        monitor.record(notice("a", DeliveryStatus::Running));
        monitor.record(notice("b", DeliveryStatus::Standby));
        assert!(!monitor.wait_until_paused_is(true, limit).await);
        monitor.record(notice("a", DeliveryStatus::Running));
        let (in_effect, ()) = tokio::join!(monitor.wait_until_paused_is(true, limit), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            monitor.record(notice("a", DeliveryStatus::Paused));
        });
        assert!(in_effect);
        assert!(!monitor.is_in_effect(false));
        // A worker that dies sends no more notices.
        assert!(monitor.wait_until_paused_is(false, GONE_AFTER).await);
    }

    #[tokio::test(start_paused = true)]
    async fn made_up_workers_do_not_fill_the_memory() {
        let monitor = DeliveryMonitor::default();
        for worker in 0..1_000 {
            monitor.record(notice(&worker.to_string(), DeliveryStatus::Standby));
        }
        assert_eq!(monitor.report().workers, MAX_WORKERS);
    }
}
