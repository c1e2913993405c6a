//! A line of an import: fields that differ become dirty, with back-fill priority.

use contracts::{Field, FieldDefinitions, Priority, Values};

use super::{
    ChangeError, Row, RuleTiming, UnixMs,
    values::{compare, set_values},
};

/// An accepted line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// The current version of the user.
    pub version: u64,
    /// Whether the line differed from the stored user.
    pub is_changed: bool,
}

/// Accepts a line. If it differs from the stored user, version and generation grow by one, and the fields that differ get their
/// values and become dirty. Otherwise nothing changes, so that the same import can be run again at no cost: unlike a change, a line
/// sends no problem again.
pub fn accept_line(
    row: &mut Row,
    fields: &Values,
    definitions: &FieldDefinitions,
    now: UnixMs,
    floor: u64,
    timing: &RuleTiming,
) -> Result<Imported, ChangeError> {
    if row.version == 0 && !fields.contains_key(&Field::EMAIL) {
        return Err(ChangeError::EmailRequired);
    }
    let different = compare(row, fields, definitions).different;
    let is_changed = !different.is_empty();
    // A user that is dirty already keeps its priority and its wake-up time.
    if is_changed && !row.is_dirty() {
        row.priority = Priority::Backfill;
        row.wake_at = Some(now);
    }
    set_values(row, fields, different, definitions, now, floor, timing);
    Ok(Imported {
        version: row.version,
        is_changed,
    })
}
