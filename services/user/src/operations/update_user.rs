//! `users.update`: a caller's change of one user.

use contracts::{
    ErrorCode, FieldDefinitions, InvalidValue, SenderTry, ServiceError, SyncState, UpdateUser, UserId,
    UserUpdated, Values, VersionState,
};

use super::check_readable;
use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules::{
        Change, ChangeError, ChangeHash, KeyHash, KeyedChange, Row, Try, UnixMs, accept_change, state_of,
    },
};

/// The maximum length of an idempotency key.
const MAX_KEY_CHARS: usize = 255;

impl Operation for UpdateUser {
    type Answer = UserUpdated;

    const QUEUE: Queue = Queue::Changes;

    fn users(&self) -> Vec<&UserId> {
        vec![&self.user_id]
    }

    fn key(&self) -> Option<(&UserId, KeyHash)> {
        let key = self.idempotency_key.as_deref()?;
        Some((&self.user_id, KeyHash::of(key)))
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<UserUpdated, OperationError> {
        check_key(self.idempotency_key.as_deref())?;
        let fields = accept_values(&self.fields, &batch.fields)?;
        let key = match self.key() {
            Some((user, key)) => Some(batch.key_state(user, key).await?),
            None => None,
        };
        let mut row = stored_or_new(batch, &self.user_id)?;
        let requested = Change {
            form: self.form,
            fields: &fields,
            definitions: &batch.fields,
            if_match: self.if_match,
            key,
            sent: self.sender_try.map(|sent| try_by_our_clock(sent, batch)),
        };
        let changed = accept_change(&mut row, &requested, batch.now, batch.version_floor, batch.timing);
        let changed = changed.map_err(|error| rejected(error, batch.now))?;
        let state = state_of(&row, changed.version);
        let updated = UserUpdated {
            user: row.user(&batch.fields),
            changed: changed.is_changed,
            sync: VersionState {
                state,
                version: changed.version,
            },
        };
        if changed.is_repeat {
            return Ok(updated);
        }
        if changed.is_changed && state == SyncState::Pending {
            batch.accepted.name(&self.user_id, changed.version);
        }
        if let Some((_, key)) = self.key() {
            // Also if nothing changed: a repeat must not replace what others have changed since.
            let change = KeyedChange {
                version: changed.version,
                is_changed: changed.is_changed,
                hash: ChangeHash::of(self.form, &fields),
                expires_at: batch.now + batch.timing.idempotency_key,
            };
            batch.use_key(&mut row, key, change);
        }
        if changed.is_row_changed {
            row.request.clone_from(&batch.request);
        }
        if changed.is_row_changed || key.is_some() {
            let priority = row.priority;
            batch.put(row);
            if changed.wake {
                batch.wake(&self.user_id, priority);
            }
        }
        Ok(updated)
    }
}

/// The try of a sender by the store's clock.
fn try_by_our_clock(sent: SenderTry, batch: &Batch<'_>) -> Try {
    // The age is of when the second try was sent. Rounded up, so that the first try counts as sent before it was, never after.
    let waited_ms = batch.sent_ago.as_millis() + 1;
    let first_try_at = sent.first_try_age_ms.map(|age_ms| {
        let ago = UnixMs::try_from(u128::from(age_ms) + waited_ms);
        batch.now.saturating_sub(ago.unwrap_or(UnixMs::MAX))
    });
    Try {
        number: sent.number,
        first_try_at,
    }
}

/// The row of a user, or a new one for a user that does not exist yet.
pub(super) fn stored_or_new(batch: &Batch<'_>, user_id: &UserId) -> Result<Row, ServiceError> {
    check_readable(batch, user_id)?;
    let stored = batch.row(user_id).cloned();
    Ok(stored.unwrap_or_else(|| Row::new(user_id.clone())))
}

/// Checks values by the rules of their fields, and brings them into their canonical form. The gateway has done both too, but requests may
/// also come from other senders, and a gateway may know an earlier set of fields.
pub(super) fn accept_values(fields: &Values, definitions: &FieldDefinitions) -> Result<Values, ServiceError> {
    let (mut accepted, mut invalid_values) = (Values::new(), Vec::new());
    for (field, value) in fields {
        let result = match definitions.get(*field) {
            Some(definition) => definition.accept(value.clone()),
            None => Err("there is no such field".to_owned()),
        };
        match result {
            Ok(value) => drop(accepted.insert(*field, value)),
            Err(detail) => invalid_values.push(InvalidValue {
                pointer: format!("/{field}"),
                detail,
            }),
        }
    }
    reject_invalid(invalid_values)?;
    Ok(accepted)
}

fn check_key(key: Option<&str>) -> Result<(), ServiceError> {
    if key.is_none_or(|key| !key.is_empty() && key.chars().count() <= MAX_KEY_CHARS) {
        return Ok(());
    }
    reject_invalid(vec![InvalidValue {
        pointer: String::new(),
        detail: format!("the idempotency key must have 1 to {MAX_KEY_CHARS} characters"),
    }])
}

fn reject_invalid(invalid_values: Vec<InvalidValue>) -> Result<(), ServiceError> {
    if invalid_values.is_empty() {
        return Ok(());
    }
    let message = "the change has values that break their rules; nothing was accepted";
    Err(ServiceError {
        invalid_values,
        ..ServiceError::new(ErrorCode::InvalidRequest, message)
    })
}

/// The error for a change that the rules reject.
pub(super) fn rejected(error: ChangeError, now: UnixMs) -> ServiceError {
    match error {
        ChangeError::VersionMismatch(current) => {
            let message = "the user has another version than the one given; read the user and send the change again if it still applies";
            let error = ServiceError::new(ErrorCode::VersionMismatch, message);
            ServiceError {
                current_version: Some(current),
                ..error
            }
        }
        ChangeError::KeyReused => {
            let message = "the idempotency key was used for another change of this user; use a new key";
            ServiceError::new(ErrorCode::KeyReused, message)
        }
        ChangeError::TooManyKeys(until) => {
            let message = "the user has as many idempotency keys as it may have; try again when the oldest one expires, or send the \
                           change without a key";
            let error = ServiceError::new(ErrorCode::TooManyKeys, message);
            ServiceError {
                retry_after_ms: Some(u64::try_from(until - now).unwrap_or(0)),
                ..error
            }
        }
        ChangeError::OutcomeUnknown => {
            let message = "the first try of this change may have been forgotten, so it is not known whether it was carried out; read the \
                           user, and send the change again if it still applies";
            ServiceError::new(ErrorCode::OutcomeUnknown, message)
        }
        ChangeError::EmailRequired => {
            let message = "there is no such user yet, and a new one needs an e-mail address";
            ServiceError::new(ErrorCode::EmailRequired, message)
        }
    }
}
