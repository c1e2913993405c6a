//! Given values, compared with the stored ones. Changes by callers and lines of imports share this.

use contracts::{Field, FieldDefinitions, FieldSet, Value, Values};

use super::{Row, RuleTiming, UnixMs};

/// The given fields, by whether they differ from the stored ones.
#[derive(Debug, Clone)]
pub(super) struct Comparison {
    /// Fields with another value than the stored one.
    pub(super) different: FieldSet,
    /// Fields whose value is stored already.
    pub(super) equal: FieldSet,
}

/// Compares values with those of a row, each by the equality of its field's type.
pub(super) fn compare(row: &Row, given: &Values, definitions: &FieldDefinitions) -> Comparison {
    let is_equal =
        |(field, value): &(&Field, &Option<Value>)| is_stored(row, **field, value.as_ref(), definitions);
    let (equal, different): (Vec<_>, Vec<_>) = given.iter().partition(is_equal);
    let fields = |given: Vec<(&Field, &Option<Value>)>| given.into_iter().map(|(field, _)| *field).collect();
    Comparison {
        different: fields(different),
        equal: fields(equal),
    }
}

/// Whether the field has this value. A field that no caller ever gave equals nothing, null included: HubSpot may hold a value that
/// nobody here knows, and a caller who clears the field means that one.
fn is_stored(row: &Row, field: Field, given: Option<&Value>, definitions: &FieldDefinitions) -> bool {
    let state = &row.fields[field];
    state.changed_in > 0 && definitions.is_equal(field, state.value.as_ref(), given)
}

/// Gives fields their new values, which together make one version. Nothing happens without a field.
pub(super) fn set_values(
    row: &mut Row,
    given: &Values,
    different: FieldSet,
    definitions: &FieldDefinitions,
    now: UnixMs,
    floor: u64,
    timing: &RuleTiming,
) {
    if different.is_empty() {
        return;
    }
    row.begin_version(floor, now, timing);
    row.generation += 1;
    row.updated_at = now;
    row.rechecks = 0;
    row.mark_pending(now);
    let (version, generation) = (row.version, row.generation);
    for field in different.iter() {
        let is_confirmed = row.is_confirmed_here(&row.fields[field]);
        let state = &mut row.fields[field];
        let former = std::mem::replace(&mut state.value, given.get(&field).cloned().flatten());
        if is_confirmed && definitions.is_written_if_empty(field) {
            state.last_confirmed = former;
        }
        state.changed_in = version;
        state.dirty_since = generation;
        state.result = None;
        state.recorded_at = 0;
    }
}
