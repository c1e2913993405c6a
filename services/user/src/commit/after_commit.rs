//! What follows from a commit: wake-ups and notices, sent by tasks of their own, and what is logged of it.

use contracts::{ResolvedUser, UserChanged};
use tokio::sync::mpsc;

use super::batch::Committed;
use crate::relay::{AcceptedNotices, StreamCapacity};

/// Where wake-ups and notices go once they are committed.
#[derive(Debug, Clone)]
pub struct AfterCommit {
    /// Wake-ups to publish. If the channel is full, the sweep publishes them when their time comes.
    pub wake_ups: mpsc::Sender<Vec<UserChanged>>,
    /// Users that became clean. If the channel is full the notice is lost; receipts can be read at any time.
    pub resolved: mpsc::Sender<Vec<ResolvedUser>>,
    /// Changes that were accepted.
    pub accepted: AcceptedNotices,
    /// The space left in the stream.
    pub capacity: StreamCapacity,
}

impl AfterCommit {
    /// Passes on what follows from a committed batch.
    pub(super) fn publish(&self, committed: Committed) {
        // Before the commit it would be logged once for each try to commit, and also if there never is a commit.
        for lost in committed.lost_contacts {
            tracing::info!(user.id = %lost.user_id, contact.id = lost.contact_id,
                "a user lost its contact to another user, and is looked up again");
        }
        self.accepted.add(committed.accepted);
        let count = committed.wake_ups.len();
        if count > 0 {
            if self.wake_ups.try_send(committed.wake_ups).is_ok() {
                self.capacity.reserve(count);
            } else {
                tracing::debug!("wake-ups are left to the sweep, because too many wait to be published");
            }
        }
        if !committed.resolved.is_empty() && self.resolved.try_send(committed.resolved).is_err() {
            tracing::debug!("a notice of resolved users was dropped, because too many wait to be published");
        }
    }
}
