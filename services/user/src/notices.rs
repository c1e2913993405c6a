//! Tells whoever listens that receipts have changed.

use contracts::{ResolvedNotice, ResolvedUser, subjects::USERS_RESOLVED};
use runtime::{Shutdown, nats::Nats};
use tokio::sync::mpsc;

/// The most users one notice names, so that it stays below the megabyte a NATS message may have.
const USERS_PER_NOTICE: usize = 4_000;

/// Publishes a notice for each commit that settled users. A lost one is no loss: receipts can be read.
pub(crate) async fn publish(nats: Nats, mut settled: mpsc::Receiver<Vec<ResolvedUser>>, shutdown: Shutdown) {
    while let Some(Some(users)) = shutdown.or(settled.recv()).await {
        if !nats.is_connected() {
            continue;
        }
        for users in users.chunks(USERS_PER_NOTICE) {
            let users = users.to_vec();
            let notice = serde_json::to_vec(&ResolvedNotice { users }).expect("ids and numbers serialize");
            if let Err(error) = nats.client().publish(USERS_RESOLVED, notice.into()).await {
                tracing::debug!(%error, "a notice of settled users was not sent");
            }
        }
    }
}
