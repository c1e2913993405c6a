//! A caller's change of a user.

use std::hash::{DefaultHasher, Hash, Hasher};

use contracts::{Field, FieldResult, Priority, UpdateForm, Values, is_same_address};

use super::{Row, RuleTiming, UnixMs, UsedKey};

/// A change as the caller gave it.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// The form of the change, by its media type.
    pub form: UpdateForm,
    /// The given fields. Each value was checked by the rule of its field.
    pub fields: &'a Values,
    /// The version that the caller knows.
    pub if_match: Option<u64>,
    /// The idempotency key.
    pub key: Option<&'a str>,
}

/// A change that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// The version that this change made, or that the first change with the same key made.
    pub version: u64,
    /// Whether to publish a wake-up: the user became dirty, its priority rose, or it was waiting after a failure.
    pub wake: bool,
    /// Whether an earlier change had the same key, so that nothing changed.
    pub is_repeat: bool,
}

/// Why a change was rejected. The row has not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeError {
    /// The stored version, which differs from the given one; 0 if the user does not exist.
    VersionMismatch(u64),
    /// The key was used for a change with other fields.
    KeyReused,
    /// A new user needs an address.
    EmailRequired,
}

/// At most this many keys are kept per user.
const MAX_KEYS: usize = 8;
/// At most this many ranges of versions that changed no field are kept per user.
const MAX_UNCHANGED_RANGES: usize = 16;

/// Accepts a change: version and generation grow by one, and each given field gets its value and becomes dirty. The version is above
/// the version floor.
pub fn accept_change(
    row: &mut Row,
    change: &Change<'_>,
    now: UnixMs,
    floor: u64,
    timing: &RuleTiming,
) -> Result<Changed, ChangeError> {
    // A repeat is recognised before `if_match` is compared, because the first sending of the change made a new version.
    let given = fingerprint(change.fields);
    if let Some(used) = change
        .key
        .and_then(|key| row.keys.iter().find(|used| used.key == key))
    {
        let repeated = Changed {
            version: used.version,
            wake: false,
            is_repeat: true,
        };
        return if used.given == given {
            Ok(repeated)
        } else {
            Err(ChangeError::KeyReused)
        };
    }
    if change.if_match.is_some_and(|version| version != row.version) {
        return Err(ChangeError::VersionMismatch(row.version));
    }
    if row.version == 0 && !change.fields.contains_key(&Field::EMAIL) {
        return Err(ChangeError::EmailRequired);
    }
    let wake = accept(row, change, now, floor, timing);
    if let Some(key) = change.key {
        remember_key(
            row,
            UsedKey {
                key: key.to_owned(),
                version: row.version,
                given,
            },
        );
    }
    Ok(Changed {
        version: row.version,
        wake,
        is_repeat: false,
    })
}

fn accept(row: &mut Row, change: &Change<'_>, now: UnixMs, floor: u64, timing: &RuleTiming) -> bool {
    let was_dirty = row.is_dirty();
    row.begin_version(floor, now, timing);
    row.generation += 1;
    row.updated_at = now;
    let mut is_any_changed = false;
    for (&field, value) in change.fields {
        if !is_unchanged_address(row, change.form, field, value.as_deref()) {
            set_value(row, field, value.clone());
            is_any_changed = true;
        }
    }
    // A change that changed no field still made a version. It is remembered for the receipt of that version.
    if !is_any_changed {
        remember_unchanged(row);
        return false;
    }
    row.rechecks = 0;
    row.mark_pending(now);
    let was_waiting = row.end_failure_pause();
    // Another dirty live user has a wake-up under way already, or an attempt whose worker claims it again.
    let wake = !was_dirty || row.priority == Priority::Backfill || was_waiting;
    row.priority = Priority::Live;
    if wake {
        row.wake_at = Some(now + timing.wake_up);
    }
    wake
}

/// Whether the field is only the address that an `application/json` change has to give, and not a change of it. A rejected address
/// counts as changed, because the caller asks to send it again.
fn is_unchanged_address(row: &Row, form: UpdateForm, field: Field, value: Option<&str>) -> bool {
    let state = &row.fields[field];
    form == UpdateForm::Json
        && field == Field::EMAIL
        && state
            .value
            .as_deref()
            .zip(value)
            .is_some_and(|(own, given)| is_same_address(own, given))
        && !matches!(state.result, Some(FieldResult::Rejected { .. }))
}

pub(super) fn set_value(row: &mut Row, field: Field, value: Option<String>) {
    let (version, generation) = (row.version, row.generation);
    let state = &mut row.fields[field];
    state.value = value;
    state.changed_in = version;
    state.dirty_since = generation;
    state.result = None;
    state.recorded_at = 0;
}

fn remember_key(row: &mut Row, key: UsedKey) {
    if row.keys.len() == MAX_KEYS {
        row.keys.remove(0);
    }
    row.keys.push(key);
}

fn remember_unchanged(row: &mut Row) {
    match row.unchanged.last_mut() {
        Some((_, last)) if *last + 1 == row.version => *last = row.version,
        _ => row.unchanged.push((row.version, row.version)),
    }
    if row.unchanged.len() > MAX_UNCHANGED_RANGES {
        row.unchanged.remove(0);
    }
}

/// Tells two changes with the same key apart. It is stable within one build. A key that is used again after an upgrade may be
/// rejected as reused, which does no harm.
fn fingerprint(fields: &Values) -> u64 {
    let mut hasher = DefaultHasher::new();
    fields.hash(&mut hasher);
    // Integers in SQL are signed.
    hasher.finish() >> 1
}
