//! `users.compare`: users as they are to be compared with their contacts.

use contracts::{
    Chosen, ErrorCode, MAX_COMPARED, Outcome, ReadToCompare, ServiceError, UserId, UserToCompare,
    UsersToCompare,
};

use super::Context;
use crate::{
    rules::Row,
    store::{Walk, Whom},
    writer::Deadline,
};

pub(super) async fn compare_users(
    context: Context,
    request: ReadToCompare,
    _: Deadline,
) -> Result<UsersToCompare, ServiceError> {
    match request.users {
        Chosen::Named(users) if users.len() > MAX_COMPARED => {
            let message = format!("at most {MAX_COMPARED} users are compared at a time; none was");
            Err(ServiceError::new(ErrorCode::InvalidRequest, message))
        }
        Chosen::Named(users) => read_named(&context, users).await,
        Chosen::After(after) => {
            let whom = if request.owing { Whom::Owing } else { Whom::Linked };
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
    whom: Whom,
) -> Result<UsersToCompare, ServiceError> {
    let limit = MAX_COMPARED;
    let page = context
        .read(context.reader.walk(&Walk { after, whom, limit }))
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
    let given: Vec<_> = row.fields.iter().filter(|(_, state)| state.touched > 0).collect();
    let confirmed = given
        .iter()
        .filter(|(_, state)| state.outcome == Some(Outcome::Confirmed) && !state.is_owed());
    UserToCompare {
        user_id: row.user_id.clone(),
        turn: row.turn,
        confirmed: confirmed.map(|(field, _)| *field).collect(),
        values: given
            .iter()
            .map(|(field, state)| (*field, state.value.clone()))
            .collect(),
        owed: row.owed(),
        link: row.link.clone(),
        never_linked: !row.was_linked,
    }
}
