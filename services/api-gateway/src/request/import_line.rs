//! Turns a line of an import into a user, or into the list of everything that is wrong with it.

use contracts::{Field, ImportLine, InvalidValue, UpdateForm};

use super::members::NoMembers;
use super::object::{Object, whole};
use super::profile_change::read_fields;

const USER_ID: &str = "userId";

/// The user that an object names, and the fields it gives; null clears.
pub(crate) fn parse_import_members(line: &[u8]) -> Result<ImportLine, Vec<InvalidValue>> {
    let known: Vec<&str> = std::iter::once(USER_ID)
        .chain(Field::ALL.map(Field::name))
        .collect();
    let mut object = Object::read(line, &known, "a user").map_err(|error| match error {
        NoMembers::Malformed(detail) => vec![whole(&format!("is not valid JSON: {detail}"))],
        NoMembers::NotAnObject => vec![whole("must be a JSON object")],
    })?;
    let user_id = object.text(USER_ID);
    if !object.has(USER_ID) {
        object.fault(USER_ID, "is required");
    }
    let fields = read_fields(UpdateForm::MergePatch, &mut object);
    match user_id {
        Some(user_id) if object.is_good() => Ok(ImportLine { user_id, fields }),
        _ => Err(object.faults()),
    }
}
