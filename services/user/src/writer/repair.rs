//! HubSpot no longer holds what it confirmed.

use contracts::{RepairUser, UsersRepaired};

use super::batch::Batch;
use crate::rules;

/// Owes those fields again of those users that have not changed since. The sweep announces them, when there is room for
/// back-fill.
pub(super) fn repair(batch: &mut Batch<'_>, users: &[RepairUser]) -> UsersRepaired {
    let mut repaired = UsersRepaired::default();
    for user in users {
        let now = batch.now;
        let row = batch.row(&user.user_id).cloned();
        let changed =
            row.and_then(|mut row| rules::repair(&mut row, user.generation, user.fields, now).then_some(row));
        match changed {
            Some(row) => {
                repaired.repaired += 1;
                batch.put(row);
            }
            None => repaired.changed_meanwhile += 1,
        }
    }
    repaired
}
