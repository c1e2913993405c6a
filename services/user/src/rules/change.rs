//! A caller's change of a user.

use contracts::{
    Field, FieldDefinitions, FieldResult, FieldSet, Priority, UpdateForm, VALUE_NOT_KEPT, Values,
};

use super::{
    ChangeHash, KeyState, Row, RuleTiming, Try, UnixMs,
    dirty::mark_dirty,
    recent_changes,
    values::{Comparison, compare, set_values},
};

/// A change as the caller gave it.
#[derive(Debug, Clone)]
pub struct Change<'a> {
    /// The form of the change, by its media type.
    pub form: UpdateForm,
    /// The given fields. Each value was checked by the rules of its type, and has its canonical form.
    pub fields: &'a Values,
    /// The definitions of the fields.
    pub definitions: &'a FieldDefinitions,
    /// The version that the caller knows.
    pub if_match: Option<u64>,
    /// What is known of the idempotency key, if the change has one.
    pub key: Option<KeyState>,
    /// The try of a sender that may send the change twice.
    pub sent: Option<Try>,
}

/// A change that was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is read by itself, and most combinations occur"
)]
pub struct Changed {
    /// The version of the user after this change, or after the first one that had the same key or number.
    pub version: u64,
    /// Whether the change made that version: a field got another value.
    pub is_changed: bool,
    /// Whether the row has to be saved. It may be that an equal value is sent again.
    pub is_row_changed: bool,
    /// Whether to publish a wake-up: the user became dirty or live, or was waiting after a failure.
    pub wake: bool,
    /// Whether an earlier change had the same key or number, so that nothing happened.
    pub is_repeat: bool,
}

/// Why a change was rejected. The row has not changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeError {
    /// The stored version, which differs from the given one; 0 if the user does not exist.
    VersionMismatch(u64),
    /// The key was used for another change.
    KeyReused,
    /// The user has as many keys as it may have. The oldest one expires at this time.
    TooManyKeys(UnixMs),
    /// This is a second try, and the row may have forgotten the first one.
    OutcomeUnknown,
    /// A new user needs an address.
    EmailRequired,
}

/// Accepts a change. Fields whose values differ from the stored ones get them and become dirty; together they make one version, which is
/// above the version floor. Equal values make no version. They make a dirty user live and due. A field with an equal value is sent again if
/// it has a problem that is older than ten minutes.
pub fn accept_change(
    row: &mut Row,
    change: &Change<'_>,
    now: UnixMs,
    floor: u64,
    timing: &RuleTiming,
) -> Result<Changed, ChangeError> {
    // A repeat is recognised before `if_match` is compared, because the first sending of the change may have made a new version.
    if let Some(repeat) = find_repeat(row, change, now)? {
        return Ok(repeat);
    }
    if change.if_match.is_some_and(|version| version != row.version) {
        return Err(ChangeError::VersionMismatch(row.version));
    }
    if row.version == 0 && !change.fields.contains_key(&Field::EMAIL) {
        return Err(ChangeError::EmailRequired);
    }
    if let Some(until) = change.key.and_then(|key| key.full_until) {
        return Err(ChangeError::TooManyKeys(until));
    }
    let changed = accept(row, change, now, floor, timing);
    // A change with a key is recognised by its key, which is remembered for longer.
    if let (true, None, Some(sent)) = (changed.is_changed, change.key, change.sent) {
        recent_changes::remember(row, sent.number, now);
    }
    Ok(changed)
}

/// What an earlier sending of the same change did. The key decides if there is one: whether it was used is known for certain.
fn find_repeat(row: &Row, change: &Change<'_>, now: UnixMs) -> Result<Option<Changed>, ChangeError> {
    let repeat_of = |version, is_changed| Changed {
        version,
        is_changed,
        is_row_changed: false,
        wake: false,
        is_repeat: true,
    };
    match (change.key, change.sent) {
        (Some(key), _) => match key.used_for {
            Some(used) if used.hash != ChangeHash::of(change.form, change.fields) => {
                Err(ChangeError::KeyReused)
            }
            used => Ok(used.map(|used| repeat_of(used.version, used.is_changed))),
        },
        (None, Some(sent)) => {
            let version = recent_changes::find_earlier_try(row, sent, now)?;
            Ok(version.map(|version| repeat_of(version, true)))
        }
        (None, None) => Ok(None),
    }
}

fn accept(row: &mut Row, change: &Change<'_>, now: UnixMs, floor: u64, timing: &RuleTiming) -> Changed {
    let fields = change.fields;
    let Comparison { different, equal } = compare(row, fields, change.definitions);
    let sent_again = with_old_problems(row, equal, now, timing);
    let was_waiting = !fields.is_empty() && row.end_failure_pause();
    // A dirty live user has a wake-up under way already, or an attempt whose worker claims it again. If it is waiting after a failure,
    // nothing is under way.
    let is_waiting = !row.is_dirty() || row.priority == Priority::Backfill || was_waiting;
    mark_dirty(row, sent_again, Priority::Live, now);
    set_values(row, fields, different, change.definitions, now, floor, timing);
    let is_changed = !different.is_empty();
    // Of a clean user, equal values ask for nothing. A dirty one is due now, because a caller waits for these values.
    let wake = is_waiting && row.is_dirty() && !fields.is_empty();
    if wake {
        row.priority = Priority::Live;
        row.wake_at = Some(now + timing.wake_up);
    }
    Changed {
        version: row.version,
        is_changed,
        is_row_changed: is_changed || wake || !sent_again.is_empty(),
        wake,
        is_repeat: false,
    }
}

/// Those of these fields that have a problem which another try may solve, and whose result is not a new one. An application that
/// sends the whole profile often does not have each problem tried again each time.
fn with_old_problems(row: &Row, fields: FieldSet, now: UnixMs, timing: &RuleTiming) -> FieldSet {
    let has_old_problem = |field: &Field| {
        let state = &row.fields[*field];
        let has_problem = match &state.result {
            Some(FieldResult::Rejected { reason }) => reason.code != VALUE_NOT_KEPT,
            Some(FieldResult::Conflict { .. } | FieldResult::Failed { .. } | FieldResult::NotFound) => true,
            None | Some(FieldResult::Confirmed(_) | FieldResult::Skipped | FieldResult::Unknown) => false,
        };
        // A time in the future is from before the clock stepped back.
        let age = now.saturating_sub(state.recorded_at);
        has_problem && !state.is_dirty() && !(0..=timing.equal_value_retry).contains(&age)
    };
    fields.iter().filter(has_old_problem).collect()
}
