//! A caller's change.

use contracts::{
    ErrorCode, InvalidValue, ServiceError, SyncState, UpdateUser, UserId, UserUpdated, Values, VersionState,
};

use super::batch::Batch;
use crate::rules::{Change, Refusal, Row, change, state_of};

/// The longest idempotency key; each row keeps a few.
const MAX_KEY_CHARS: usize = 255;

pub(super) fn update(batch: &mut Batch<'_>, request: &UpdateUser) -> Result<UserUpdated, ServiceError> {
    check_key(request.idempotency_key.as_deref())?;
    check_values(&request.fields)?;
    check_readable(batch, &request.user_id)?;
    let mut row = stored_or_new(batch, &request.user_id);
    let wanted = Change {
        form: request.form,
        fields: &request.fields,
        if_match: request.if_match,
        key: request.idempotency_key.as_deref(),
    };
    let changed = change(&mut row, &wanted, batch.now, batch.terms).map_err(refused)?;
    let sync = VersionState {
        state: state_of(&row, changed.version),
        version: changed.version,
    };
    let updated = UserUpdated {
        user: row.user(),
        sync,
    };
    if changed.repeated {
        return Ok(updated);
    }
    if updated.sync.state == SyncState::Pending {
        batch.accepted.name(&request.user_id, changed.version);
    }
    let priority = row.priority;
    batch.put(row);
    if changed.announce {
        batch.announce(&request.user_id, priority);
    }
    Ok(updated)
}

pub(super) fn stored_or_new(batch: &mut Batch<'_>, user_id: &UserId) -> Row {
    let known = batch.row(user_id).cloned();
    known.unwrap_or_else(|| Row::new(user_id.clone()))
}

pub(super) fn check_readable(batch: &Batch<'_>, user_id: &UserId) -> Result<(), ServiceError> {
    if !batch.is_unreadable(user_id) {
        return Ok(());
    }
    let message = "the stored user cannot be read by this version of the service; its log says why";
    Err(ServiceError::new(ErrorCode::Internal, message))
}

/// The gateway has checked them; a value that breaks its rule must not reach a row whoever sends it.
pub(super) fn check_values(fields: &Values) -> Result<(), ServiceError> {
    let faults = fields.iter().filter_map(|(field, value)| {
        let detail = field.check(value.as_deref()).err()?;
        Some(InvalidValue {
            pointer: format!("/{}", field.name()),
            detail,
        })
    });
    invalid(faults.collect())
}

fn check_key(key: Option<&str>) -> Result<(), ServiceError> {
    if key.is_none_or(|key| !key.is_empty() && key.chars().count() <= MAX_KEY_CHARS) {
        return Ok(());
    }
    invalid(vec![InvalidValue {
        pointer: String::new(),
        detail: format!("the idempotency key must have 1 to {MAX_KEY_CHARS} characters"),
    }])
}

fn invalid(faults: Vec<InvalidValue>) -> Result<(), ServiceError> {
    if faults.is_empty() {
        return Ok(());
    }
    let message = "the change has values that break their rules; nothing was accepted";
    Err(ServiceError {
        invalid_values: faults,
        ..ServiceError::new(ErrorCode::InvalidRequest, message)
    })
}

pub(super) fn refused(refusal: Refusal) -> ServiceError {
    match refusal {
        Refusal::VersionMismatch(current) => {
            let message = "the user has another version than the one given; read it and decide anew";
            let error = ServiceError::new(ErrorCode::VersionMismatch, message);
            ServiceError {
                current_version: Some(current),
                ..error
            }
        }
        Refusal::KeyReused => {
            let message = "the idempotency key was used for another change of this user; take a new key";
            ServiceError::new(ErrorCode::KeyReused, message)
        }
        Refusal::EmailRequired => {
            let message = "there is no such user yet, and a new one needs an e-mail address";
            ServiceError::new(ErrorCode::EmailRequired, message)
        }
    }
}
