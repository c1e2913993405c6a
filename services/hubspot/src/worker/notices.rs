//! Publishes whether this worker delivers, and why not, every second. Gateways and user services listen.

use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use contracts::{CallLimits, DeliveryNotice, FieldDefinitions, Notice};
use jiff::Timestamp;
use runtime::nats::Nats;
use tokio::{sync::watch, time::timeout};

use super::health::DETAILS_REFUSED;
use crate::engine::{RateLimitHeaders, WorkerStatus};

/// How often the notice is published, changed or not. A listener takes a worker for gone after three seconds without one.
const INTERVAL: Duration = Duration::from_secs(1);

/// The notice about this worker.
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
            message: WorkerStatus::Starting.message(FieldDefinitions::empty()),
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

    /// Takes the worker's new status into the notice.
    pub(crate) fn set_status(&self, status: &WorkerStatus, fields: &FieldDefinitions) {
        let (cause, reason) = match status {
            WorkerStatus::Halted { cause, reason } => (Some(cause.name().to_owned()), Some(reason)),
            _ => (None, None),
        };
        self.current.send_modify(|notice| {
            notice.status = in_contract(status);
            notice.message = self.message(status, fields);
            notice.cause = cause;
            notice.code = reason.map(|reason| reason.code.clone());
            notice.correlation_id = reason.and_then(|reason| reason.correlation_id.clone());
            notice.since = now();
        });
    }

    /// Remembers whether HubSpot refuses the account's details, which the message of a running worker mentions. Returns true
    /// if it does and did not before.
    pub(crate) fn set_details_refused(&self, details_refused: bool) -> bool {
        !self.details_refused.swap(details_refused, Ordering::Relaxed) && details_refused
    }

    fn message(&self, status: &WorkerStatus, fields: &FieldDefinitions) -> String {
        let message = status.message(fields);
        match status {
            WorkerStatus::Running if self.details_refused.load(Ordering::Relaxed) => {
                format!("{message}; {DETAILS_REFUSED}")
            }
            _ => message,
        }
    }

    /// Takes what HubSpot said about its rate limits into the next notice.
    pub(crate) fn set_limits(&self, limits: &RateLimitHeaders) {
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

    /// Publishes the notice for as long as it runs. A lost notice does no harm, because the next one follows.
    pub(crate) fn publish(&self, nats: Nats) -> impl Future<Output = ()> + use<> {
        let mut current = self.current.subscribe();
        async move {
            loop {
                if nats.is_connected() {
                    let notice = serde_json::to_vec(&*current.borrow_and_update());
                    let notice = notice.expect("a notice has text keys");
                    if let Err(error) = nats
                        .client()
                        .publish(DeliveryNotice::SUBJECT, notice.into())
                        .await
                    {
                        tracing::debug!(%error, "a delivery notice was not sent");
                    }
                }
                if let Ok(Err(_)) = timeout(INTERVAL, current.changed()).await {
                    return;
                }
            }
        }
    }
}

fn in_contract(status: &WorkerStatus) -> contracts::DeliveryStatus {
    match status {
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
