//! `users.sync.resync`: an operator has fields of users sent again.

use contracts::{FieldSet, MAX_LISTED, ResyncUsers, ServiceError, UserId, UsersResynced, UsersToResync};
use runtime::nats::Caller;

use super::{Context, check_count, list_users::Page};
use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules::{self, ResyncResult},
    store::List,
};

pub(super) async fn resync_users(
    context: Context,
    request: ResyncUsers,
    caller: Caller,
) -> Result<UsersResynced, ServiceError> {
    let (users, next) = match request.users {
        UsersToResync::Named(users) => {
            check_count(users.len(), MAX_LISTED, "sent again")?;
            (users, None)
        }
        UsersToResync::All { after } => {
            let page = Page::read(&context, &List::all(after.as_ref()), MAX_LISTED).await?;
            // The position in this list is the id.
            let next = page.next.and_then(|position| position.parse().ok());
            (page.rows.into_iter().map(|row| row.user_id).collect(), next)
        }
    };
    let resync = ResyncListed {
        users,
        fields: request.fields,
    };
    let answer = context.commits.run_for(resync, caller).await?;
    tracing::info!(
        resynced = answer.resynced,
        shared = answer.shared,
        "an operator had users sent again"
    );
    Ok(UsersResynced { next, ..answer })
}

/// Marks fields of users dirty. The sweep publishes their wake-ups when the stream has space for back-fill.
#[derive(Debug, Clone)]
pub struct ResyncListed {
    /// The users, each of them once.
    pub users: Vec<UserId>,
    /// The fields; every field if there is no set.
    pub fields: Option<FieldSet>,
}

impl Operation for ResyncListed {
    type Answer = UsersResynced;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        self.users.iter().collect()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<UsersResynced, OperationError> {
        let mut answer = UsersResynced::default();
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
            match rules::resync(&mut row, self.fields, batch.now) {
                ResyncResult::Shared => answer.shared += 1,
                ResyncResult::AlreadyDirty => answer.skipped += 1,
                ResyncResult::MarkedDirty => {
                    answer.resynced += 1;
                    batch.put(row);
                }
            }
        }
        Ok(answer)
    }
}
