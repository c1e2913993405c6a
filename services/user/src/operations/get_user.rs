//! `users.get`: a user's profile.

use contracts::{GetUser, ServiceError, User};
use runtime::nats::Caller;

use super::Context;

pub(super) async fn get_user(context: Context, request: GetUser, _: Caller) -> Result<User, ServiceError> {
    let user = context.find(&request.user_id).await?;
    Ok(user.user(&context.fields.get()))
}
