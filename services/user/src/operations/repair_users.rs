//! `users.repair`: marks fields dirty that HubSpot no longer holds as it confirmed them.

use contracts::{MAX_COMPARED, RepairUser, RepairUsers, ServiceError, UserId, UsersRepaired};
use runtime::nats::Caller;

use super::{Context, check_count};
use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules,
};

pub(super) async fn repair_users(
    context: Context,
    request: RepairUsers,
    caller: Caller,
) -> Result<UsersRepaired, ServiceError> {
    check_count(request.users.len(), MAX_COMPARED, "repaired")?;
    let listed = RepairListed(request.users);
    let answer = context.commits.run_for(listed, caller).await?;
    tracing::info!(
        repaired = answer.repaired,
        changed_meanwhile = answer.changed_meanwhile,
        "fields that differ from the contacts were marked dirty"
    );
    Ok(answer)
}

/// Marks the given fields of these users dirty, unless a user has changed since it was compared. The sweep publishes their wake-ups
/// when the stream has space for back-fill.
#[derive(Debug, Clone)]
pub struct RepairListed(pub Vec<RepairUser>);

impl Operation for RepairListed {
    type Answer = UsersRepaired;

    const QUEUE: Queue = Queue::Deliveries;

    fn users(&self) -> Vec<&UserId> {
        self.0.iter().map(|user| &user.user_id).collect()
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<UsersRepaired, OperationError> {
        let mut answer = UsersRepaired::default();
        for user in &self.0 {
            let row = batch.row(&user.user_id).cloned();
            let repaired = row.and_then(|mut row| {
                rules::repair(&mut row, user.generation, user.fields, batch.now).then_some(row)
            });
            match repaired {
                Some(row) => {
                    answer.repaired += 1;
                    batch.put(row);
                }
                None => answer.changed_meanwhile += 1,
            }
        }
        Ok(answer)
    }
}
