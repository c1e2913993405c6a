//! Waits for HubSpot's result of a version, for callers that send `Prefer: wait`.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use contracts::{GetReceipt, Receipt, SyncState, UserId};
use tokio::time::{Instant, timeout};

use super::ApiError;
use crate::events::ResolutionWaiter;
use crate::request::RequestContext;
use crate::routes::Gateway;

/// The response header that says that a preference was applied (RFC 7240).
pub(crate) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// How often the receipt is read without a notice, since a notice may be lost.
const READ_INTERVAL: Duration = Duration::from_secs(2);

/// The value of that header.
pub(crate) fn applied_wait(wait: Duration) -> HeaderValue {
    HeaderValue::try_from(format!("wait={}", wait.as_secs())).expect("a number makes a header value")
}

/// The receipt of a version as soon as HubSpot's result is in it, or as it is when the time is up.
///
/// The caller registers the `waiter` before it makes the version: a notice that comes in between would be missed otherwise.
pub(crate) async fn wait_for_result(
    gateway: &Gateway,
    waiter: &ResolutionWaiter,
    user_id: &UserId,
    version: u64,
    wait: Duration,
    context: &RequestContext,
) -> Result<Receipt, ApiError> {
    let until = Instant::now() + wait;
    let request = GetReceipt {
        user_id: user_id.clone(),
        version: Some(version),
    };
    loop {
        // A notice names only users and versions, so the receipt is always read.
        let receipt = gateway.services.read(&request, context).await?;
        let left = until.saturating_duration_since(Instant::now());
        if receipt.state != SyncState::Pending || left.is_zero() {
            return Ok(receipt);
        }
        // A gateway that shuts down answers at once with what it knows.
        let notice = timeout(left.min(READ_INTERVAL), waiter.notified());
        if gateway.shutdown.or(notice).await.is_none() {
            return Ok(receipt);
        }
    }
}
