//! The metrics of a worker: whether it delivers, its calls to HubSpot, and what is left of HubSpot's limits.

use std::time::Duration;

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
};
use runtime::Metrics;

use crate::engine::{Call, CallResponse, Response, WorkerStatus};

/// Upper bounds of the durations of calls, in seconds.
const SECONDS: [f64; 10] = [0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StatusLabel {
    status: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CauseLabel {
    cause: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct CallLabel {
    call: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    call: &'static str,
    /// `ok`, the status, or `none` if there was no response.
    result: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct WindowLabel {
    window: &'static str,
}

/// The metrics of one worker. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct WorkerMetrics {
    status: Family<StatusLabel, Gauge>,
    halt_cause: Family<CauseLabel, Gauge>,
    calls: Family<ResultLabel, Counter>,
    seconds: Family<CallLabel, Histogram>,
    records: Family<CallLabel, Counter>,
    calls_left: Family<WindowLabel, Gauge>,
}

impl WorkerMetrics {
    /// Registers the metrics of a worker among these.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let shown = Self {
            status: Family::default(),
            halt_cause: Family::default(),
            calls: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            records: Family::default(),
            calls_left: Family::default(),
        };
        let help = "1 for the status of this worker";
        metrics.register("delivery_status", help, shown.status.clone());
        let help = "1 for the cause that keeps delivery halted";
        metrics.register("delivery_halt_cause", help, shown.halt_cause.clone());
        metrics.register(
            "hubspot_calls",
            "Calls to HubSpot, by result",
            shown.calls.clone(),
        );
        let help = "How long calls to HubSpot took";
        metrics.register("hubspot_call_seconds", help, shown.seconds.clone());
        metrics.register(
            "hubspot_records",
            "Records that calls were about",
            shown.records.clone(),
        );
        let help = "Calls that HubSpot said are left";
        metrics.register("hubspot_calls_left", help, shown.calls_left.clone());
        shown
    }

    /// Shows the worker's new status.
    pub(super) fn set_status(&self, status: &WorkerStatus) {
        for name in WorkerStatus::NAMES {
            let gauge = self.status.get_or_create(&StatusLabel { status: name });
            gauge.set(i64::from(name == status.name()));
        }
        self.halt_cause.clear();
        if let WorkerStatus::Halted { cause, .. } = status {
            let label = CauseLabel { cause: cause.name() };
            self.halt_cause.get_or_create(&label).set(1);
        }
    }

    /// Counts a call and its response.
    pub(super) fn count_call(&self, call: &Call, response: &CallResponse, duration: Duration) {
        let result = match &response.response {
            Response::Error(error) => {
                let status = error.reason.status;
                status.map_or_else(|| "none".to_owned(), |status| status.to_string())
            }
            Response::Account { .. }
            | Response::Found { .. }
            | Response::Updated { .. }
            | Response::Created { .. }
            | Response::Inspected(_)
            | Response::Property { .. }
            | Response::UpdatedSingle(_)
            | Response::Contact(_) => "ok".to_owned(),
        };
        let name = call.name();
        self.calls
            .get_or_create(&ResultLabel { call: name, result })
            .inc();
        let call_label = CallLabel { call: name };
        self.seconds
            .get_or_create(&call_label)
            .observe(duration.as_secs_f64());
        let records = u64::try_from(call.size()).unwrap_or(u64::MAX);
        self.records.get_or_create(&call_label).inc_by(records);
        let limits = &response.rate_limits;
        self.set_left("ten_seconds", limits.remaining.map(u64::from));
        self.set_left("day", limits.daily_remaining);
    }

    fn set_left(&self, window: &'static str, left: Option<u64>) {
        if let Some(left) = left {
            let gauge = self.calls_left.get_or_create(&WindowLabel { window });
            gauge.set(i64::try_from(left).unwrap_or(i64::MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use contracts::Reason;

    use super::*;
    use crate::engine::HaltCause;

    #[test]
    fn one_status_is_shown_with_the_cause_of_a_halt() {
        let metrics = Metrics::default();
        let worker = WorkerMetrics::new(&metrics);
        worker.set_status(&WorkerStatus::Halted {
            cause: HaltCause::Unauthorized,
            reason: Reason::ours("EXPIRED_AUTHENTICATION", "in words"),
        });
        let text = metrics.text();
        assert!(
            text.contains("hubsync_delivery_status{status=\"halted\"} 1\n"),
            "{text}"
        );
        assert!(
            text.contains("hubsync_delivery_status{status=\"running\"} 0\n"),
            "{text}"
        );
        assert!(
            text.contains("hubsync_delivery_halt_cause{cause=\"unauthorized\"} 1\n"),
            "{text}"
        );
        worker.set_status(&WorkerStatus::Running);
        let text = metrics.text();
        assert!(
            text.contains("hubsync_delivery_status{status=\"halted\"} 0\n"),
            "{text}"
        );
        assert!(
            text.contains("hubsync_delivery_status{status=\"running\"} 1\n"),
            "{text}"
        );
        assert!(!text.contains("cause=\"unauthorized\""), "{text}");
    }
}
