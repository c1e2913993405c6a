//! `users.claim`: gives users to the worker that holds the lease, each as a numbered attempt.

use contracts::{ClaimUsers, ErrorCode, ServiceError, UserId, UsersClaimed, delivery::MAX_CLAIMS};

use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules::{self, Claimed, Lease},
    store::StoreError,
};

impl Operation for ClaimUsers {
    type Answer = UsersClaimed;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        self.users.iter().collect()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<UsersClaimed, OperationError> {
        let lease = batch.lease().await?;
        if lease.epoch != self.epoch || lease.holder.as_deref() != Some(self.holder.as_str()) {
            let message =
                "the lease has passed to another worker; drop every claim and ask for the lease again";
            return Err(ServiceError::new(ErrorCode::StaleEpoch, message).into());
        }
        let limit = (self.limit as usize).min(MAX_CLAIMS);
        let mut answer = UsersClaimed::default();
        for user in &self.users {
            if answer.claims.len() < limit {
                claim_named(batch, user, &lease, &mut answer);
            } else {
                answer.left_out.push(user.clone());
            }
        }
        claim_left_open(batch, &lease, limit, &mut answer).await?;
        Ok(answer)
    }
}

fn claim_named(batch: &mut Batch<'_>, user: &UserId, lease: &Lease, answer: &mut UsersClaimed) {
    match claim(batch, user, lease) {
        Claimed::Given(claim) => answer.claims.push(*claim),
        Claimed::Clean => answer.clean.push(user.clone()),
        Claimed::InProgress => answer.in_progress.push(user.clone()),
    }
}

/// Fills the answer with attempts that a worker of an older epoch left open, whether or not their wake-ups survive.
async fn claim_left_open(
    batch: &mut Batch<'_>,
    lease: &Lease,
    limit: usize,
    answer: &mut UsersClaimed,
) -> Result<(), StoreError> {
    let free = limit.saturating_sub(answer.claims.len());
    // Attempts that this batch has closed are still open in the database and are found too, so the query asks for that many
    // more. It asks for one beyond the limit to see whether more remain.
    let requested = free + 1 + batch.users_looked_up();
    let found = batch.transaction.left_open(lease.epoch, requested).await?;
    batch.load(&found).await?;
    for user in &found {
        let open_attempt = batch.row(user).and_then(|row| row.open_attempt.as_ref());
        if open_attempt.is_none_or(|open| open.epoch >= lease.epoch) {
            continue;
        }
        if answer.claims.len() >= limit {
            answer.more_left_open = true;
            break;
        }
        if let Claimed::Given(claim) = claim(batch, user, lease) {
            answer.claims.push(*claim);
        }
    }
    Ok(())
}

fn claim(batch: &mut Batch<'_>, user: &UserId, lease: &Lease) -> Claimed {
    let (now, floor, timing) = (batch.now, lease.version_floor, *batch.timing);
    let (Some(holder), Some(account)) = (&lease.holder, &lease.account_id) else {
        return Claimed::Clean;
    };
    // A clean row without an attempt is not changed, so it is not written either.
    let is_claimable = batch
        .row(user)
        .is_some_and(|row| row.open_attempt.is_some() || row.is_dirty());
    if !is_claimable {
        return Claimed::Clean;
    }
    match batch.row_mut(user) {
        Some(row) => rules::claim(row, holder, lease.epoch, account, now, floor, &timing),
        None => Claimed::Clean,
    }
}
