//! The set of fields, which the user service owns.

use serde::{Deserialize, Serialize};

/// Reads the set of fields. Sent on `users.fields`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ReadFields {}

/// The set of fields has changed. Published on `users.fields.changed`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FieldsChanged {
    /// The revision of the set.
    pub revision: u64,
}
