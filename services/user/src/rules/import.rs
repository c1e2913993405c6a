//! A line of an import: fields that differ become dirty, with back-fill priority.

use contracts::{Field, Priority, Values, is_same_address};

use super::{ChangeError, Row, RuleTiming, UnixMs, change::set_value};

/// An accepted line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// The current version of the user.
    pub version: u64,
    /// Whether the line differed from the stored user.
    pub is_changed: bool,
}

/// Accepts a line. If it differs from the stored user, version and generation grow by one, and the fields that differ get their
/// values and become dirty. Otherwise nothing changes, so that the same import can be run again at no cost.
pub fn accept_line(
    row: &mut Row,
    fields: &Values,
    now: UnixMs,
    floor: u64,
    timing: &RuleTiming,
) -> Result<Imported, ChangeError> {
    if row.version == 0 && !fields.contains_key(&Field::EMAIL) {
        return Err(ChangeError::EmailRequired);
    }
    let changed_fields: Vec<Field> = fields
        .iter()
        .filter(|(field, value)| differs(row, **field, value.as_deref()))
        .map(|(field, _)| *field)
        .collect();
    let changed = !changed_fields.is_empty();
    if changed {
        accept(row, fields, &changed_fields, now, floor, timing);
    }
    Ok(Imported {
        version: row.version,
        is_changed: changed,
    })
}

fn accept(
    row: &mut Row,
    fields: &Values,
    changed_fields: &[Field],
    now: UnixMs,
    floor: u64,
    timing: &RuleTiming,
) {
    // A user that is dirty already keeps its priority and its wake-up time.
    if !row.is_dirty() {
        row.priority = Priority::Backfill;
        row.wake_at = Some(now);
    }
    row.begin_version(floor, now, timing);
    row.generation += 1;
    row.updated_at = now;
    row.rechecks = 0;
    row.mark_pending(now);
    for &field in changed_fields {
        set_value(row, field, fields[&field].clone());
    }
}

fn differs(row: &Row, field: Field, given: Option<&str>) -> bool {
    match (row.fields[field].value.as_deref(), given) {
        (Some(own), Some(given)) if field == Field::EMAIL => !is_same_address(own, given),
        (own, given) => own != given,
    }
}
