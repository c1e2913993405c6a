//! `users.sync.link`: an operator says which contact is a user's.

use contracts::{ErrorCode, LinkUser, Receipt, ServiceError, UserId};
use runtime::nats::Caller;

use super::{Context, contacts, current_receipt, put_and_wake, stored};
use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules,
};

pub(super) async fn link_user(
    context: Context,
    request: LinkUser,
    caller: Caller,
) -> Result<Receipt, ServiceError> {
    let (user, contact) = (request.user_id.clone(), request.contact_id.clone());
    let receipt = context.commits.run_for(request, caller).await?;
    tracing::info!(user.id = %user, contact.id = %contact, "an operator linked a user to a contact");
    Ok(receipt)
}

impl Operation for LinkUser {
    /// The receipt of the user's current version.
    type Answer = Receipt;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        vec![&self.user_id]
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<Receipt, OperationError> {
        // See `contacts`: links change only while the lease is held by the transaction.
        let Some(account) = batch.lease().await?.account_id else {
            return Err(no_account().into());
        };
        let mut row = stored(batch, &self.user_id)?;
        let contact = &self.contact_id;
        let others = contacts::other_users(batch, &self.user_id, &account, &[contact.as_str()]).await?;
        if let Some(other) = others.first() {
            return Err(held_by(&other.user_id).into());
        }
        let former = row.link.clone();
        if !rules::link_by_operator(&mut row, contact, &account, batch.now, batch.timing) {
            return Ok(current_receipt(&row));
        }
        let receipt = put_and_wake(batch, row);
        if let Some(former) = former {
            contacts::handle_departure(batch, &self.user_id, &former).await?;
        }
        Ok(receipt)
    }
}

fn no_account() -> ServiceError {
    let message = "no HubSpot account is known yet, and a contact belongs to one; start the hubspot service with a \
                   token that HubSpot accepts, and try again";
    ServiceError::new(ErrorCode::NoAccount, message)
}

fn held_by(other: &UserId) -> ServiceError {
    let message =
        format!("user {other} is linked to that contact; unlink that one first, or name another contact");
    ServiceError::new(ErrorCode::ContactHeld, message)
}
