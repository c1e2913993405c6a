//! Tells whoever listens how the line stands.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use contracts::{CallLimits, DeliveryNotice, subjects::HUBSPOT_DELIVERY};
use jiff::Timestamp;
use runtime::nats::Nats;
use tokio::{sync::watch, time::timeout};

use super::health::DETAILS_REFUSED;
use crate::engine::{RateLimitHeaders, WorkerStatus};

/// How often it is said, changed or not: who listens takes a worker for gone that says nothing for three seconds.
const EVERY: Duration = Duration::from_secs(1);

/// What is said of this worker's line.
pub(crate) struct Notices {
    current: watch::Sender<DeliveryNotice>,
    /// Whether HubSpot refuses the account's details.
    details_refused: AtomicBool,
}

impl Notices {
    pub(crate) fn new(worker: &str) -> Self {
        let notice = DeliveryNotice {
            worker: worker.to_owned(),
            status: contracts::DeliveryStatus::Starting,
            message: WorkerStatus::Starting.message(),
            cause: None,
            code: None,
            correlation_id: None,
            since: now(),
            calls: CallLimits::default(),
        };
        Self {
            current: watch::Sender::new(notice),
            details_refused: AtomicBool::new(false),
        }
    }

    /// The line's state changed.
    pub(crate) fn line(&self, state: &WorkerStatus) {
        let (fault, reason) = match state {
            WorkerStatus::Halted { cause: fault, reason } => (Some(fault.name().to_owned()), Some(reason)),
            _ => (None, None),
        };
        self.current.send_modify(|notice| {
            notice.status = told(state);
            notice.message = self.sentence(state);
            notice.cause = fault;
            notice.code = reason.map(|reason| reason.code.clone());
            notice.correlation_id = reason.and_then(|reason| reason.correlation_id.clone());
            notice.since = now();
        });
    }

    /// Whether HubSpot refuses the account's details, which is told beside the states in which nothing is wrong. Returns
    /// whether that is news.
    pub(crate) fn account(&self, details_refused: bool) -> bool {
        !self.details_refused.swap(details_refused, Ordering::Relaxed) && details_refused
    }

    fn sentence(&self, state: &WorkerStatus) -> String {
        let sentence = state.message();
        match state {
            WorkerStatus::Running if self.details_refused.load(Ordering::Relaxed) => {
                format!("{sentence}; {DETAILS_REFUSED}")
            }
            _ => sentence,
        }
    }

    /// HubSpot said something of its limits; it is told with the next notice.
    pub(crate) fn limits(&self, limits: &RateLimitHeaders) {
        self.current.send_if_modified(|notice| {
            let calls = &mut notice.calls;
            let (max, left) = (limits.max.map(u64::from), limits.remaining.map(u64::from));
            calls.burst_max = max.or(calls.burst_max);
            calls.burst_left = left.or(calls.burst_left);
            calls.day_max = limits.daily.or(calls.day_max);
            calls.day_left = limits.daily_remaining.or(calls.day_left);
            false
        });
    }

    /// Says it, for as long as it runs. A lost one is no loss: the next follows.
    pub(crate) fn publish(&self, nats: Nats) -> impl Future<Output = ()> + use<> {
        let mut current = self.current.subscribe();
        async move {
            loop {
                if nats.is_connected() {
                    let notice = serde_json::to_vec(&*current.borrow_and_update());
                    let notice = notice.expect("a notice has text keys");
                    if let Err(error) = nats.client().publish(HUBSPOT_DELIVERY, notice.into()).await {
                        tracing::debug!(%error, "a notice of the line was not sent");
                    }
                }
                if let Ok(Err(_)) = timeout(EVERY, current.changed()).await {
                    return;
                }
            }
        }
    }
}

fn told(state: &WorkerStatus) -> contracts::DeliveryStatus {
    match state {
        WorkerStatus::Starting => contracts::DeliveryStatus::Starting,
        WorkerStatus::Standby => contracts::DeliveryStatus::Standby,
        WorkerStatus::OtherAccount { .. } => contracts::DeliveryStatus::OtherAccount,
        WorkerStatus::Running => contracts::DeliveryStatus::Running,
        WorkerStatus::Paused => contracts::DeliveryStatus::Paused,
        WorkerStatus::Halted { .. } => contracts::DeliveryStatus::Halted,
    }
}

fn now() -> String {
    format!("{:.3}", Timestamp::now())
}
