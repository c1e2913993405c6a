//! `users.get`: reads a user.

use contracts::{GetUser, ServiceError, User};

use super::Context;
use crate::writer::Deadline;

pub(super) async fn get_user(context: Context, request: GetUser, _: Deadline) -> Result<User, ServiceError> {
    Ok(context.find(&request.user_id).await?.user())
}
