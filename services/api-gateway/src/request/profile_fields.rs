//! Reads the profile fields that a JSON object gives.

use contracts::fields::Rule;
use contracts::{Field, InvalidValue, UpdateForm, Values};
use serde_json::Value;

use super::json_object::{JsonObject, type_mismatch};

/// Reads the fields of a change. Every invalid value is recorded in the object.
pub(crate) fn read_fields(form: UpdateForm, object: &mut JsonObject) -> Values {
    let mut values = Values::new();
    for field in Field::ALL {
        let name = field.name();
        match object.value(name).map(|value| read_value(form, field, value)) {
            Some(Ok(Given::Value(value))) => drop(values.insert(field, value)),
            Some(Err(detail)) => object.reject(name, &detail),
            None if is_required(form, field) => object.reject(name, "is required"),
            Some(Ok(Given::Unchanged)) | None => {}
        }
    }
    values
}

/// What a member says about its field.
enum Given {
    /// The field keeps its value.
    Unchanged,
    /// The field gets this value; `None` clears it.
    Value(Option<String>),
}

fn read_value(form: UpdateForm, field: Field, value: &Value) -> Result<Given, String> {
    let null_clears = form == UpdateForm::MergePatch;
    let text = match value {
        Value::String(text) => Some(text.as_str()),
        Value::Null => None,
        other => return Err(type_mismatch("a string", other)),
    };
    // In the plain form null means "unchanged". A required field cannot be left unchanged, so its null is checked below, where
    // the rule of the field rejects it.
    if text.is_none() && !null_clears && !is_required(form, field) {
        return Ok(Given::Unchanged);
    }
    field.check(text)?;
    Ok(Given::Value(text.map(str::to_owned)))
}

/// The error for a first change without an address, with the pointer to the address.
pub(crate) fn address_required() -> InvalidValue {
    let address = Field::ALL
        .into_iter()
        .find(|field| is_required(UpdateForm::Json, *field));
    let name = address.map(Field::name).unwrap_or_default();
    InvalidValue {
        pointer: format!("/{name}"),
        detail: "is required for a user that does not exist yet".to_owned(),
    }
}

/// With `application/json`, the address has to come with every change: that is the original contract of this API.
fn is_required(form: UpdateForm, field: Field) -> bool {
    form == UpdateForm::Json && matches!(field.spec().rule, Rule::Email)
}
