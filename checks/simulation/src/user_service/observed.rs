//! Watches an operation from outside: the rows right before and right after it acted, within its batch.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use contracts::UserId;
use user::{
    commit::{Batch, Operation, OperationError, Queue},
    rules::{KeyHash, Row},
};

use super::user_of;

/// Rows by user. Copies of the same row share it.
pub(crate) type Rows = BTreeMap<usize, Arc<Row>>;

/// Rows before and after an operation. If its transaction began again, they are those of the last time.
#[derive(Debug, Default)]
pub(super) struct RowsSeen {
    pub(super) before: Rows,
    pub(super) after: Rows,
    /// Whether it was done; otherwise it was rejected.
    pub(super) is_done: bool,
    /// How often it was applied.
    pub(super) times: u32,
}

/// Where an operation leaves the rows that it saw.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    seen: Arc<Mutex<RowsSeen>>,
    copies: Copies,
}

impl Watch {
    /// Shares copies of rows with those that have the same `copies`.
    pub(super) fn new(copies: &Copies) -> Self {
        Self {
            seen: Arc::default(),
            copies: copies.clone(),
        }
    }

    /// What was seen.
    pub(super) fn take(&self) -> RowsSeen {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn put(&self, seen: RowsSeen) {
        let mut last = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let times = last.times + 1;
        *last = RowsSeen { times, ..seen };
    }
}

/// The last copy of each user's row. A row that has not changed since is not copied again.
#[derive(Debug, Clone, Default)]
pub(super) struct Copies(Arc<Mutex<Rows>>);

impl Copies {
    fn of<'r>(&self, rows: impl Iterator<Item = &'r Row>) -> Rows {
        let mut copies = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shared_rows = rows.map(|row| {
            let user = user_of(&row.user_id);
            let copy = match copies.get(&user) {
                Some(copy) if **copy == *row => Arc::clone(copy),
                _ => {
                    let copy = Arc::new(row.clone());
                    copies.insert(user, Arc::clone(&copy));
                    copy
                }
            };
            (user, copy)
        });
        shared_rows.collect()
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
    fn rows(&self, batch: &Batch<'_>) -> Rows {
        let copies = &self.watch.copies;
        match self.scope {
            Scope::Named => {
                let named = self.operation.users().into_iter();
                copies.of(named.filter_map(|user| batch.row(user)))
            }
            Scope::Loaded => copies.of(batch.rows()),
        }
    }
}

impl<O: Operation> Operation for Observed<O> {
    type Answer = O::Answer;

    const QUEUE: Queue = O::QUEUE;

    fn users(&self) -> Vec<&UserId> {
        self.operation.users()
    }

    fn key(&self) -> Option<(&UserId, KeyHash)> {
        self.operation.key()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<O::Answer, OperationError> {
        let before = self.rows(batch);
        let answer = self.operation.apply(batch).await;
        let after = self.rows(batch);
        self.watch.put(RowsSeen {
            before,
            after,
            is_done: answer.is_ok(),
            times: 1,
        });
        answer
    }
}
