//! `users.sync.retry`: an operator has users with problems tried again, named or by their problem.

use contracts::{MAX_LISTED, Priority, RetryUsers, ServiceError, UserId, UsersRetried};
use runtime::nats::Caller;

use super::{
    Context, check_count,
    list_users::{Page, no_such_list},
};
use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules,
    store::List,
};

pub(super) async fn retry_users(
    context: Context,
    request: RetryUsers,
    caller: Caller,
) -> Result<UsersRetried, ServiceError> {
    let (users, priority, next) = match request {
        RetryUsers::Named(users) => {
            check_count(users.len(), MAX_LISTED, "tried again")?;
            (users, Priority::Live, None)
        }
        RetryUsers::Listed { filter, after } => {
            let list = List::problems(&filter, after.as_deref()).map_err(no_such_list)?;
            let page = Page::read(&context, &list, MAX_LISTED).await?;
            let users = page.rows.into_iter().map(|row| row.user_id).collect();
            (users, Priority::Backfill, page.next)
        }
    };
    let listed = RetryListed { users, priority };
    let answer = context.commits.run_for(listed, caller).await?;
    tracing::info!(
        retried = answer.retried,
        ?priority,
        "an operator had users tried again"
    );
    Ok(UsersRetried { next, ..answer })
}

/// Has the fields of these users tried again that have a problem; each user is named once. Users with live priority are woken at
/// once, the others by the sweep, when the stream has space for back-fill.
#[derive(Debug, Clone)]
pub struct RetryListed {
    /// The users.
    pub users: Vec<UserId>,
    /// How urgent they are from now on.
    pub priority: Priority,
}

impl Operation for RetryListed {
    type Answer = UsersRetried;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        self.users.iter().collect()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<UsersRetried, OperationError> {
        let mut answer = UsersRetried::default();
        for user in &self.users {
            let Some(mut row) = batch.row(user).cloned() else {
                // A row that this version cannot read is left to one that can.
                if batch.is_unreadable(user) {
                    answer.skipped += 1;
                } else {
                    answer.unknown.push(user.clone());
                }
                continue;
            };
            if !rules::retry(&mut row, self.priority, batch.now) {
                answer.skipped += 1;
                continue;
            }
            answer.retried += 1;
            let wake = match self.priority {
                Priority::Live => rules::take_due_wake_up(&mut row, batch.now, batch.timing),
                Priority::Backfill => None,
            };
            batch.put(row);
            if let Some(priority) = wake {
                batch.wake(user, priority);
            }
        }
        Ok(answer)
    }
}
