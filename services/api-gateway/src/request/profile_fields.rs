//! Reads the profile fields that a JSON object gives.

use contracts::{
    FieldDefinitions, InvalidValue, UpdateForm, Value, Values,
    fields::{FieldDefinition, FieldType},
};
use serde_json::Value as Json;

use super::json_object::JsonObject;

/// Reads the fields of a change. Every invalid value is recorded in the object.
pub(crate) fn read_fields(form: UpdateForm, object: &mut JsonObject, fields: &FieldDefinitions) -> Values {
    let mut values = Values::new();
    for (field, definition) in fields.iter() {
        let name = &definition.name;
        match object
            .value(name)
            .map(|value| read_value(form, definition, value))
        {
            Some(Ok(Given::Value(value))) => drop(values.insert(field, value)),
            Some(Err(detail)) => object.reject(name, &detail),
            None if is_required(form, definition) => object.reject(name, "is required"),
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
    Value(Option<Value>),
}

fn read_value(form: UpdateForm, definition: &FieldDefinition, value: &Json) -> Result<Given, String> {
    let null_clears = form == UpdateForm::MergePatch;
    match value {
        // In the plain form null means "unchanged". A required field cannot be left unchanged, so its null is checked by its definition,
        // which rejects it.
        Json::Null if !null_clears && !is_required(form, definition) => Ok(Given::Unchanged),
        Json::Null => definition.accept(None).map(Given::Value),
        value => {
            let value = definition.field_type.read_json(value.clone())?;
            Ok(Given::Value(Some(value)))
        }
    }
}

/// The error for a first change without an address, with the pointer to the address.
pub(crate) fn address_required() -> InvalidValue {
    InvalidValue {
        pointer: format!("/{}", contracts::Field::EMAIL),
        detail: "is required for a user that does not exist yet".to_owned(),
    }
}

/// With `application/json`, the address has to come with every change: that is the original contract of this API.
fn is_required(form: UpdateForm, definition: &FieldDefinition) -> bool {
    form == UpdateForm::Json && definition.field_type == FieldType::Email
}
