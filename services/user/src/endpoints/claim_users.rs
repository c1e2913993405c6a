//! `users.claim`: hands users out as numbered attempts.

use contracts::{ClaimUsers, ServiceError, UsersClaimed};

use super::Context;
use crate::writer::{Answer, Deadline, Work};

pub(super) async fn claim_users(
    context: Context,
    request: ClaimUsers,
    deadline: Deadline,
) -> Result<UsersClaimed, ServiceError> {
    match context.writer.ask(Work::Claim(request), Some(deadline)).await? {
        Answer::Claims(claims) => Ok(claims),
        other => Err(super::mismatch(&other)),
    }
}
