//! `users.sync.get`: the receipt of a version of a user.

use contracts::{ErrorCode, GetReceipt, Receipt, ServiceError};
use runtime::nats::Caller;

use super::Context;
use crate::rules::receipt;

pub(super) async fn get_receipt(
    context: Context,
    request: GetReceipt,
    _: Caller,
) -> Result<Receipt, ServiceError> {
    let row = context.find(&request.user_id).await?;
    let no_such_version = || {
        let last = row.version;
        let message = format!("the user has no such version; its versions go from 1 to {last}");
        ServiceError::new(ErrorCode::UserNotFound, message)
    };
    receipt(&row, request.version.unwrap_or(row.version)).ok_or_else(no_such_version)
}
