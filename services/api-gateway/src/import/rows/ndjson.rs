//! Parses a line of NDJSON.

use contracts::{FieldDefinitions, ImportLine, InvalidValue, UpdateForm};

use crate::request::{JsonObject, JsonObjectError, invalid_body, read_fields};

const USER_ID: &str = "userId";

/// The user that the object names and the fields that it gives, or everything that is wrong with it. Null clears a field.
pub(super) fn parse_line(
    line: &[u8],
    definitions: &FieldDefinitions,
) -> Result<ImportLine, Vec<InvalidValue>> {
    let known: Vec<&str> = std::iter::once(USER_ID)
        .chain(definitions.iter().map(|(field, _)| field.name()))
        .collect();
    let mut object = JsonObject::read(line, &known, "a user").map_err(|error| match error {
        JsonObjectError::Malformed(detail) => vec![invalid_body(&format!("is not valid JSON: {detail}"))],
        JsonObjectError::NotAnObject => vec![invalid_body("must be a JSON object")],
    })?;
    let user_id = object.text(USER_ID);
    if !object.has(USER_ID) {
        object.reject(USER_ID, "is required");
    }
    let fields = read_fields(UpdateForm::MergePatch, &mut object, definitions);
    match user_id {
        Some(user_id) if object.is_valid() => Ok(ImportLine { user_id, fields }),
        _ => Err(object.into_errors()),
    }
}
