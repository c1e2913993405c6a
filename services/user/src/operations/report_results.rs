//! `users.report`: a worker reports the results of attempts, and may claim the next users in the same message.

use contracts::{
    AttemptResult, ErrorCode, NextAction, ReportResults, ReportedUser, ResolvedUser, ResultsReported,
    ServiceError, UserId, delivery::MAX_CLAIMS,
};

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
        // Every operation that links users takes the lease first, so that of two that link users to one contact at the same time
        // the second sees the first.
        if self.results.iter().any(|result| result.link.is_some()) {
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

async fn report_one(
    batch: &mut Batch<'_>,
    holder: &str,
    result: &AttemptResult,
) -> Result<NextAction, StoreError> {
    let user = &result.user_id;
    let others = match &result.link {
        Some(link) => {
            batch
                .other_users_of_contact(&link.account_id, &link.contact_id, user)
                .await?
        }
        None => Vec::new(),
    };
    let (now, timing) = (batch.now, *batch.timing);
    let Some(row) = batch.row_mut(user) else {
        return Ok(NextAction::Superseded);
    };
    let effects = rules::report_result(row, holder, result.clone(), others, now, &timing);
    if effects.is_resolved && !row.is_dirty() {
        let version = row.version;
        let state = state_of(row, version);
        batch.resolved.push(ResolvedUser {
            user_id: user.clone(),
            version,
            state,
        });
    }
    batch.load(&effects.now_shared).await?;
    for other in &effects.now_shared {
        if let Some(link) = batch.row_mut(other).and_then(|row| row.link.as_mut()) {
            link.shared = true;
        }
    }
    Ok(effects.next)
}
