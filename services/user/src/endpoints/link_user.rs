//! `users.sync.link` and `users.sync.unlink`: an operator says which contact is a user's, or has it forgotten.

use contracts::{LinkUser, Receipt, ServiceError, UnlinkUser};

use super::Context;
use crate::writer::{Answer, Deadline, Work};

pub(super) async fn link_user(
    context: Context,
    request: LinkUser,
    deadline: Deadline,
) -> Result<Receipt, ServiceError> {
    let (user, contact) = (request.user_id.clone(), request.contact_id.clone());
    let receipt = ask(&context, Work::Link(request), deadline).await?;
    tracing::info!(user.id = %user, contact.id = %contact, "an operator linked a user to a contact");
    Ok(receipt)
}

pub(super) async fn unlink_user(
    context: Context,
    request: UnlinkUser,
    deadline: Deadline,
) -> Result<Receipt, ServiceError> {
    let user = request.user_id.clone();
    let receipt = ask(&context, Work::Unlink(request), deadline).await?;
    tracing::info!(user.id = %user, "an operator had a user's contact forgotten");
    Ok(receipt)
}

async fn ask(context: &Context, work: Work, deadline: Deadline) -> Result<Receipt, ServiceError> {
    match context.writer.ask(work, Some(deadline)).await? {
        Answer::Linked(receipt) => Ok(*receipt),
        other => Err(super::mismatch(&other)),
    }
}
