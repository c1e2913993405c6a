//! Publishes which users became clean.

use contracts::{Notice, ResolvedNotice, ResolvedUser};
use runtime::{Shutdown, nats::Nats};
use tokio::sync::mpsc;

/// The maximum number of users in one notice. It stays below the megabyte that a NATS message may have.
const MAX_USERS_PER_NOTICE: usize = 4_000;

/// Publishes a notice for each commit that made users clean. A lost notice does no harm, because receipts can be read.
pub(crate) async fn publish_resolved(
    nats: Nats,
    mut committed: mpsc::Receiver<Vec<ResolvedUser>>,
    shutdown: Shutdown,
) {
    while let Some(Some(users)) = shutdown.or(committed.recv()).await {
        if !nats.is_connected() {
            continue;
        }
        for users in users.chunks(MAX_USERS_PER_NOTICE) {
            let users = users.to_vec();
            let notice = serde_json::to_vec(&ResolvedNotice { users }).expect("ids and numbers serialize");
            let subject = ResolvedNotice::SUBJECT;
            if let Err(error) = nats.client().publish(subject, notice.into()).await {
                tracing::debug!(%error, "a notice of resolved users was not sent");
            }
        }
    }
}
