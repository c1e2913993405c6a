//! One page: users from the user service, their contacts from HubSpot, what differs, and its repair.

use std::time::Duration;

use contracts::{Aim, Compare, Comparison, ErrorCode, ReadToCompare, RepairUser, RepairUsers, ServiceError};
use tokio::time::Instant;

use super::{Comparer, Terms};
use crate::{
    comparison::{Contacts, Judge, Plan, repair_of},
    engine::{Inspected, Inspection, Unserved},
};

/// What the user service may take after a call, for a repair.
const TIME_FOR_REPAIR: Duration = Duration::from_secs(3);

impl Comparer {
    /// Compares a page of users. What has to be asked of HubSpot is sent in time to be answered by then, or not at all.
    pub(super) async fn compare(
        &self,
        compare: &Compare,
        terms: Terms<'_>,
    ) -> Result<Comparison, ServiceError> {
        let read = ReadToCompare {
            users: compare.users.clone(),
            owing: compare.aim == Aim::DryRun,
        };
        let page = self.users.read_to_compare(&read).await.map_err(unserved)?;
        let plan = Plan::new(compare.aim, page.users, terms.account_id);
        let (mut comparison, repairs) = self.judge(compare, &plan, terms).await?;
        comparison.unknown = page.unknown;
        comparison.next = page.next;
        if compare.aim == (Aim::Drift { repair: true }) {
            self.repair(repairs, &mut comparison).await?;
        }
        Ok(comparison)
    }

    /// Reads what the plan asks for and judges each user; also what would be repaired.
    async fn judge(
        &self,
        compare: &Compare,
        plan: &Plan,
        terms: Terms<'_>,
    ) -> Result<(Comparison, Vec<RepairUser>), ServiceError> {
        let judge = Judge {
            aim: compare.aim,
            values: compare.values,
            missing: self.missing,
        };
        let checked = plan.by_id.len() + plan.by_address.len();
        let (mut findings, mut repairs) = (plan.known.clone(), Vec::new());
        if let Some(ids) = plan.ids() {
            let inspected = self.inspect(&ids, terms).await?;
            let contacts = Contacts::new(&ids, &inspected);
            for user in &plan.by_id {
                let finding = judge.linked(user, &contacts);
                repairs.extend(finding.as_ref().and_then(|finding| repair_of(user, finding)));
                findings.extend(finding);
            }
        }
        if let Some(addresses) = plan.addresses() {
            let inspected = self.inspect(&addresses, terms).await?;
            let contacts = Contacts::new(&addresses, &inspected);
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

    async fn inspect(&self, inspection: &Inspection, terms: Terms<'_>) -> Result<Inspected, ServiceError> {
        let left = terms.until.saturating_duration_since(Instant::now());
        let patience = left.saturating_sub(self.call_timeout + TIME_FOR_REPAIR);
        let inspected = self
            .inspector
            .inspect(inspection.clone(), terms.even_paused, patience)
            .await;
        inspected.map_err(|why| ServiceError::new(ErrorCode::Unavailable, why.sentence()))
    }

    async fn repair(&self, users: Vec<RepairUser>, comparison: &mut Comparison) -> Result<(), ServiceError> {
        if users.is_empty() {
            return Ok(());
        }
        let repaired = self
            .users
            .repair(&RepairUsers { users })
            .await
            .map_err(unserved)?;
        comparison.repaired = repaired.repaired;
        comparison.left = repaired.left;
        Ok(())
    }
}

fn unserved(why: Unserved) -> ServiceError {
    match why {
        Unserved::Refused(ErrorCode::InvalidRequest) => ServiceError::new(
            ErrorCode::InvalidRequest,
            "the user service does not take these users; name a hundred at most",
        ),
        Unserved::Refused(_) | Unserved::NoAnswer => ServiceError::new(
            ErrorCode::Unavailable,
            "the user service did not answer the worker that compares; ask again",
        ),
    }
}
