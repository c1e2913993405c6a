//! `users.claim`: gives users to the worker that holds the lease, each as a numbered attempt.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use contracts::{
    ClaimUsers, ErrorCode, Field, ServiceError, UserId, UsersClaimed, WriteTarget, delivery::MAX_CLAIMS,
};

use super::contacts;
use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules::{self, Claimed, Lease, Row, UnixMs, Worker},
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
        let revision = batch.fields.revision();
        if self.fields_revision.is_some_and(|known| known != revision) {
            let message = format!("the set of fields in use is revision {revision}; read it and claim again");
            return Err(ServiceError::new(ErrorCode::Unavailable, message).into());
        }
        let limit = (self.limit as usize).min(MAX_CLAIMS);
        let mut answer = UsersClaimed::default();
        let late_writes = prepare(batch, &lease, &self.users).await?;
        for user in &self.users {
            if answer.claims.len() < limit {
                claim_named(batch, user, &lease, &late_writes, &mut answer);
            } else {
                answer.left_out.push(user.clone());
            }
        }
        claim_left_open(batch, &lease, limit, &mut answer).await?;
        Ok(answer)
    }
}

/// Until when HubSpot may apply calls of other users to what the next attempts of these users write to.
type LateWrites = HashMap<UserId, UnixMs>;

/// Finds out, for all users at once, what their claims depend on beyond their own rows.
async fn prepare(batch: &mut Batch<'_>, lease: &Lease, users: &[UserId]) -> Result<LateWrites, StoreError> {
    leave_shared_contacts(batch, lease, users).await?;
    let account = lease.account_id.as_deref().unwrap_or_default();
    let targets: Vec<(&UserId, WriteTarget)> = users
        .iter()
        .filter_map(|user| Some((user, rules::next_target(claimable(batch, user, lease)?, account)?)))
        .collect();
    let distinct: HashSet<&WriteTarget> = targets.iter().map(|(_, target)| target).collect();
    let distinct: Vec<&WriteTarget> = distinct.into_iter().collect();
    let found = batch.late_writes(&distinct).await?;
    let until = |user: &UserId, target: &WriteTarget| {
        let of_others = found
            .iter()
            .filter(|one| one.target == *target && one.user_id != *user);
        of_others.map(|one| one.until).max()
    };
    Ok(targets
        .iter()
        .filter_map(|(user, target)| Some(((*user).clone(), until(user, target)?)))
        .collect())
}

/// Of two users that share a contact, only the one that was linked first gives it another address. The other one leaves it.
async fn leave_shared_contacts(
    batch: &mut Batch<'_>,
    lease: &Lease,
    users: &[UserId],
) -> Result<(), StoreError> {
    for user in users {
        let shared = claimable(batch, user, lease)
            .filter(|row| row.fields[Field::EMAIL].is_dirty())
            .and_then(|row| row.link.clone())
            .filter(|link| link.shared);
        let Some(link) = shared else { continue };
        let others = contacts::other_users(batch, user, &link.account_id, &[&link.contact_id]).await?;
        if batch
            .row(user)
            .is_some_and(|row| rules::is_second_in_shared_contact(row, &others))
        {
            contacts::end_links(batch, std::slice::from_ref(user)).await?;
        }
    }
    Ok(())
}

/// The row of a user that is dirty and not in an attempt of this epoch.
fn claimable<'b>(batch: &'b Batch<'_>, user: &UserId, lease: &Lease) -> Option<&'b Row> {
    let (now, timing) = (batch.now, batch.timing);
    batch
        .row(user)
        .filter(|row| row.is_dirty() && !rules::is_under_way(row, lease.epoch, now, timing))
}

fn claim_named(
    batch: &mut Batch<'_>,
    user: &UserId,
    lease: &Lease,
    late_writes: &LateWrites,
    answer: &mut UsersClaimed,
) {
    match claim(batch, user, lease, late_writes) {
        Claimed::Given(claim) => answer.claims.push(*claim),
        Claimed::Clean => answer.clean.push(user.clone()),
        Claimed::InProgress => answer.in_progress.push(user.clone()),
        Claimed::Waiting => answer.waiting.push(user.clone()),
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
    let is_left_open = |user: &UserId| {
        let open_attempt = batch.row(user).and_then(|row| row.open_attempt.as_ref());
        open_attempt.is_some_and(|open| open.epoch < lease.epoch)
    };
    let left_open: Vec<UserId> = found.into_iter().filter(is_left_open).collect();
    let late_writes = prepare(batch, lease, &left_open).await?;
    for user in &left_open {
        if answer.claims.len() >= limit {
            answer.more_left_open = true;
            break;
        }
        if let Claimed::Given(claim) = claim(batch, user, lease, &late_writes) {
            answer.claims.push(*claim);
        }
    }
    Ok(())
}

fn claim(batch: &mut Batch<'_>, user: &UserId, lease: &Lease, late_writes: &LateWrites) -> Claimed {
    let (now, floor, timing) = (batch.now, lease.version_floor, *batch.timing);
    let fields = Arc::clone(&batch.fields);
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
    let worker = Worker {
        holder,
        epoch: lease.epoch,
        account,
        fields: &fields,
    };
    let late_write_until = late_writes.get(user).copied();
    match batch.row_mut(user) {
        Some(row) => rules::claim(row, worker, late_write_until, now, floor, &timing),
        None => Claimed::Clean,
    }
}
