//! `users.lease`: a worker takes, renews, releases or yields the lease.

use contracts::{ChangeLease, LeaseAnswer, UserId};

use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules,
};

impl Operation for ChangeLease {
    type Answer = LeaseAnswer;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        Vec::new()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<LeaseAnswer, OperationError> {
        let mut lease = batch.lease().await?;
        let is_other_account = lease
            .account_id
            .as_ref()
            .is_some_and(|account| *account != self.account_id);
        // Only links tie the database to an account, and looking for one costs a query.
        let has_links = is_other_account && batch.transaction.look_for_links().await?;
        let answer = rules::change_lease(&mut lease, self, has_links, batch.now, batch.timing);
        batch.put_lease(lease);
        Ok(answer)
    }
}
