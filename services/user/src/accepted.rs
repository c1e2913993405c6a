//! Tells whoever watches that changes were accepted: a few notices a second, however many changes there are.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use contracts::{AcceptedNotice, AcceptedUser, ImportOutcome, State, subjects::USERS_ACCEPTED};
use runtime::{Shutdown, nats::Nats};
use tokio::{sync::Notify, time::sleep};

use crate::writer::Answer;

/// The pause between notices.
const PAUSE: Duration = Duration::from_millis(100);
/// The most users a notice names; the others are only counted.
const MOST_NAMED: usize = 32;

/// Changes that were committed and not told of yet. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Accepted {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<AcceptedNotice>,
    arrived: Notify,
}

impl Accepted {
    /// Notes the changes among the answers to a committed batch.
    pub(crate) fn note<E>(&self, answers: &[Result<Answer, E>]) {
        let mut changes = answers
            .iter()
            .flatten()
            .filter(|answer| is_change(answer))
            .peekable();
        if changes.peek().is_none() {
            return;
        }
        let mut waiting = self.waiting();
        for change in changes {
            waiting.changes += 1;
            if waiting.users.len() < MOST_NAMED {
                waiting.users.extend(user(change));
            }
        }
        drop(waiting);
        self.shared.arrived.notify_one();
    }

    /// Publishes what is noted until the shutdown. A lost notice is no loss: receipts can be read.
    pub(crate) async fn publish(self, nats: Nats, shutdown: Shutdown) {
        while shutdown.or(self.shared.arrived.notified()).await.is_some() {
            let notice = std::mem::take(&mut *self.waiting());
            if notice.changes > 0 && nats.is_connected() {
                let notice = serde_json::to_vec(&notice).expect("ids and numbers serialize");
                if let Err(error) = nats.client().publish(USERS_ACCEPTED, notice.into()).await {
                    tracing::debug!(%error, "a notice of accepted changes was not sent");
                }
            }
            if shutdown.or(sleep(PAUSE)).await.is_none() {
                return;
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, AcceptedNotice> {
        self.shared.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether it answers a change that has yet to reach HubSpot.
fn is_change(answer: &Answer) -> bool {
    match answer {
        Answer::Updated(updated) => updated.sync.state == State::Pending,
        Answer::Imported(outcome) => matches!(outcome, ImportOutcome::Changed { .. }),
        _ => false,
    }
}

/// The user to be named; lines of imports are only counted.
fn user(answer: &Answer) -> Option<AcceptedUser> {
    match answer {
        Answer::Updated(updated) => Some(AcceptedUser {
            user_id: updated.user.user_id.clone(),
            version: updated.sync.version,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use contracts::{ServiceError, SyncState, User, UserUpdated};

    use super::*;

    fn updated(user: &str, version: u64, state: State) -> Answer {
        let user = User {
            user_id: user.parse().expect("a valid id"),
            values: contracts::Values::new(),
            version,
            updated_at: String::new(),
        };
        let sync = SyncState { state, version };
        Answer::Updated(UserUpdated { user, sync })
    }

    fn note(accepted: &Accepted, answers: Vec<Answer>) {
        let answers: Vec<Result<Answer, ServiceError>> = answers.into_iter().map(Ok).collect();
        accepted.note(&answers);
    }

    #[test]
    fn changes_are_counted_and_some_are_named() {
        let accepted = Accepted::default();
        let answers = vec![
            updated("u1", 7, State::Pending),
            updated("u2", 3, State::Unchanged),
            Answer::Imported(ImportOutcome::Changed { version: 1 }),
            Answer::Rows(4),
        ];
        note(&accepted, answers);
        note(
            &accepted,
            (0..100).map(|_| updated("u3", 1, State::Pending)).collect(),
        );
        let waiting = accepted.waiting();
        assert_eq!((waiting.changes, waiting.users.len()), (102, MOST_NAMED));
        assert_eq!(
            (waiting.users[0].user_id.as_str(), waiting.users[0].version),
            ("u1", 7)
        );
    }
}
