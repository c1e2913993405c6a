//! `users.update`: a caller's change of one user.

use contracts::{
    ErrorCode, InvalidValue, ServiceError, SyncState, UpdateUser, UserId, UserUpdated, Values, VersionState,
};

use super::check_readable;
use crate::{
    commit::{Batch, Operation, OperationError, Queue},
    rules::{Change, ChangeError, Row, accept_change, state_of},
};

/// The maximum length of an idempotency key, because each row keeps a few of them.
const MAX_KEY_CHARS: usize = 255;

impl Operation for UpdateUser {
    type Answer = UserUpdated;

    const QUEUE: Queue = Queue::Changes;

    fn users(&self) -> Vec<&UserId> {
        vec![&self.user_id]
    }

    async fn apply(&self, batch: &mut Batch<'_>) -> Result<UserUpdated, OperationError> {
        check_key(self.idempotency_key.as_deref())?;
        check_values(&self.fields)?;
        let mut row = stored_or_new(batch, &self.user_id)?;
        let requested = Change {
            form: self.form,
            fields: &self.fields,
            if_match: self.if_match,
            key: self.idempotency_key.as_deref(),
        };
        let changed = accept_change(&mut row, &requested, batch.now, batch.version_floor, batch.timing)
            .map_err(rejected)?;
        let state = state_of(&row, changed.version);
        let updated = UserUpdated {
            user: row.user(),
            sync: VersionState {
                state,
                version: changed.version,
            },
        };
        if changed.is_repeat {
            return Ok(updated);
        }
        if state == SyncState::Pending {
            batch.accepted.name(&self.user_id, changed.version);
        }
        row.request.clone_from(&batch.request);
        let priority = row.priority;
        batch.put(row);
        if changed.wake {
            batch.wake(&self.user_id, priority);
        }
        Ok(updated)
    }
}

/// The row of a user, or a new one for a user that does not exist yet.
pub(super) fn stored_or_new(batch: &Batch<'_>, user_id: &UserId) -> Result<Row, ServiceError> {
    check_readable(batch, user_id)?;
    let stored = batch.row(user_id).cloned();
    Ok(stored.unwrap_or_else(|| Row::new(user_id.clone())))
}

/// Checks values by the rules of their fields. The gateway has checked them too, but requests may also come from other senders.
pub(super) fn check_values(fields: &Values) -> Result<(), ServiceError> {
    let invalid_values = fields.iter().filter_map(|(field, value)| {
        let detail = field.check(value.as_deref()).err()?;
        Some(InvalidValue {
            pointer: format!("/{}", field.name()),
            detail,
        })
    });
    reject_invalid(invalid_values.collect())
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
pub(super) fn rejected(error: ChangeError) -> ServiceError {
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
        ChangeError::EmailRequired => {
            let message = "there is no such user yet, and a new one needs an e-mail address";
            ServiceError::new(ErrorCode::EmailRequired, message)
        }
    }
}
