//! Checks that a contact has the last accepted values.

use super::property_of;
use contracts::Value;

use crate::{callers::accepted_changes::Expected, system::hubspot::Contact};

/// Returns a sentence for each property with another value.
pub(super) fn check(user: &str, expected: &Expected, contact: &Contact) -> Vec<String> {
    let mut wrong = Vec::new();
    for (field, (value, version)) in &expected.fields {
        let property = property_of(*field);
        let held = contact.properties.get(property).map_or("", String::as_str);
        let value = value.as_ref().and_then(Value::as_text).unwrap_or("");
        if held != value {
            wrong.push(format!(
                "the contact of {user} has {property} {held:?}, but version {version} gave {value:?}"
            ));
        }
    }
    wrong
}
