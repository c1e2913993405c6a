//! Handing users out to the worker that holds the lease.

use contracts::{ClaimUsers, ErrorCode, ServiceError, UserId, UsersClaimed, delivery::MAX_CLAIMS};

use super::batch::Batch;
use crate::{
    rules::{self, Claimed, Lease},
    store::StoreError,
};

pub(super) async fn claim(
    batch: &mut Batch<'_>,
    request: &ClaimUsers,
) -> Result<Result<UsersClaimed, ServiceError>, StoreError> {
    let lease = batch.lease().await?;
    if lease.epoch != request.epoch || lease.holder.as_deref() != Some(request.holder.as_str()) {
        let message = "the lease has passed to another worker; drop what is in hand and ask for the lease";
        return Ok(Err(ServiceError::new(ErrorCode::StaleEpoch, message)));
    }
    batch.load(&request.users).await?;
    let limit = (request.limit as usize).min(MAX_CLAIMS);
    let mut given = UsersClaimed::default();
    for user in &request.users {
        if given.claims.len() < limit {
            claim_named(batch, user, &lease, &mut given);
        } else {
            given.left_out.push(user.clone());
        }
    }
    claim_left_open(batch, &lease, limit, &mut given).await?;
    Ok(Ok(given))
}

fn claim_named(batch: &mut Batch<'_>, user: &UserId, lease: &Lease, given: &mut UsersClaimed) {
    match claim_row(batch, user, lease) {
        Claimed::Given(claim) => given.claims.push(*claim),
        Claimed::NothingOwed => given.clean.push(user.clone()),
        Claimed::InWork => given.in_progress.push(user.clone()),
    }
}

/// A worker that died left attempts open; whoever follows takes them, whether or not their wake-ups survive.
async fn claim_left_open(
    batch: &mut Batch<'_>,
    lease: &Lease,
    limit: usize,
    given: &mut UsersClaimed,
) -> Result<(), StoreError> {
    let room = limit.saturating_sub(given.claims.len());
    // What this batch has claimed or settled still stands open in the database, so it is asked for on top.
    let wanted = room + 1 + batch.loaded();
    let found = batch.transaction.left_open(lease.epoch, wanted).await?;
    batch.load(&found).await?;
    for user in &found {
        let is_open = batch.row(user).is_some_and(|row| {
            row.open_attempt
                .as_ref()
                .is_some_and(|open| open.epoch < lease.epoch)
        });
        if !is_open {
            continue;
        }
        if given.claims.len() >= limit {
            given.more_left_open = true;
            break;
        }
        if let Claimed::Given(claim) = claim_row(batch, user, lease) {
            given.claims.push(*claim);
        }
    }
    Ok(())
}

fn claim_row(batch: &mut Batch<'_>, user: &UserId, lease: &Lease) -> Claimed {
    let (now, terms) = (batch.now, *batch.terms);
    let (Some(holder), Some(account)) = (&lease.holder, &lease.account_id) else {
        return Claimed::NothingOwed;
    };
    let claimable = batch
        .row(user)
        .is_some_and(|row| row.open_attempt.is_some() || row.is_dirty());
    if !claimable {
        return Claimed::NothingOwed;
    }
    match batch.row_to_change(user) {
        Some(row) => rules::claim(row, holder, lease.epoch, account, now, &terms),
        None => Claimed::NothingOwed,
    }
}
