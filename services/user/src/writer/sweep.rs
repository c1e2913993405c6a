//! What time brings, and announcements that were lost.

use std::collections::HashSet;

use contracts::{Priority, UserId};

use super::batch::Batch;
use crate::{rules, store::StoreError};

/// Does what is due on at most so many rows of each lane. Returns how many were found due.
pub(super) async fn sweep(batch: &mut Batch<'_>, live: usize, backfill: usize) -> Result<usize, StoreError> {
    let terms = *batch.terms;
    let mut due = batch.transaction.due(Priority::Live, &terms, live).await?;
    due.extend(
        batch
            .transaction
            .due(Priority::Backfill, &terms, backfill)
            .await?,
    );
    due.extend(batch.transaction.rechecks(backfill).await?);
    // A row may be due for two reasons.
    let mut seen = HashSet::new();
    due.retain(|user| seen.insert(user.clone()));
    batch.load(&due).await?;
    let (unreadable, due): (Vec<_>, Vec<_>) = due.into_iter().partition(|user| batch.is_unreadable(user));
    if !unreadable.is_empty() {
        batch.transaction.put_off(&unreadable, &terms).await?;
    }
    for user in &due {
        let now = batch.now;
        let Some(row) = batch.row_to_change(user) else {
            continue;
        };
        if let Some(priority) = rules::sweep(row, now, &terms) {
            batch.announce(user, priority);
        }
    }
    Ok(due.len())
}

/// Makes users due whose announcement failed. Returns how many changed.
pub(super) fn wake_now(batch: &mut Batch<'_>, users: &[UserId]) -> usize {
    let now = batch.now;
    let wake = |user| {
        batch
            .row_to_change(user)
            .is_some_and(|row| rules::wake_now(row, now))
    };
    users.iter().map(wake).filter(|changed| *changed).count()
}

/// Makes users due that were announced and are in nobody's hands. Returns how many changed.
pub(super) async fn wake_announced(batch: &mut Batch<'_>, limit: usize) -> Result<usize, StoreError> {
    let announced = batch.transaction.announced(limit).await?;
    batch.load(&announced).await?;
    Ok(wake_now(batch, &announced))
}
