//! `users.lease`: says which worker delivers.

use contracts::{ChangeLease, LeaseAnswer, ServiceError};

use super::Context;
use crate::writer::{Answer, Deadline, Work};

pub(super) async fn lease(
    context: Context,
    ask: ChangeLease,
    deadline: Deadline,
) -> Result<LeaseAnswer, ServiceError> {
    match context.writer.ask(Work::Lease(ask), Some(deadline)).await? {
        Answer::Lease(answer) => Ok(answer),
        other => Err(super::mismatch(&other)),
    }
}
