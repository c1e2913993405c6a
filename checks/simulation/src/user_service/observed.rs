//! Watches an operation from outside: the rows right before and right after it acted, within its batch.

use std::sync::{Arc, Mutex, PoisonError};

use contracts::UserId;
use user::{
    commit::{Batch, Operation, OperationError, Queue},
    rules::Row,
};

/// Rows before and after an operation. If its transaction began again, they are those of the last time.
#[derive(Debug, Default)]
pub(super) struct RowsSeen {
    pub(super) before: Vec<Row>,
    pub(super) after: Vec<Row>,
    /// Whether it was done; otherwise it was rejected.
    pub(super) is_done: bool,
}

/// Where an operation leaves the rows that it saw.
#[derive(Debug, Clone, Default)]
pub(super) struct Watch(Arc<Mutex<RowsSeen>>);

impl Watch {
    /// What was seen.
    pub(super) fn take(&self) -> RowsSeen {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, seen: RowsSeen) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }
}

/// Which rows to look at.
#[derive(Debug, Clone, Copy)]
pub(super) enum Scope {
    /// Those that the operation names.
    Named,
    /// Those that the batch has loaded: the operation may act on users that it does not name.
    Loaded,
}

/// The operation, which acts as it does by itself.
pub(super) struct Observed<O> {
    pub(super) operation: O,
    pub(super) scope: Scope,
    pub(super) watch: Watch,
}

impl<O: Operation> Observed<O> {
    fn rows(&self, batch: &Batch<'_>) -> Vec<Row> {
        match self.scope {
            Scope::Named => {
                let named = self.operation.users().into_iter();
                named.filter_map(|user| batch.row(user).cloned()).collect()
            }
            Scope::Loaded => batch.rows().cloned().collect(),
        }
    }
}

impl<O: Operation> Operation for Observed<O> {
    type Answer = O::Answer;

    const QUEUE: Queue = O::QUEUE;

    fn users(&self) -> Vec<&UserId> {
        self.operation.users()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<O::Answer, OperationError> {
        let before = self.rows(batch);
        let answer = self.operation.apply(batch).await;
        let after = self.rows(batch);
        self.watch.put(RowsSeen {
            before,
            after,
            is_done: answer.is_ok(),
        });
        answer
    }
}
