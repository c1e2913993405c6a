//! `users.update`: accepts a caller's change.

use contracts::{ServiceError, UpdateUser, UserUpdated};

use super::Context;
use crate::writer::{Answer, Deadline, Work};

pub(super) async fn update_user(
    context: Context,
    request: UpdateUser,
    deadline: Deadline,
) -> Result<UserUpdated, ServiceError> {
    match context.writer.ask(Work::Update(request), Some(deadline)).await? {
        Answer::Updated(updated) => Ok(updated),
        other => Err(super::mismatch(&other)),
    }
}
