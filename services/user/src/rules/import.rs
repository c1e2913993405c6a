//! A line of an import: what it gives is owed where it differs, and waits for live changes.

use contracts::{Field, Priority, Values, is_same_address};

use super::{Refusal, Row, UnixMs, change::touch};

/// What became of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// The version the user is at now.
    pub version: u64,
    /// Whether the line gave something else than what was stored.
    pub changed: bool,
}

/// Takes a line: version and turn grow where something differs, and only what differs gets value, touched and owed. A line
/// that differs in nothing is no change, so that an import may be repeated at no cost.
pub fn import(row: &mut Row, fields: &Values, now: UnixMs) -> Result<Imported, Refusal> {
    if row.version == 0 && !fields.contains_key(&Field::Email) {
        return Err(Refusal::EmailRequired);
    }
    let differing: Vec<Field> = fields
        .iter()
        .filter(|(field, value)| differs(row, **field, value.as_deref()))
        .map(|(field, _)| *field)
        .collect();
    let changed = !differing.is_empty();
    if changed {
        accept(row, fields, &differing, now);
    }
    Ok(Imported {
        version: row.version,
        changed,
    })
}

fn accept(row: &mut Row, fields: &Values, differing: &[Field], now: UnixMs) {
    // Who waits already keeps its lane, and its time.
    if !row.is_dirty() {
        row.priority = Priority::Backfill;
        row.wake_at = Some(now);
    }
    row.version += 1;
    row.generation += 1;
    row.updated_at = now;
    row.rechecks = 0;
    row.mark_pending(now);
    for &field in differing {
        touch(row, field, fields[&field].clone());
    }
}

fn differs(row: &Row, field: Field, given: Option<&str>) -> bool {
    match (row.fields[field].value.as_deref(), given) {
        (Some(own), Some(given)) if field == Field::Email => !is_same_address(own, given),
        (own, given) => own != given,
    }
}
