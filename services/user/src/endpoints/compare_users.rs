//! `users.compare`: users as they are to be compared with their contacts.

use contracts::{
    ErrorCode, FieldResult, MAX_COMPARED, ReadUsersToCompare, ServiceError, UserId, UserSelection,
    UserToCompare, UsersToCompare,
};

use super::Context;
use crate::{
    rules::Row,
    store::{ScanFilter, UserScan},
    writer::Deadline,
};

pub(super) async fn compare_users(
    context: Context,
    request: ReadUsersToCompare,
    _: Deadline,
) -> Result<UsersToCompare, ServiceError> {
    match request.users {
        UserSelection::Named(users) if users.len() > MAX_COMPARED => {
            let message = format!("at most {MAX_COMPARED} users are compared at a time; none was");
            Err(ServiceError::new(ErrorCode::InvalidRequest, message))
        }
        UserSelection::Named(users) => read_named(&context, users).await,
        UserSelection::After(after) => {
            let whom = if request.dirty_only {
                ScanFilter::Dirty
            } else {
                ScanFilter::Linked
            };
            read_page(&context, after.as_ref(), whom).await
        }
    }
}

async fn read_named(context: &Context, users: Vec<UserId>) -> Result<UsersToCompare, ServiceError> {
    let mut found = UsersToCompare::default();
    for user_id in users {
        match context.read(context.reader.find(&user_id)).await? {
            Some(row) => found.users.push(to_compare(&row)),
            None => found.unknown.push(user_id),
        }
    }
    Ok(found)
}

async fn read_page(
    context: &Context,
    after: Option<&UserId>,
    whom: ScanFilter,
) -> Result<UsersToCompare, ServiceError> {
    let limit = MAX_COMPARED;
    let page = context
        .read(context.reader.scan(&UserScan {
            after,
            filter: whom,
            limit,
        }))
        .await?;
    let log =
        |error| tracing::error!(%error, "a row is left out; another version of this service may read it");
    let rows = page.rows.into_iter().filter_map(|row| row.map_err(log).ok());
    Ok(UsersToCompare {
        users: rows.map(|row| to_compare(&row)).collect(),
        unknown: Vec::new(),
        next: page.next,
    })
}

fn to_compare(row: &Row) -> UserToCompare {
    let given: Vec<_> = row
        .fields
        .iter()
        .filter(|(_, state)| state.changed_in > 0)
        .collect();
    let confirmed = given
        .iter()
        .filter(|(_, state)| state.result == Some(FieldResult::Confirmed) && !state.is_dirty());
    UserToCompare {
        user_id: row.user_id.clone(),
        generation: row.generation,
        confirmed: confirmed.map(|(field, _)| *field).collect(),
        values: given
            .iter()
            .map(|(field, state)| (*field, state.value.clone()))
            .collect(),
        dirty: row.dirty_fields(),
        link: row.link.clone(),
        never_linked: !row.was_linked,
    }
}
