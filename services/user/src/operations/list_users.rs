//! `users.sync.list`: a page of users that are pending or have problems.

use contracts::{ErrorCode, ListUsers, ListedUser, MAX_LISTED, ServiceError, UserFilter, UsersListed};

use runtime::nats::Caller;

use super::Context;
use crate::{
    rules::{Row, next_recheck, overall_state},
    store::{InvalidList, List},
    time::rfc3339,
};

pub(super) async fn list_users(
    context: Context,
    request: ListUsers,
    _: Caller,
) -> Result<UsersListed, ServiceError> {
    let after = request.after.as_deref();
    let list = match &request.filter {
        UserFilter::Pending => List::pending(after),
        UserFilter::Problems(filter) => List::problems(filter, after),
    };
    let list = list.map_err(no_such_list)?;
    let limit = request.limit.clamp(1, MAX_LISTED);
    let page = Page::read(&context, &list, limit).await?;
    Ok(UsersListed {
        users: page.rows.iter().map(listed).collect(),
        next: page.next,
    })
}

/// A page of rows of a list.
pub(super) struct Page {
    pub(super) rows: Vec<Row>,
    /// Where the next page begins; none after the last page.
    pub(super) next: Option<String>,
}

impl Page {
    pub(super) async fn read(context: &Context, list: &List, limit: usize) -> Result<Self, ServiceError> {
        // One row more than the page has says whether there is another page.
        let mut found = context.read(context.reader.list(list, limit + 1)).await?;
        let is_last = found.len() <= limit;
        found.truncate(limit);
        let next = found
            .last()
            .filter(|_| !is_last)
            .map(|last| last.position.clone());
        let log = |error| tracing::error!(%error, "a row is left out of a list; another version of this service may read it");
        let rows = found
            .into_iter()
            .filter_map(|listed| listed.row.map_err(log).ok())
            .collect();
        Ok(Self { rows, next })
    }
}

pub(super) fn no_such_list(error: InvalidList) -> ServiceError {
    ServiceError::new(ErrorCode::InvalidRequest, error.to_string())
}

fn listed(row: &Row) -> ListedUser {
    let (state, reason) = overall_state(row);
    let next_attempt_at = row
        .retry_at()
        .into_iter()
        .chain(next_recheck(row, row.given_fields()))
        .min();
    ListedUser {
        user_id: row.user_id.clone(),
        version: row.version,
        state,
        resending: row.is_resending(),
        reason: reason.map(Into::into),
        attempts: row.attempts_given,
        failures: row.failures,
        last_failure: row.last_failure.clone().map(Into::into),
        updated_at: rfc3339(row.updated_at),
        next_attempt_at: next_attempt_at.map(rfc3339),
        pending_since: row.pending_since.map(rfc3339),
    }
}
