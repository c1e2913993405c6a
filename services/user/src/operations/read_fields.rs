//! `users.fields`: the set of fields.

use contracts::{FieldDefinitions, ReadFields, ServiceError};
use runtime::nats::Caller;

use super::Context;

pub(super) async fn read_fields(
    context: Context,
    _: ReadFields,
    _: Caller,
) -> Result<FieldDefinitions, ServiceError> {
    Ok(FieldDefinitions::clone(&context.fields.get()))
}
