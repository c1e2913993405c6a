//! `users.sync.get`: reads what became of a version.

use contracts::{ErrorCode, GetReceipt, Receipt, ServiceError};

use super::Context;
use crate::{rules::receipt, writer::Deadline};

pub(super) async fn get_receipt(
    context: Context,
    request: GetReceipt,
    _: Deadline,
) -> Result<Receipt, ServiceError> {
    let row = context.find(&request.user_id).await?;
    let unknown = || {
        let message = format!(
            "the user has no such version; its versions go from 1 to {}",
            row.version
        );
        ServiceError::new(ErrorCode::UserNotFound, message)
    };
    receipt(&row, request.version.unwrap_or(row.version)).ok_or_else(unknown)
}
