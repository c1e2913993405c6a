//! Taking verdicts.

use std::collections::BTreeSet;

use contracts::{
    AttemptResult, ErrorCode, NextAction, ReportResults, ReportedUser, ResolvedUser, ResultsReported,
    ServiceError, UserId, delivery::MAX_CLAIMS,
};

use super::{batch::Batch, claim};
use crate::{
    rules::{self, state_of},
    store::StoreError,
};

pub(super) async fn record(
    batch: &mut Batch<'_>,
    request: &ReportResults,
) -> Result<Result<ResultsReported, ServiceError>, StoreError> {
    if request.results.len().max(request.retractions.len()) > MAX_CLAIMS {
        let message = format!("at most {MAX_CLAIMS} verdicts are taken at a time; nothing was recorded");
        return Ok(Err(ServiceError::new(ErrorCode::InvalidRequest, message)));
    }
    if request.results.iter().any(|verdict| verdict.link.is_some()) {
        // Of two who link users to one contact at a time, the second is to see the first.
        batch.lease().await?;
    }
    let mut answer = ResultsReported::default();
    for verdict in &request.results {
        let next = record_one(batch, &request.holder, verdict).await?;
        answer.users.push(ReportedUser {
            user_id: verdict.user_id.clone(),
            next,
        });
    }
    for withdrawal in &request.retractions {
        let now = batch.now;
        if let Some(row) = batch.row_to_change(&withdrawal.user_id) {
            rules::retract(row, withdrawal.field, &withdrawal.code, now);
        }
    }
    if let Some(wanted) = &request.claim {
        match claim::claim(batch, wanted).await? {
            Ok(claims) => answer.claims = Some(claims),
            Err(refused) => answer.claims_error = Some(refused.code),
        }
    }
    Ok(Ok(answer))
}

async fn record_one(
    batch: &mut Batch<'_>,
    holder: &str,
    verdict: &AttemptResult,
) -> Result<NextAction, StoreError> {
    let user = &verdict.user_id;
    let others = match &verdict.link {
        Some(found) => linked_to(batch, &found.account_id, &found.contact_id, user).await?,
        None => Vec::new(),
    };
    let (now, terms) = (batch.now, *batch.terms);
    let Some(row) = batch.row_to_change(user) else {
        return Ok(NextAction::Superseded);
    };
    let effects = rules::report_result(row, holder, verdict.clone(), others, now, &terms);
    if effects.settled && !row.is_dirty() {
        let version = row.version;
        let settled = ResolvedUser {
            user_id: user.clone(),
            version,
            state: state_of(row, version),
        };
        batch.settled.push(settled);
    }
    batch.load(&effects.now_shared).await?;
    for other in &effects.now_shared {
        if let Some(link) = batch.row_to_change(other).and_then(|row| row.link.as_mut()) {
            link.shared = true;
        }
    }
    Ok(effects.next)
}

/// The other users linked to a contact, as this batch has left them so far.
pub(super) async fn linked_to(
    batch: &mut Batch<'_>,
    account: &str,
    contact: &str,
    user: &UserId,
) -> Result<Vec<UserId>, StoreError> {
    let stored = batch.transaction.linked_to(account, contact).await?;
    let stored = stored.into_iter().filter(|other| !batch.has_loaded(other));
    let in_memory = batch.rows().filter(|row| {
        let link = row.link.as_ref();
        link.is_some_and(|link| link.contact_id == contact && link.account_id == account)
    });
    let others: BTreeSet<UserId> = in_memory.map(|row| row.user_id.clone()).chain(stored).collect();
    Ok(others.into_iter().filter(|other| other != user).collect())
}
