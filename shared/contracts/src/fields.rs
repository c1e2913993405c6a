//! The fields of users: their names, their definitions, and their values.
//!
//! Which fields there are is configuration ([`FieldDefinitions`]). A [`Field`] is the name of one, and every message and every stored row
//! is keyed by that name.

mod definition;
mod definitions;
mod field;
mod field_type;
mod known;
mod per_field;
mod set;
mod text_rules;
mod value;

use std::collections::BTreeMap;

pub use definition::{FieldDefinition, WriteMode};
pub use definitions::{FieldDefinitions, InvalidDefinitions, MAX_FIELDS, built_in_fields};
pub use field::Field;
pub use field_type::{ChoicesMode, FieldType, MAX_TEXT_CHARS, Pattern};
pub(crate) use known::known_fields;
pub use per_field::PerField;
pub use set::FieldSet;
pub use value::{InvalidNumber, Number, Value};

/// Values by field; `None` is a cleared value. A field that is absent is untouched.
pub type Values = BTreeMap<Field, Option<Value>>;
