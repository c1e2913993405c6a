//! `users.sync.retry`: has users tried again, named or by what became of them.

use contracts::{ErrorCode, MAX_LISTED, Priority, RetryUsers, ServiceError, UserId, UsersRetried};

use super::{
    Context,
    list_users::{Page, no_such_list},
};
use crate::{
    store::List,
    writer::{Answer, Deadline, Work},
};

pub(super) async fn retry_users(
    context: Context,
    request: RetryUsers,
    deadline: Deadline,
) -> Result<UsersRetried, ServiceError> {
    match request {
        RetryUsers::Named(users) if users.len() > MAX_LISTED => {
            let message = format!("at most {MAX_LISTED} users are tried again at a time; none was");
            Err(ServiceError::new(ErrorCode::InvalidRequest, message))
        }
        RetryUsers::Named(users) => retry(&context, users, Priority::Live, deadline).await,
        RetryUsers::Listed {
            filter: troubled,
            after,
        } => {
            let list = List::problems(&troubled, after.as_deref()).map_err(no_such_list)?;
            let page = Page::read(&context, &list, MAX_LISTED).await?;
            let users = page.rows.into_iter().map(|row| row.user_id).collect();
            let retried = retry(&context, users, Priority::Backfill, deadline).await?;
            Ok(UsersRetried {
                next: page.next,
                ..retried
            })
        }
    }
}

async fn retry(
    context: &Context,
    users: Vec<UserId>,
    priority: Priority,
    deadline: Deadline,
) -> Result<UsersRetried, ServiceError> {
    match context
        .writer
        .ask(Work::Retry { users, priority }, Some(deadline))
        .await?
    {
        Answer::Retried(retried) => {
            tracing::info!(
                retried = retried.retried,
                ?priority,
                "an operator had users tried again"
            );
            Ok(retried)
        }
        other => Err(super::mismatch(&other)),
    }
}
