//! Turns a line of an import into a user, or into the list of everything that is wrong with it.

use contracts::{Fault, ImportLine, UpdateForm, UserId};
use serde_json::Value;

use super::members::{Members, NoMembers, read_members};
use super::profile_change::{read_fields, whole};

const USER_ID: &str = "userId";

/// The user that an object names, and the fields it gives; null clears.
pub(crate) fn parse_import_members(line: &[u8]) -> Result<ImportLine, Vec<Fault>> {
    let Members(mut members) = read_members(line).map_err(|error| match error {
        NoMembers::Malformed(detail) => vec![whole(&format!("is not valid JSON: {detail}"))],
        NoMembers::NotAnObject => vec![whole("must be a JSON object")],
    })?;
    let ids: Vec<Value> = members
        .extract_if(.., |(name, _)| name == USER_ID)
        .map(|(_, value)| value)
        .collect();
    let (fields, mut faults) = read_fields(UpdateForm::MergePatch, &members);
    match read_id(&ids) {
        Ok(user_id) if faults.is_empty() => Ok(ImportLine { user_id, fields }),
        Ok(_) => Err(faults),
        Err(detail) => {
            faults.push(Fault {
                pointer: format!("/{USER_ID}"),
                detail,
            });
            Err(faults)
        }
    }
}

fn read_id(ids: &[Value]) -> Result<UserId, String> {
    match ids {
        [Value::String(id)] => id
            .parse()
            .map_err(|rule: contracts::InvalidUserId| rule.to_string()),
        [] => Err("is required".to_owned()),
        [_] => Err("must be a string".to_owned()),
        _ => Err("is given more than once".to_owned()),
    }
}
