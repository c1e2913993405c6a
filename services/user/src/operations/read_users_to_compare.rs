//! `users.compare`: the parts of users that the hubspot service compares with their contacts.

use contracts::{
    FieldResult, MAX_COMPARED, ReadUsersToCompare, ServiceError, UserId, UserSelection, UserToCompare,
    UsersToCompare,
};

use runtime::nats::Caller;

use super::{Context, check_count};
use crate::{
    rules::{FieldState, Row},
    store::{ScanFilter, UserScan},
};

pub(super) async fn read_users_to_compare(
    context: Context,
    request: ReadUsersToCompare,
    _: Caller,
) -> Result<UsersToCompare, ServiceError> {
    match request.users {
        UserSelection::Named(users) => {
            check_count(users.len(), MAX_COMPARED, "compared")?;
            read_named(&context, users).await
        }
        UserSelection::After(after) => {
            let filter = if request.dirty_only {
                ScanFilter::Dirty
            } else {
                ScanFilter::Linked
            };
            read_page(&context, after.as_ref(), filter).await
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
    filter: ScanFilter,
) -> Result<UsersToCompare, ServiceError> {
    let limit = MAX_COMPARED;
    let page = context
        .read(context.reader.scan(&UserScan { after, filter, limit }))
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
    // What HubSpot does not show cannot be compared.
    let is_comparable = |state: &FieldState| match &state.result {
        Some(FieldResult::Confirmed(confirmation)) => confirmation.shown && !state.is_dirty(),
        _ => false,
    };
    let confirmed = given.iter().filter(|(_, state)| is_comparable(state));
    let normalized = given.iter().filter_map(|(field, state)| match &state.result {
        Some(FieldResult::Confirmed(confirmation)) => Some((*field, confirmation.normalized.clone()?)),
        _ => None,
    });
    UserToCompare {
        user_id: row.user_id.clone(),
        generation: row.generation,
        confirmed: confirmed.map(|(field, _)| *field).collect(),
        normalized: normalized.collect(),
        values: given
            .iter()
            .map(|(field, state)| (*field, state.value.clone()))
            .collect(),
        dirty: row.dirty_fields(),
        link: row.link.clone(),
        never_linked: !row.was_linked,
    }
}
