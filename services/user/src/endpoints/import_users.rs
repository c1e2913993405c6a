//! `users.import`: accepts lines of an import, each as a piece of work of its own, so that they share commits with whatever
//! else there is.

use contracts::{ErrorCode, ImportResult, ImportUsers, MAX_IMPORT_LINES, ServiceError, UsersImported};
use futures_util::future::join_all;

use super::Context;
use crate::writer::{Answer, Deadline, Work};

pub(super) async fn import_users(
    context: Context,
    request: ImportUsers,
    deadline: Deadline,
) -> Result<UsersImported, ServiceError> {
    if request.lines.len() > MAX_IMPORT_LINES {
        let message = format!("an import takes {MAX_IMPORT_LINES} lines at a time; nothing was accepted");
        return Err(ServiceError::new(ErrorCode::InvalidRequest, message));
    }
    // Asked in their order, so that of two lines of one user the later one counts.
    let asked = request.lines.into_iter().map(|line| {
        let writer = &context.writer;
        async move {
            match writer.ask(Work::Import(line), Some(deadline)).await {
                Ok(Answer::Imported(outcome)) => outcome,
                Ok(other) => refused(super::mismatch(&other)),
                Err(error) => refused(error),
            }
        }
    });
    Ok(UsersImported {
        results: join_all(asked).await,
    })
}

fn refused(error: ServiceError) -> ImportResult {
    ImportResult::Rejected { error }
}
