//! Any operation, for tests that draw operations at random.

use contracts::{
    ChangeLease, Claim, ClaimUsers, ControlDelivery, DeliveryControl, ImportLine, ImportResult, LeaseAnswer,
    LinkUser, Receipt, ReportResults, ResultsReported, ServiceError, UnlinkUser, UpdateUser, UserUpdated,
    UsersClaimed, UsersRepaired, UsersResynced, UsersRetried,
};
use user::{
    commit::CommitQueue,
    operations::{
        DeleteExpiredKeys, RepairListed, ResyncListed, RetryListed, SweepUsers, WakePublishedUsers, WakeUsers,
    },
};

#[derive(Debug, Clone)]
pub(super) enum AnyOperation {
    Update(UpdateUser),
    Import(ImportLine),
    Lease(ChangeLease),
    Control(ControlDelivery),
    Claim(ClaimUsers),
    Report(ReportResults),
    Retry(RetryListed),
    Resync(ResyncListed),
    Link(LinkUser),
    Unlink(UnlinkUser),
    Repair(RepairListed),
    Sweep(SweepUsers),
    Wake(WakeUsers),
    WakeAnnounced(WakePublishedUsers),
    DeleteKeys(DeleteExpiredKeys),
}

#[derive(Debug, PartialEq)]
pub(super) enum Answer {
    Rejected(ServiceError),
    Updated(UserUpdated),
    Imported(ImportResult),
    Lease(LeaseAnswer),
    Controlled(DeliveryControl),
    Claimed(UsersClaimed),
    Reported(ResultsReported),
    Retried(UsersRetried),
    Resynced(UsersResynced),
    Linked(Box<Receipt>),
    Repaired(UsersRepaired),
    Woken(usize),
    /// How many keys have to be deleted depends on which operations share a batch.
    KeysDeleted,
}

impl AnyOperation {
    pub(super) async fn run(&self, commits: &CommitQueue) -> Answer {
        let answer = self.clone().run_with(commits).await;
        answer.map_or_else(Answer::Rejected, in_order)
    }

    async fn run_with(self, commits: &CommitQueue) -> Result<Answer, ServiceError> {
        Ok(match self {
            Self::Update(update) => Answer::Updated(commits.run(update, None).await?),
            Self::Import(line) => Answer::Imported(commits.run(line, None).await?),
            Self::Lease(change) => Answer::Lease(commits.run(change, None).await?),
            Self::Control(control) => Answer::Controlled(commits.run(control, None).await?),
            Self::Claim(claim) => Answer::Claimed(commits.run(claim, None).await?),
            Self::Report(report) => Answer::Reported(commits.run(report, None).await?),
            Self::Retry(retry) => Answer::Retried(commits.run(retry, None).await?),
            Self::Resync(resync) => Answer::Resynced(commits.run(resync, None).await?),
            Self::Link(link) => Answer::Linked(Box::new(commits.run(link, None).await?)),
            Self::Unlink(unlink) => Answer::Linked(Box::new(commits.run(unlink, None).await?)),
            Self::Repair(repair) => Answer::Repaired(commits.run(repair, None).await?),
            Self::Sweep(sweep) => Answer::Woken(commits.run(sweep, None).await?),
            Self::Wake(wake) => Answer::Woken(commits.run(wake, None).await?),
            Self::WakeAnnounced(wake) => Answer::Woken(commits.run(wake, None).await?),
            Self::DeleteKeys(page) => {
                commits.run(page, None).await?;
                Answer::KeysDeleted
            }
        })
    }

    /// Whether the operation finds users by the state of their rows. A claim finds attempts that were left open.
    pub(super) fn looks_for_users(&self) -> bool {
        match self {
            Self::Claim(_) | Self::Sweep(_) | Self::WakeAnnounced(_) => true,
            Self::Report(report) => report.claim.is_some(),
            _ => false,
        }
    }
}

impl Answer {
    /// The claims in this answer.
    pub(super) fn claims(&self) -> &[Claim] {
        match self {
            Self::Claimed(claimed) => &claimed.claims,
            Self::Reported(reported) => reported
                .claims
                .as_ref()
                .map_or(&[], |claimed| claimed.claims.as_slice()),
            _ => &[],
        }
    }
}

/// Attempts that were left open are claimed in no order, so claims are sorted.
fn in_order(mut answer: Answer) -> Answer {
    let claimed = match &mut answer {
        Answer::Claimed(claimed) => Some(claimed),
        Answer::Reported(reported) => reported.claims.as_mut(),
        _ => None,
    };
    if let Some(claimed) = claimed {
        claimed
            .claims
            .sort_by(|one, other| one.user_id.cmp(&other.user_id));
    }
    answer
}
