//! Hands each piece of work to what knows how to do it.

use contracts::{ChangeLease, ControlDelivery, DeliveryControl, ErrorCode, LeaseAnswer, ServiceError};

use super::{
    Answer, Job, Work, batch::Batch, claim, import, link, record, repair, resync, retry, sweep, update,
};
use crate::{
    rules::{change_lease, control_delivery},
    store::StoreError,
};

/// Does one piece of work on the rows in memory. The outer error fails the batch, the inner one only this piece.
pub(super) async fn apply(
    batch: &mut Batch<'_>,
    job: &Job,
) -> Result<Result<Answer, ServiceError>, StoreError> {
    if job.deadline.is_some_and(|deadline| deadline.has_passed()) {
        let message = "the caller's deadline passed before the change was written; nothing was accepted";
        return Ok(Err(ServiceError::new(ErrorCode::Expired, message)));
    }
    let answer = match &job.work {
        Work::Update(request) => update::update(batch, request).map(Answer::Updated),
        Work::Import(line) => import::import_line(batch, line).map(Answer::Imported),
        Work::Lease(ask) => Ok(Answer::Lease(lease(batch, ask).await?)),
        Work::Line(control) => Ok(Answer::Line(line(batch, *control).await?)),
        Work::Claim(request) => claim::claim(batch, request).await?.map(Answer::Claims),
        Work::Record(request) => record::record(batch, request).await?.map(Answer::Recorded),
        Work::Retry { users, priority } => Ok(Answer::Retried(retry::retry(batch, users, *priority))),
        Work::Resync(users) => Ok(Answer::Resynced(resync::resync(batch, users))),
        Work::Link(request) => link::link(batch, request).await?.map(Answer::Linked),
        Work::Unlink(request) => link::unlink(batch, request).await?.map(Answer::Linked),
        Work::Repair(users) => Ok(Answer::Repaired(repair::repair(batch, users))),
        Work::Sweep { live, backfill } => Ok(Answer::Rows(sweep::sweep(batch, *live, *backfill).await?)),
        Work::WakeNow(users) => Ok(Answer::Rows(sweep::wake_now(batch, users))),
        Work::WakeAnnounced { limit } => Ok(Answer::Rows(sweep::wake_announced(batch, *limit).await?)),
    };
    Ok(answer)
}

async fn line(batch: &mut Batch<'_>, control: ControlDelivery) -> Result<DeliveryControl, StoreError> {
    let mut lease = batch.lease().await?;
    let answer = control_delivery(&mut lease, control.action, batch.now);
    batch.put_lease(lease);
    Ok(answer)
}

async fn lease(batch: &mut Batch<'_>, ask: &ChangeLease) -> Result<LeaseAnswer, StoreError> {
    let mut lease = batch.lease().await?;
    let other_account = lease
        .account_id
        .as_ref()
        .is_some_and(|account| *account != ask.account_id);
    let has_links = other_account && batch.transaction.has_links().await?;
    let answer = change_lease(&mut lease, ask, has_links, batch.now, batch.terms);
    batch.put_lease(lease);
    Ok(answer)
}
