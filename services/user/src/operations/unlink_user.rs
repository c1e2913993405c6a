//! `users.sync.unlink`: an operator makes hubsync forget a user's contact. It is looked up again by the user's address.

use contracts::{Receipt, ServiceError, UnlinkUser, UserId};
use runtime::nats::Caller;

use super::{Context, contacts, current_receipt, put_and_wake, stored};
use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules,
};

pub(super) async fn unlink_user(
    context: Context,
    request: UnlinkUser,
    caller: Caller,
) -> Result<Receipt, ServiceError> {
    let user = request.user_id.clone();
    let receipt = context.commits.run_for(request, caller).await?;
    tracing::info!(user.id = %user, "an operator unlinked a user from its contact");
    Ok(receipt)
}

impl Operation for UnlinkUser {
    /// The receipt of the user's current version.
    type Answer = Receipt;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        vec![&self.user_id]
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<Receipt, OperationError> {
        // See `contacts`: links change only while the lease is held by the transaction.
        batch.lease().await?;
        let mut row = stored(batch, &self.user_id)?;
        let former = row.link.clone();
        if !rules::unlink(&mut row, batch.now, batch.timing) {
            return Ok(current_receipt(&row));
        }
        let receipt = put_and_wake(batch, row);
        if let Some(former) = former {
            contacts::handle_departure(batch, &self.user_id, &former).await?;
        }
        Ok(receipt)
    }
}
