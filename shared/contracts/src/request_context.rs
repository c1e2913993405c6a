//! What identifies an HTTP request on its way through the services.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The id and the trace of the HTTP request that a message belongs to.
///
/// It travels in the headers of each request on NATS, and the log lines of the service that answers have its id. A changed user
/// keeps it while it is dirty, and the claim brings it to the worker, which logs it with each call to HubSpot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RequestContext {
    /// The caller's `X-Request-Id`, or one that the gateway made.
    pub request_id: Arc<str>,
    /// The caller's W3C `traceparent`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<Arc<str>>,
}
