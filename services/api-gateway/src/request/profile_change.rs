//! Turns a JSON body into the fields of a change, or into the list of everything that is wrong with it.

use contracts::fields::Rule;
use contracts::{Field, InvalidValue, UpdateForm, Values};
use serde_json::Value;

use super::object::{Object, must_be};
use crate::problem::ApiError;

/// The fields a body gives. Every fault is found at once.
pub(crate) fn parse_change(form: UpdateForm, body: &[u8]) -> Result<Values, ApiError> {
    let mut object = Object::read(body, &Field::ALL.map(Field::name), "a user")?;
    let values = read_fields(form, &mut object);
    object.finish(values)
}

/// The fields that an object gives; what is wrong with them is told to the object.
pub(super) fn read_fields(form: UpdateForm, object: &mut Object) -> Values {
    let mut values = Values::new();
    for field in Field::ALL {
        let name = field.name();
        match object.value(name).map(|value| read_value(form, field, value)) {
            Some(Ok(Given::Value(value))) => drop(values.insert(field, value)),
            Some(Err(detail)) => object.fault(name, &detail),
            None if required(form).any(|required| required == field) => object.fault(name, "is required"),
            Some(Ok(Given::Untouched)) | None => {}
        }
    }
    values
}

/// What a member gives.
enum Given {
    /// It leaves the field as it is.
    Untouched,
    /// A value; none clears the field.
    Value(Option<String>),
}

fn read_value(form: UpdateForm, field: Field, value: &Value) -> Result<Given, String> {
    let null_clears = form == UpdateForm::MergePatch;
    let text = match value {
        Value::String(text) => Some(text.as_str()),
        Value::Null => None,
        other => return Err(must_be("a string", other)),
    };
    // Where null means "untouched", only a required field minds it, and it cannot be cleared.
    if text.is_none() && !null_clears && !required(form).any(|required| required == field) {
        return Ok(Given::Untouched);
    }
    field.check(text)?;
    Ok(Given::Value(text.map(str::to_owned)))
}

/// The pointer to a field, and why it is needed to create a user.
pub(crate) fn address_required() -> InvalidValue {
    let name = required(UpdateForm::Json)
        .map(Field::name)
        .next()
        .unwrap_or_default();
    InvalidValue {
        pointer: format!("/{name}"),
        detail: "is required for a user that does not exist yet".to_owned(),
    }
}

/// Under `application/json` the address comes with every change, as the original contract has it.
fn required(form: UpdateForm) -> impl Iterator<Item = Field> {
    let is_required =
        move |field: &Field| form == UpdateForm::Json && matches!(field.spec().rule, Rule::Email);
    Field::ALL.into_iter().filter(is_required)
}

#[cfg(test)]
mod tests;
