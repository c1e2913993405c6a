//! Turns a JSON body into the fields of a change, or into the list of everything that is wrong with it.

use std::collections::BTreeMap;

use contracts::fields::Rule;
use contracts::{Fault, Field, UpdateForm, Values};
use serde_json::Value;

use super::members::{Members, NoMembers, read_members};
use crate::problem::ApiError;

/// The fields a body gives. Every fault is found at once.
pub(crate) fn parse_change(form: UpdateForm, body: &[u8]) -> Result<Values, ApiError> {
    let Members(members) = read_members(body).map_err(|error| match error {
        NoMembers::Malformed(detail) => ApiError::MalformedBody(detail),
        NoMembers::NotAnObject => ApiError::InvalidBody(vec![whole("must be a JSON object")]),
    })?;
    let (values, faults) = read_fields(form, &members);
    if faults.is_empty() {
        Ok(values)
    } else {
        Err(ApiError::InvalidBody(faults))
    }
}

/// The fields that members of an object give, and everything that is wrong with them.
pub(super) fn read_fields(form: UpdateForm, members: &[(String, Value)]) -> (Values, Vec<Fault>) {
    let mut reading = Reading {
        form,
        values: Values::new(),
        faults: Vec::new(),
    };
    let mut times_seen: BTreeMap<&str, u32> = BTreeMap::new();
    for (name, value) in members {
        let times = times_seen.entry(name).or_default();
        *times += 1;
        match *times {
            1 => reading.member(name, value),
            2 => reading.fault(name, "is given more than once"),
            _ => {} // Said already.
        }
    }
    for field in required(form) {
        if !times_seen.contains_key(field.name()) {
            reading.fault(field.name(), "is required");
        }
    }
    (reading.values, reading.faults)
}

/// The pointer to a field, and why it is needed to create a user.
pub(crate) fn address_required() -> Fault {
    let name = required(UpdateForm::Json)
        .map(Field::name)
        .next()
        .unwrap_or_default();
    Fault {
        pointer: pointer(name),
        detail: "is required for a user that does not exist yet".to_owned(),
    }
}

/// Under `application/json` the address comes with every change, as the original contract has it.
fn required(form: UpdateForm) -> impl Iterator<Item = Field> {
    let is_required =
        move |field: &Field| form == UpdateForm::Json && matches!(field.spec().rule, Rule::Email);
    Field::ALL.into_iter().filter(is_required)
}

struct Reading {
    form: UpdateForm,
    values: Values,
    faults: Vec<Fault>,
}

impl Reading {
    fn member(&mut self, name: &str, value: &Value) {
        let Some(field) = Field::from_name(name) else {
            let known: Vec<_> = Field::ALL.into_iter().map(Field::name).collect();
            return self.fault(
                name,
                &format!("is not a member of a user; the members are {}", known.join(", ")),
            );
        };
        let text = match value {
            Value::String(text) => Some(text.as_str()),
            Value::Null => None,
            other => return self.fault(name, &format!("must be a string, not {}", type_name(other))),
        };
        if let Err(rule) = self.check(field, text) {
            self.fault(name, &rule);
        } else if text.is_some() || self.null_clears() {
            self.values.insert(field, text.map(str::to_owned));
        }
    }

    /// Where null means "untouched", only a required field minds it.
    fn check(&self, field: Field, text: Option<&str>) -> Result<(), String> {
        let is_untouched = text.is_none() && !self.null_clears();
        if is_untouched && !required(self.form).any(|required| required == field) {
            return Ok(());
        }
        field.check(text)
    }

    fn null_clears(&self) -> bool {
        self.form == UpdateForm::MergePatch
    }

    fn fault(&mut self, name: &str, detail: &str) {
        self.faults.push(Fault {
            pointer: pointer(name),
            detail: detail.to_owned(),
        });
    }
}

pub(super) fn whole(detail: &str) -> Fault {
    Fault {
        pointer: String::new(),
        detail: detail.to_owned(),
    }
}

/// RFC 6901: a tilde and a slash within a name are escaped.
fn pointer(name: &str) -> String {
    format!("/{}", name.replace('~', "~0").replace('/', "~1"))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests;
