//! Calls HubSpot, and keeps what a call tells besides its answer: figures, the account's limits, a contact that can be read.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    comparing::Readable,
    health::{DETAILS_REFUSED, Health},
    metrics::WorkerMetrics,
    notices::Notices,
};
use crate::{
    client::HubspotClient,
    engine::{Call, CallResponse, Response},
};

/// Calls HubSpot. Clones are the same caller.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) client: Arc<HubspotClient>,
    pub(super) metrics: WorkerMetrics,
    pub(super) notices: Arc<Notices>,
    pub(super) health: Health,
    pub(super) readable: Readable,
}

impl Caller {
    pub(super) async fn perform(&self, call: &Call) -> CallResponse {
        let started = Instant::now();
        let answered = self.client.perform(call).await;
        let duration = started.elapsed();
        self.metrics.call(call, &answered, duration);
        self.notices.limits(&answered.rate_limits);
        self.readable.remember(&answered.response);
        self.tell(call, &answered.response, duration);
        answered
    }

    fn tell(&self, call: &Call, answer: &Response, duration: Duration) {
        let (kind, size, duration_ms) = (call.name(), call.size(), duration.as_millis());
        match answer {
            Response::Account {
                account_id,
                details_refused,
            } => {
                tracing::info!(
                    account.id = account_id.as_str(),
                    target = %self.client.target(),
                    "HubSpot account"
                );
                self.health.account(*details_refused);
                if self.notices.account(*details_refused) {
                    tracing::warn!("{DETAILS_REFUSED}; delivery goes on without them");
                }
            }
            Response::Error(problem) => {
                let (code, status) = (problem.reason.code.as_str(), problem.reason.status);
                let correlation = problem.reason.correlation_id.as_deref();
                tracing::debug!(
                    kind,
                    size,
                    code,
                    status,
                    correlation,
                    duration_ms,
                    "HubSpot did not do it"
                );
            }
            Response::Found { .. }
            | Response::Updated { .. }
            | Response::Created { .. }
            | Response::Inspected(_)
            | Response::Contact(_) => tracing::debug!(kind, size, duration_ms, "HubSpot answered"),
        }
    }
}
