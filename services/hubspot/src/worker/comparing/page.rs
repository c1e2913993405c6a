//! Compares one page: reads the users and their contacts, finds the differences and has them repaired.

use std::time::Duration;

use contracts::{
    CompareUsers, Comparison, ComparisonPurpose, ErrorCode, ReadUsersToCompare, RepairUser, RepairUsers,
    ServiceError,
};
use tokio::time::Instant;

use super::super::user_service::TIMEOUT;
use super::{Comparer, ComparisonContext, REPLY_TIME};
use crate::{
    comparison::{Contacts, Plan, UserComparer, repair_of},
    engine::{InspectionError, UserServiceError},
};

/// How long the user service may take for a repair after the contacts were read.
pub(super) const REPAIR_TIMEOUT: Duration = Duration::from_secs(3);

impl Comparer {
    /// Compares a page of users. Contacts are read only while the response can come before `context.until`. If the lease ends,
    /// the comparison ends at once, except that a repair in flight is finished.
    pub(super) async fn compare(
        &self,
        compare: &CompareUsers,
        context: ComparisonContext<'_>,
    ) -> Result<Comparison, ServiceError> {
        let (mut comparison, repairs) = tokio::select! {
            biased;
            () = context.closed.cancelled() => return Err(self.not_inspected(&InspectionError::NotDelivering)),
            compared = self.read_and_compare(compare, context) => compared?,
        };
        if compare.purpose == (ComparisonPurpose::Drift { repair: true }) {
            self.repair(repairs, &mut comparison, context).await?;
        }
        Ok(comparison)
    }

    /// Reads a page of users and compares them with their contacts. Also returns the repairs for the differences.
    async fn read_and_compare(
        &self,
        compare: &CompareUsers,
        context: ComparisonContext<'_>,
    ) -> Result<(Comparison, Vec<RepairUser>), ServiceError> {
        if !self.fields.is_known() {
            let message = "the user service has not named the set of fields yet; ask again";
            return Err(ServiceError::new(ErrorCode::Unavailable, message));
        }
        let read = ReadUsersToCompare {
            users: compare.users.clone(),
            dirty_only: compare.purpose == ComparisonPurpose::DryRun,
        };
        let page = self
            .users
            .call(&read, TIMEOUT)
            .await
            .map_err(user_service_error)?;
        let plan = Plan::new(compare.purpose, page.users, context.account_id);
        let (mut comparison, repairs) = self.compare_planned(compare, &plan, context).await?;
        comparison.unknown = page.unknown;
        comparison.next = page.next;
        Ok((comparison, repairs))
    }

    /// Reads the contacts in the plan and makes a finding for each user.
    async fn compare_planned(
        &self,
        compare: &CompareUsers,
        plan: &Plan,
        context: ComparisonContext<'_>,
    ) -> Result<(Comparison, Vec<RepairUser>), ServiceError> {
        let fields = self.fields.get();
        let comparer = UserComparer {
            purpose: compare.purpose,
            values: compare.values,
            missing: self.missing,
            fields: &fields,
        };
        let checked = plan.by_id.len() + plan.by_address.len();
        let (mut findings, mut repairs) = (plan.known.clone(), Vec::new());
        if let Some(ids) = plan.ids() {
            let read = self.read(ids, context).await?;
            let contacts = Contacts::new(&read);
            for user in &plan.by_id {
                let finding = comparer.linked(user, &contacts);
                repairs.extend(finding.as_ref().and_then(|finding| repair_of(user, finding)));
                findings.extend(finding);
            }
        }
        if let Some(addresses) = plan.addresses() {
            let read = self.read(addresses, context).await?;
            let contacts = Contacts::new(&read);
            findings.extend(
                plan.by_address
                    .iter()
                    .map(|user| comparer.unlinked(user, &contacts)),
            );
        }
        findings.sort_by(|one, other| one.user_id.cmp(&other.user_id));
        let comparison = Comparison {
            checked: u64::try_from(checked).unwrap_or(u64::MAX),
            skipped: plan.skipped,
            findings,
            ..Comparison::default()
        };
        Ok((comparison, repairs))
    }

    /// Has the fields that differ sent again. It starts only while there is time to wait for the result, so that no caller
    /// gets a time-out for a repair that happens all the same.
    async fn repair(
        &self,
        users: Vec<RepairUser>,
        comparison: &mut Comparison,
        context: ComparisonContext<'_>,
    ) -> Result<(), ServiceError> {
        if users.is_empty() {
            return Ok(());
        }
        let left = context.until.saturating_duration_since(Instant::now());
        let Some(limit) = repair_timeout(left) else {
            return Err(self.not_inspected(&InspectionError::Busy));
        };
        let repair = RepairUsers { users };
        let repaired = self
            .users
            .call(&repair, limit)
            .await
            .map_err(user_service_error)?;
        comparison.repaired = repaired.repaired;
        comparison.changed_meanwhile = repaired.changed_meanwhile;
        Ok(())
    }

    pub(super) fn not_inspected(&self, why: &InspectionError) -> ServiceError {
        ServiceError::new(ErrorCode::Unavailable, why.message(&self.fields.get()))
    }
}

/// How long a repair may take if the caller waits for `left`. None if no time would be left to send the reply.
fn repair_timeout(left: Duration) -> Option<Duration> {
    let limit = left.checked_sub(REPLY_TIME)?.min(REPAIR_TIMEOUT);
    (!limit.is_zero()).then_some(limit)
}

fn user_service_error(why: UserServiceError) -> ServiceError {
    match why {
        UserServiceError::Rejected(ErrorCode::InvalidRequest) => ServiceError::new(
            ErrorCode::InvalidRequest,
            "the user service rejected the request; name at most a hundred users",
        ),
        UserServiceError::Rejected(_) | UserServiceError::NoResponse => ServiceError::new(
            ErrorCode::Unavailable,
            "the user service did not answer the worker that compares; try again",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repair_ends_before_whoever_asked_has_left() {
        let seconds = Duration::from_secs;
        assert_eq!(repair_timeout(seconds(20)), Some(REPAIR_TIMEOUT));
        let short = repair_timeout(seconds(2)).expect("some time");
        assert!(short < seconds(2));
        for left in [seconds(0), REPLY_TIME] {
            assert_eq!(repair_timeout(left), None);
        }
    }
}
