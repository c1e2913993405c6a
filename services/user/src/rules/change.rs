//! A change that a caller made.

use std::hash::{DefaultHasher, Hash, Hasher};

use contracts::{Field, FieldResult, Priority, UpdateForm, Values, is_same_address};

use super::{Row, RuleTiming, UnixMs, UsedKey};

/// What a caller gave.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// How the fields are meant.
    pub form: UpdateForm,
    /// The fields given; each fulfils its rule.
    pub fields: &'a Values,
    /// The version the caller knows.
    pub if_match: Option<u64>,
    /// A repeat with the same key changes nothing.
    pub key: Option<&'a str>,
}

/// A change that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Changed {
    /// The version this change made, or the one its first sending made.
    pub version: u64,
    /// Whether the user is to be announced: it turned unsettled, or live.
    pub announce: bool,
    /// Whether the same key had made this version before: nothing was changed.
    pub repeated: bool,
}

/// Why a change was refused; the row is as it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The stored version is another one; 0 where the user does not exist.
    VersionMismatch(u64),
    /// The key was used for a change that gave something else.
    KeyReused,
    /// A new user needs an address.
    EmailRequired,
}

/// So many keys are remembered for each user.
const KEYS_KEPT: usize = 8;
/// So many ranges of versions that touched nothing are remembered for each user.
const RANGES_KEPT: usize = 16;

/// Makes a change: version and turn grow, each field given gets value, touched and owed.
pub fn change(
    row: &mut Row,
    change: &Change<'_>,
    now: UnixMs,
    terms: &RuleTiming,
) -> Result<Changed, Refusal> {
    let given = fingerprint(change.fields);
    if let Some(used) = change
        .key
        .and_then(|key| row.keys.iter().find(|used| used.key == key))
    {
        let repeated = Changed {
            version: used.version,
            announce: false,
            repeated: true,
        };
        return if used.given == given {
            Ok(repeated)
        } else {
            Err(Refusal::KeyReused)
        };
    }
    if change.if_match.is_some_and(|version| version != row.version) {
        return Err(Refusal::VersionMismatch(row.version));
    }
    if row.version == 0 && !change.fields.contains_key(&Field::Email) {
        return Err(Refusal::EmailRequired);
    }
    let announce = accept(row, change, now, terms);
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
        announce,
        repeated: false,
    })
}

fn accept(row: &mut Row, change: &Change<'_>, now: UnixMs, terms: &RuleTiming) -> bool {
    let was_unsettled = row.is_dirty();
    row.version += 1;
    row.generation += 1;
    row.updated_at = now;
    let mut touched_any = false;
    for (&field, value) in change.fields {
        if !is_key_only(row, change.form, field, value.as_deref()) {
            touch(row, field, value.clone());
            touched_any = true;
        }
    }
    if !touched_any {
        remember_unchanged(row);
        return false;
    }
    row.rechecks = 0;
    row.mark_pending(now);
    let announce = !was_unsettled || row.priority == Priority::Backfill;
    row.priority = Priority::Live;
    if announce {
        row.wake_at = Some(now + terms.wake_up);
    }
    announce
}

/// Under `application/json` the stored address says who is meant and touches nothing, unless it was refused: then
/// the caller asks for it once more.
fn is_key_only(row: &Row, form: UpdateForm, field: Field, value: Option<&str>) -> bool {
    let state = &row.fields[field];
    form == UpdateForm::Json
        && field == Field::Email
        && state
            .value
            .as_deref()
            .zip(value)
            .is_some_and(|(own, given)| is_same_address(own, given))
        && !matches!(state.result, Some(FieldResult::Rejected { .. }))
}

pub(super) fn touch(row: &mut Row, field: Field, value: Option<String>) {
    let (version, generation) = (row.version, row.generation);
    let state = &mut row.fields[field];
    state.value = value;
    state.changed_in = version;
    state.dirty_since = generation;
    state.result = None;
    state.recorded_at = 0;
}

fn remember_key(row: &mut Row, key: UsedKey) {
    if row.keys.len() == KEYS_KEPT {
        row.keys.remove(0);
    }
    row.keys.push(key);
}

fn remember_unchanged(row: &mut Row) {
    match row.unchanged.last_mut() {
        Some((_, last)) if *last + 1 == row.version => *last = row.version,
        _ => row.unchanged.push((row.version, row.version)),
    }
    if row.unchanged.len() > RANGES_KEPT {
        row.unchanged.remove(0);
    }
}

/// Tells changes under one key apart. Stable for one build; a key used across an upgrade may be refused as reused,
/// which changes nothing.
fn fingerprint(fields: &Values) -> u64 {
    let mut hasher = DefaultHasher::new();
    fields.hash(&mut hasher);
    // SQL integers have 63 bits.
    hasher.finish() >> 1
}
