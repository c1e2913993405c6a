//! `users.report`: a worker reports the results of attempts, and may claim the next users in the same message.

use contracts::{
    AttemptResult, ErrorCode, Link, LinkOrigin, NewLink, NextAction, ReportResults, ReportedUser,
    ResolvedUser, ResultsReported, ServiceError, UserId, delivery::MAX_CLAIMS,
};

use super::contacts;
use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules::{self, state_of},
    store::StoreError,
};

impl Operation for ReportResults {
    type Answer = ResultsReported;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        let reported = self.results.iter().map(|result| &result.user_id);
        let retracted = self.retractions.iter().map(|retraction| &retraction.user_id);
        let claimed = self.claim.iter().flat_map(|claim| &claim.users);
        reported.chain(retracted).chain(claimed).collect()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<ResultsReported, OperationError> {
        if self.results.len().max(self.retractions.len()) > MAX_CLAIMS {
            let message = format!("a report has at most {MAX_CLAIMS} results; nothing was recorded");
            return Err(ServiceError::new(ErrorCode::InvalidRequest, message).into());
        }
        // See `contacts`: links change only while the lease is held by the transaction.
        if self.results.iter().any(|result| may_change_links(batch, result)) {
            batch.lease().await?;
        }
        let mut answer = ResultsReported::default();
        for result in &self.results {
            let next = report_one(batch, &self.holder, result).await?;
            answer.users.push(ReportedUser {
                user_id: result.user_id.clone(),
                next,
            });
        }
        for retraction in &self.retractions {
            let now = batch.now;
            if let Some(row) = batch.row_mut(&retraction.user_id) {
                rules::retract(row, retraction.field, &retraction.code, now);
            }
        }
        // The claim comes last, so that users whose results have just been recorded may be claimed again.
        if let Some(claim) = &self.claim {
            match claim.apply(batch).await {
                Ok(claims) => answer.claims = Some(claims),
                Err(OperationError::Rejected(error)) => answer.claims_error = Some(error.code),
                Err(error) => return Err(error),
            }
        }
        Ok(answer)
    }
}

/// Whether a link may begin or end: one was found, or the address of a shared contact has changed.
fn may_change_links(batch: &Batch<'_>, result: &AttemptResult) -> bool {
    result.link.is_some() || gives_shared_contact_an_address(batch, result)
}

fn gives_shared_contact_an_address(batch: &Batch<'_>, result: &AttemptResult) -> bool {
    let link = batch.row(&result.user_id).and_then(|row| row.link.as_ref());
    result.confirmed_address.is_some() && link.is_some_and(|link| link.shared)
}

async fn report_one(
    batch: &mut Batch<'_>,
    holder: &str,
    result: &AttemptResult,
) -> Result<NextAction, StoreError> {
    let user = &result.user_id;
    let former_link = batch.row(user).and_then(|row| row.link.clone());
    let others = match (&result.link, &former_link) {
        (Some(found), _) => contacts::users_of_found_contact(batch, user, found).await?,
        (None, Some(link)) if gives_shared_contact_an_address(batch, result) => {
            contacts::other_users(batch, user, &link.account_id, &[&link.contact_id]).await?
        }
        (None, _) => Vec::new(),
    };
    let is_merged = |link: &NewLink| link.origin == LinkOrigin::Merged;
    let before_merge = batch
        .row(user)
        .filter(|_| result.link.as_ref().is_some_and(is_merged))
        .cloned();
    let (now, timing) = (batch.now, *batch.timing);
    let Some(row) = batch.row_mut(user) else {
        return Ok(NextAction::Superseded);
    };
    let effects = rules::report_result(row, holder, result.clone(), &others, now, &timing);
    let link = row.link.clone();
    if effects.is_resolved && !row.is_dirty() {
        let version = row.version;
        let state = state_of(row, version);
        batch.resolved.push(ResolvedUser {
            user_id: user.clone(),
            version,
            state,
        });
    }
    contacts::end_links(batch, &effects.losers).await?;
    // The user lost its contact by a merge. The contact of the other one has values of this one now.
    if let Some(former) = before_merge.filter(|_| link.is_none()) {
        for winner in &effects.overwritten {
            if let Some(row) = batch.row_mut(winner) {
                rules::inherit_values(row, &former);
            }
        }
    }
    contacts::resend_everything(batch, &effects.overwritten);
    if let Some(contact) = effects.overwritten_contact {
        contacts::resend_users_of(batch, user, &[contact]).await?;
    }
    if contact_of(link.as_ref()) != contact_of(former_link.as_ref()) {
        // Also if the contact was lost by a merge: calls of this user may still be applied to it.
        if let Some(found) = &result.link {
            contacts::join_former_contacts(batch, user, found, former_link.as_ref(), &others).await?;
        }
        if let Some(link) = link {
            contacts::update_sharing(batch, &link.account_id, &link.contact_id).await?;
        }
        if let Some(former) = former_link {
            contacts::handle_departure(batch, user, &former).await?;
        }
    }
    Ok(effects.next)
}

fn contact_of(link: Option<&Link>) -> Option<(&str, &str)> {
    link.map(|link| (link.account_id.as_str(), link.contact_id.as_str()))
}
