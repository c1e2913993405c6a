//! `users.delivery`: an operator pauses or resumes delivery, or asks whether it is paused.

use contracts::{ControlDelivery, DeliveryControl, UserId};

use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules,
};

impl Operation for ControlDelivery {
    type Answer = DeliveryControl;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        Vec::new()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<DeliveryControl, OperationError> {
        // The pause is kept with the lease, so that a worker learns of it whenever it renews the lease.
        let mut lease = batch.lease().await?;
        let answer = rules::control_delivery(&mut lease, self.action, batch.now);
        batch.put_lease(lease);
        Ok(answer)
    }
}
