//! Waiting for what becomes of a version.

use std::time::Duration;

use axum::http::{HeaderName, HeaderValue};
use contracts::{GetReceipt, Receipt, SyncState, UserId};
use tokio::time::{Instant, timeout};

use crate::problem::ApiError;
use crate::routes::Gateway;
use crate::settlements::Waiting;
use contracts::RequestContext;

/// The answer's header that says that a preference was heeded (RFC 7240).
pub(crate) const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
/// A notice may be lost, so the receipt is looked at without one, too.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// What that header says.
pub(crate) fn applied(wait: Duration) -> HeaderValue {
    HeaderValue::try_from(format!("wait={}", wait.as_secs())).expect("a number makes a header value")
}

/// The receipt of a version once it has its verdict, or as it stands when the time is up. The place to wait was taken before the
/// version was made, or else its notice may have been missed.
pub(crate) async fn wait_for_verdict(
    gateway: &Gateway,
    place: &Waiting,
    user_id: &UserId,
    version: u64,
    wait: Duration,
    context: &RequestContext,
) -> Result<Receipt, ApiError> {
    let until = Instant::now() + wait;
    let question = GetReceipt {
        user_id: user_id.clone(),
        version: Some(version),
    };
    loop {
        let receipt = gateway.users.read(&question, context).await?;
        let left = until.saturating_duration_since(Instant::now());
        if receipt.state != SyncState::Pending || left.is_zero() {
            return Ok(receipt);
        }
        let settled = timeout(left.min(LOOK_EVERY), place.settled());
        if gateway.shutdown.or(settled).await.is_none() {
            return Ok(receipt);
        }
    }
}
