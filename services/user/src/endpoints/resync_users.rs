//! `users.sync.resync`: has everything of users sent once more.

use contracts::{ErrorCode, MAX_LISTED, ResyncUsers, ServiceError, UserId, UsersResynced};

use super::{Context, list_users::Page};
use crate::{
    store::List,
    writer::{Answer, Deadline, Work},
};

pub(super) async fn resync_users(
    context: Context,
    request: ResyncUsers,
    deadline: Deadline,
) -> Result<UsersResynced, ServiceError> {
    match request {
        ResyncUsers::Named(users) if users.len() > MAX_LISTED => {
            let message = format!("at most {MAX_LISTED} users are sent once more at a time; none was");
            Err(ServiceError::new(ErrorCode::InvalidRequest, message))
        }
        ResyncUsers::Named(users) => resync(&context, users, deadline).await,
        ResyncUsers::All { after } => {
            let page = Page::read(&context, &List::all(after.as_ref()), MAX_LISTED).await?;
            let users = page.rows.into_iter().map(|row| row.user_id).collect();
            let resynced = resync(&context, users, deadline).await?;
            // Its position is its id.
            let next = page.next.and_then(|position| position.parse().ok());
            Ok(UsersResynced { next, ..resynced })
        }
    }
}

async fn resync(
    context: &Context,
    users: Vec<UserId>,
    deadline: Deadline,
) -> Result<UsersResynced, ServiceError> {
    match context.writer.ask(Work::Resync(users), Some(deadline)).await? {
        Answer::Resynced(resynced) => {
            tracing::info!(
                owed = resynced.resynced,
                shared = resynced.shared,
                "an operator had users sent once more"
            );
            Ok(resynced)
        }
        other => Err(super::mismatch(&other)),
    }
}
