//! Calls HubSpot, and passes on what a response says besides its result: metrics, the rate limits, a readable contact.

use std::{sync::Arc, time::Duration};

use contracts::FieldDefinitions;
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

/// Calls HubSpot. Clones share the client and what it has learned.
#[derive(Clone)]
pub(super) struct Caller {
    pub(super) client: Arc<HubspotClient>,
    pub(super) metrics: WorkerMetrics,
    pub(super) notices: Arc<Notices>,
    pub(super) health: Health,
    pub(super) readable: Readable,
}

impl Caller {
    pub(super) async fn perform(&self, call: &Call, fields: &FieldDefinitions) -> CallResponse {
        let started = Instant::now();
        let response = self.client.perform(call, fields).await;
        let duration = started.elapsed();
        self.metrics.count_call(call, &response, duration);
        self.notices.set_limits(&response.rate_limits);
        self.readable.remember(&response.response);
        self.log(call, &response.response, duration);
        response
    }

    fn log(&self, call: &Call, response: &Response, duration: Duration) {
        let (kind, size, duration_ms) = (call.name(), call.size(), duration.as_millis());
        match response {
            Response::Account {
                account_id,
                details_refused,
            } => {
                tracing::info!(
                    account.id = account_id.as_str(),
                    target = %self.client.target(),
                    "HubSpot named the account that the token belongs to"
                );
                self.health.set_account(*details_refused);
                if self.notices.set_details_refused(*details_refused) {
                    tracing::warn!("{DETAILS_REFUSED}; delivery goes on without them");
                }
            }
            Response::Error(error) => {
                let (code, status) = (error.reason.code.as_str(), error.reason.status);
                let correlation = error.reason.correlation_id.as_deref();
                tracing::debug!(
                    kind,
                    size,
                    code,
                    status,
                    correlation,
                    duration_ms,
                    "a call to HubSpot failed"
                );
            }
            Response::Found { .. }
            | Response::Updated { .. }
            | Response::Created { .. }
            | Response::Inspected(_)
            | Response::Property { .. }
            | Response::UpdatedSingle(_)
            | Response::Contact(_) => tracing::debug!(kind, size, duration_ms, "HubSpot answered"),
        }
    }
}
