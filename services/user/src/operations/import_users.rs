//! `users.import`: lines of an import. Each line is an operation of its own, so that lines share commits with other operations and a
//! rejected line rejects no other.

use contracts::{
    ErrorCode, ImportLine, ImportResult, ImportUsers, MAX_IMPORT_LINES, ServiceError, UserId, UsersImported,
};
use futures_util::future::join_all;
use runtime::nats::Caller;

use super::{
    Context,
    update_user::{accept_values, rejected, stored_or_new},
};
use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules::{Imported, accept_line},
};

pub(super) async fn import_users(
    context: Context,
    request: ImportUsers,
    caller: Caller,
) -> Result<UsersImported, ServiceError> {
    if request.lines.len() > MAX_IMPORT_LINES {
        let message = format!("an import takes {MAX_IMPORT_LINES} lines at a time; nothing was accepted");
        return Err(ServiceError::new(ErrorCode::InvalidRequest, message));
    }
    // All lines are queued in their order before any is waited for, so that of two lines of one user the later one counts.
    let results = request.lines.into_iter().map(|line| {
        let (commits, caller) = (&context.commits, caller.clone());
        async move {
            let result = commits.run_for(line, caller).await;
            result.unwrap_or_else(|error| ImportResult::Rejected { error })
        }
    });
    Ok(UsersImported {
        results: join_all(results).await,
    })
}

impl Operation for ImportLine {
    type Answer = ImportResult;

    const QUEUE: Queue = Queue::Imports;

    fn users(&self) -> Vec<&UserId> {
        vec![&self.user_id]
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<ImportResult, OperationError> {
        let fields = accept_values(&self.fields, &batch.fields)?;
        let mut row = stored_or_new(batch, &self.user_id)?;
        let imported = accept_line(
            &mut row,
            &fields,
            &batch.fields,
            batch.now,
            batch.version_floor,
            batch.timing,
        );
        let Imported { version, is_changed } = imported.map_err(|error| rejected(error, batch.now))?;
        if !is_changed {
            return Ok(ImportResult::Unchanged { version });
        }
        row.request.clone_from(&batch.request);
        batch.accepted.count();
        // The sweep publishes its wake-up when the stream has space for back-fill.
        batch.put(row);
        Ok(ImportResult::Changed { version })
    }
}
