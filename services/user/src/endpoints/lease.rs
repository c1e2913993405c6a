//! `users.lease`: says which worker delivers.

use contracts::{AskLease, LeaseAnswer, ServiceError};

use super::Context;
use crate::writer::{Answer, Deadline, Work};

pub(super) async fn lease(
    context: Context,
    ask: AskLease,
    deadline: Deadline,
) -> Result<LeaseAnswer, ServiceError> {
    match context.writer.ask(Work::Lease(ask), Some(deadline)).await? {
        Answer::Lease(answer) => Ok(answer),
        other => Err(super::mismatch(&other)),
    }
}
