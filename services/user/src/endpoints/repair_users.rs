//! `users.repair`: HubSpot no longer holds what it confirmed of these users.

use contracts::{ErrorCode, MAX_COMPARED, RepairUsers, ServiceError, UsersRepaired};

use super::Context;
use crate::writer::{Answer, Deadline, Work};

pub(super) async fn repair_users(
    context: Context,
    request: RepairUsers,
    deadline: Deadline,
) -> Result<UsersRepaired, ServiceError> {
    if request.users.len() > MAX_COMPARED {
        let message = format!("at most {MAX_COMPARED} users are repaired at a time; none was");
        return Err(ServiceError::new(ErrorCode::InvalidRequest, message));
    }
    match context
        .writer
        .ask(Work::Repair(request.users), Some(deadline))
        .await?
    {
        Answer::Repaired(repaired) => {
            let (sent, left) = (repaired.repaired, repaired.changed_meanwhile);
            tracing::info!(
                repaired = sent,
                left,
                "users whose contacts differ are sent again"
            );
            Ok(repaired)
        }
        other => Err(super::mismatch(&other)),
    }
}
