//! What this worker counts: the state of the line, calls to HubSpot, and what is left of its limits.

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
struct OfState {
    state: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFault {
    fault: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfCall {
    call: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfResult {
    call: &'static str,
    /// `ok`, the status, or `none` where there was no answer.
    result: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfWindow {
    window: &'static str,
}

/// The metrics of one worker. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct WorkerMetrics {
    line: Family<OfState, Gauge>,
    fault: Family<OfFault, Gauge>,
    calls: Family<OfResult, Counter>,
    seconds: Family<OfCall, Histogram>,
    records: Family<OfCall, Counter>,
    calls_left: Family<OfWindow, Gauge>,
}

impl WorkerMetrics {
    /// Metrics that are shown among these.
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let shown = Self {
            line: Family::default(),
            fault: Family::default(),
            calls: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            records: Family::default(),
            calls_left: Family::default(),
        };
        metrics.register("line_state", "1 for the state the line is in", shown.line.clone());
        let help = "1 for the fault of the account that keeps the line still";
        metrics.register("line_fault", help, shown.fault.clone());
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

    /// The line's state changed.
    pub(super) fn line(&self, state: &WorkerStatus) {
        for name in WorkerStatus::NAMES {
            let gauge = self.line.get_or_create(&OfState { state: name });
            gauge.set(i64::from(name == state.name()));
        }
        self.fault.clear();
        if let WorkerStatus::Halted { cause: fault, .. } = state {
            self.fault.get_or_create(&OfFault { fault: fault.name() }).set(1);
        }
    }

    /// A call was answered, or not.
    pub(super) fn call(&self, call: &Call, answered: &CallResponse, duration: Duration) {
        let result = match &answered.response {
            Response::Error(problem) => {
                let status = problem.reason.status;
                status.map_or_else(|| "none".to_owned(), |status| status.to_string())
            }
            Response::Account { .. }
            | Response::Found { .. }
            | Response::Updated { .. }
            | Response::Created { .. }
            | Response::Inspected(_)
            | Response::Contact(_) => "ok".to_owned(),
        };
        let name = call.name();
        self.calls.get_or_create(&OfResult { call: name, result }).inc();
        let of_call = OfCall { call: name };
        self.seconds
            .get_or_create(&of_call)
            .observe(duration.as_secs_f64());
        let records = u64::try_from(call.size()).unwrap_or(u64::MAX);
        self.records.get_or_create(&of_call).inc_by(records);
        let limits = &answered.rate_limits;
        self.set_left("ten_seconds", limits.remaining.map(u64::from));
        self.set_left("day", limits.daily_remaining);
    }

    fn set_left(&self, window: &'static str, left: Option<u64>) {
        if let Some(left) = left {
            let gauge = self.calls_left.get_or_create(&OfWindow { window });
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
    fn just_one_state_of_the_line_is_shown_and_why_it_stands_still() {
        let metrics = Metrics::default();
        let worker = WorkerMetrics::new(&metrics);
        worker.line(&WorkerStatus::Halted {
            cause: HaltCause::Unauthorized,
            reason: Reason::ours("EXPIRED_AUTHENTICATION", "in words"),
        });
        let text = metrics.text();
        assert!(
            text.contains("hubsync_line_state{state=\"halted\"} 1\n"),
            "{text}"
        );
        assert!(
            text.contains("hubsync_line_state{state=\"running\"} 0\n"),
            "{text}"
        );
        assert!(
            text.contains("hubsync_line_fault{fault=\"unauthorized\"} 1\n"),
            "{text}"
        );
        worker.line(&WorkerStatus::Running);
        let text = metrics.text();
        assert!(
            text.contains("hubsync_line_state{state=\"halted\"} 0\n"),
            "{text}"
        );
        assert!(
            text.contains("hubsync_line_state{state=\"running\"} 1\n"),
            "{text}"
        );
        assert!(!text.contains("fault=\"unauthorized\""), "{text}");
    }
}
