//! One page: users from the user service, their contacts from HubSpot, what differs, and its repair.

use std::time::Duration;

use contracts::{
    CompareUsers, Comparison, ComparisonPurpose, ErrorCode, ReadUsersToCompare, RepairUser, RepairUsers,
    ServiceError,
};
use tokio::time::Instant;

use super::super::user_service::TIMEOUT;
use super::{Comparer, TIME_TO_ANSWER, Terms};
use crate::{
    comparison::{Contacts, Judge, Plan, repair_of},
    engine::{InspectionError, UserServiceError},
};

/// What the user service may take after a call, for a repair.
pub(super) const TIME_FOR_REPAIR: Duration = Duration::from_secs(3);

impl Comparer {
    /// Compares a page of users. What has to be asked of HubSpot is sent in time to be answered by then, or not at all.
    /// With the lease it ends at once, but for a repair that is out.
    pub(super) async fn compare(
        &self,
        compare: &CompareUsers,
        terms: Terms<'_>,
    ) -> Result<Comparison, ServiceError> {
        let (mut comparison, repairs) = tokio::select! {
            biased;
            () = terms.closed.cancelled() => return Err(not_inspected(&InspectionError::NotDelivering)),
            compared = self.read_and_judge(compare, terms) => compared?,
        };
        if compare.purpose == (ComparisonPurpose::Drift { repair: true }) {
            self.repair(repairs, &mut comparison, terms).await?;
        }
        Ok(comparison)
    }

    /// A page of users beside their contacts; also what would be repaired.
    async fn read_and_judge(
        &self,
        compare: &CompareUsers,
        terms: Terms<'_>,
    ) -> Result<(Comparison, Vec<RepairUser>), ServiceError> {
        let read = ReadUsersToCompare {
            users: compare.users.clone(),
            dirty_only: compare.purpose == ComparisonPurpose::DryRun,
        };
        let page = self.users.call(&read, TIMEOUT).await.map_err(unserved)?;
        let plan = Plan::new(compare.purpose, page.users, terms.account_id);
        let (mut comparison, repairs) = self.judge(compare, &plan, terms).await?;
        comparison.unknown = page.unknown;
        comparison.next = page.next;
        Ok((comparison, repairs))
    }

    /// Reads what the plan asks for and judges each user.
    async fn judge(
        &self,
        compare: &CompareUsers,
        plan: &Plan,
        terms: Terms<'_>,
    ) -> Result<(Comparison, Vec<RepairUser>), ServiceError> {
        let judge = Judge {
            aim: compare.purpose,
            values: compare.values,
            missing: self.missing,
        };
        let checked = plan.by_id.len() + plan.by_address.len();
        let (mut findings, mut repairs) = (plan.known.clone(), Vec::new());
        if let Some(ids) = plan.ids() {
            let read = self.read(ids, terms).await?;
            let contacts = Contacts::new(&read);
            for user in &plan.by_id {
                let finding = judge.linked(user, &contacts);
                repairs.extend(finding.as_ref().and_then(|finding| repair_of(user, finding)));
                findings.extend(finding);
            }
        }
        if let Some(addresses) = plan.addresses() {
            let read = self.read(addresses, terms).await?;
            let contacts = Contacts::new(&read);
            findings.extend(plan.by_address.iter().map(|user| judge.unlinked(user, &contacts)));
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

    /// Whoever asked is not to be told that it was too late for what is done all the same.
    async fn repair(
        &self,
        users: Vec<RepairUser>,
        comparison: &mut Comparison,
        terms: Terms<'_>,
    ) -> Result<(), ServiceError> {
        if users.is_empty() {
            return Ok(());
        }
        let left = terms.until.saturating_duration_since(Instant::now());
        let Some(limit) = time_for_repair(left) else {
            return Err(not_inspected(&InspectionError::Busy));
        };
        let repair = RepairUsers { users };
        let repaired = self.users.call(&repair, limit).await.map_err(unserved)?;
        comparison.repaired = repaired.repaired;
        comparison.changed_meanwhile = repaired.changed_meanwhile;
        Ok(())
    }
}

/// How long a repair may take where somebody waits for so long; none where there is no time left to say what came of it.
fn time_for_repair(left: Duration) -> Option<Duration> {
    let limit = left.checked_sub(TIME_TO_ANSWER)?.min(TIME_FOR_REPAIR);
    (!limit.is_zero()).then_some(limit)
}

pub(super) fn not_inspected(why: &InspectionError) -> ServiceError {
    ServiceError::new(ErrorCode::Unavailable, why.message())
}

fn unserved(why: UserServiceError) -> ServiceError {
    match why {
        UserServiceError::Rejected(ErrorCode::InvalidRequest) => ServiceError::new(
            ErrorCode::InvalidRequest,
            "the user service does not take these users; name a hundred at most",
        ),
        UserServiceError::Rejected(_) | UserServiceError::NoResponse => ServiceError::new(
            ErrorCode::Unavailable,
            "the user service did not answer the worker that compares; ask again",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repair_ends_before_whoever_asked_has_left() {
        let seconds = Duration::from_secs;
        assert_eq!(time_for_repair(seconds(20)), Some(TIME_FOR_REPAIR));
        let short = time_for_repair(seconds(2)).expect("some time");
        assert!(short < seconds(2));
        for left in [seconds(0), TIME_TO_ANSWER] {
            assert_eq!(time_for_repair(left), None);
        }
    }
}
