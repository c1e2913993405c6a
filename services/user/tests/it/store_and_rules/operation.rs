//! Any operation, for tests that draw operations at random.

use contracts::{
    ChangeLease, ClaimUsers, ControlDelivery, DeliveryControl, ImportLine, ImportResult, LeaseAnswer,
    LinkUser, Priority, Receipt, RepairUser, ReportResults, ResultsReported, ServiceError, UnlinkUser,
    UpdateUser, UserId, UserUpdated, UsersClaimed, UsersRepaired, UsersResynced, UsersRetried,
};
use user::{
    commit::CommitQueue,
    operations::{RepairListed, ResyncListed, RetryListed, SweepUsers, WakePublishedUsers, WakeUsers},
};

#[derive(Debug, Clone)]
pub(super) enum Work {
    Update(UpdateUser),
    Import(ImportLine),
    Lease(ChangeLease),
    Line(ControlDelivery),
    Claim(ClaimUsers),
    Record(ReportResults),
    Retry { users: Vec<UserId>, priority: Priority },
    Resync(Vec<UserId>),
    Link(LinkUser),
    Unlink(UnlinkUser),
    Repair(Vec<RepairUser>),
    Sweep { live: usize, backfill: usize },
    WakeNow(Vec<UserId>),
    WakeAnnounced { limit: usize },
}

#[derive(Debug)]
pub(super) enum Answer {
    Updated(UserUpdated),
    Imported(ImportResult),
    Lease(LeaseAnswer),
    Line(DeliveryControl),
    Claims(UsersClaimed),
    Recorded(ResultsReported),
    Retried(UsersRetried),
    Resynced(UsersResynced),
    Linked(Box<Receipt>),
    Repaired(UsersRepaired),
    Rows(usize),
}

impl Work {
    pub(super) async fn run(self, commits: &CommitQueue) -> Result<Answer, ServiceError> {
        Ok(match self {
            Self::Update(update) => Answer::Updated(commits.run(update, None).await?),
            Self::Import(line) => Answer::Imported(commits.run(line, None).await?),
            Self::Lease(change) => Answer::Lease(commits.run(change, None).await?),
            Self::Line(control) => Answer::Line(commits.run(control, None).await?),
            Self::Claim(claim) => Answer::Claims(commits.run(claim, None).await?),
            Self::Record(report) => Answer::Recorded(commits.run(report, None).await?),
            Self::Retry { users, priority } => {
                Answer::Retried(commits.run(RetryListed { users, priority }, None).await?)
            }
            Self::Resync(users) => Answer::Resynced(commits.run(ResyncListed(users), None).await?),
            Self::Link(link) => Answer::Linked(Box::new(commits.run(link, None).await?)),
            Self::Unlink(unlink) => Answer::Linked(Box::new(commits.run(unlink, None).await?)),
            Self::Repair(users) => Answer::Repaired(commits.run(RepairListed(users), None).await?),
            Self::Sweep { live, backfill } => {
                Answer::Rows(commits.run(SweepUsers { live, backfill }, None).await?)
            }
            Self::WakeNow(users) => Answer::Rows(commits.run(WakeUsers(users), None).await?),
            Self::WakeAnnounced { limit } => {
                Answer::Rows(commits.run(WakePublishedUsers { limit }, None).await?)
            }
        })
    }
}
