//! What a recovery check has to do to show that the cause of a halt is gone.

use contracts::Field;

use super::HaltCause;
use crate::engine::{Call, CallErrorKind, Check, InputError, Response};

/// What a recovery check has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecoveryCheck {
    /// Get a response.
    Response,
    /// Get a response to a call for the account's details. No record failed, so none would come back to check with.
    Account,
    /// Look a record up.
    Lookup,
    /// Write a record, or be declined as only a HubSpot that works declines.
    Write,
    /// Write this field.
    FieldWrite(Field),
}

impl RecoveryCheck {
    /// What a record has to do to show the same as this check. A cause that writes met is not gone when a lookup succeeds,
    /// and the other way round.
    pub(crate) fn like(check: Check) -> Self {
        match check {
            Check::Writes => Self::Write,
            Check::Lookups => Self::Lookup,
            Check::Property(field) => Self::FieldWrite(field),
        }
    }

    /// Whether this response to this call passes the check.
    pub(crate) fn is_passed_by(self, call: &Call, response: &Response) -> bool {
        match self {
            Self::Response | Self::Account => !still_fails(response),
            Self::Lookup => is_lookup(call) && !still_fails(response) && is_lookup_served(response),
            Self::Write => call.writes() && !still_fails(response) && is_about_the_record(response),
            Self::FieldWrite(field) => carries(call, field) && has_written(response),
        }
    }
}

/// Whether the call reads records.
fn is_lookup(call: &Call) -> bool {
    matches!(
        call,
        Call::Find { .. } | Call::FindSingle { .. } | Call::ReadBack { .. } | Call::Read { .. }
    )
}

/// Whether no error in the response to a lookup may be the account's.
fn is_lookup_served(response: &Response) -> bool {
    let is_served = |errors: &[InputError]| errors.iter().all(|error| HaltCause::of(&error.error).is_none());
    match response {
        Response::Found { errors, .. } => is_served(errors),
        Response::Inspected(inspected) => is_served(&inspected.errors),
        _ => true,
    }
}

/// Whether the response shows that the cause is still there.
fn still_fails(response: &Response) -> bool {
    let Response::Error(error) = response else {
        return false;
    };
    let failed = matches!(
        error.kind,
        CallErrorKind::ServerError { .. }
            | CallErrorKind::NoResponse
            | CallErrorKind::UnreadableBody
            | CallErrorKind::Forbidden
            | CallErrorKind::UnexpectedStatus
            | CallErrorKind::RateLimited { .. }
    );
    failed || HaltCause::of(error).is_some()
}

fn has_written(response: &Response) -> bool {
    match response {
        Response::Updated { results, errors } | Response::Created { results, errors } => {
            !results.is_empty() && errors.is_empty()
        }
        Response::UpdatedSingle(_) => true,
        Response::Account { .. }
        | Response::Found { .. }
        | Response::Contact(_)
        | Response::Inspected(_)
        | Response::Property { .. }
        | Response::Error(_) => false,
    }
}

/// Whether the response says anything about the record. A success that lists no record does not.
fn is_about_the_record(response: &Response) -> bool {
    let says = |results: usize, errors: &[InputError]| {
        let is_account_at_fault = errors.iter().any(|error| HaltCause::of(&error.error).is_some());
        !is_account_at_fault && results + errors.len() > 0
    };
    match response {
        Response::Updated { results, errors } | Response::Created { results, errors } => {
            says(results.len(), errors)
        }
        Response::UpdatedSingle(_) | Response::Contact(_) | Response::Error(_) => true,
        Response::Account { .. }
        | Response::Found { .. }
        | Response::Inspected(_)
        | Response::Property { .. } => false,
    }
}

fn carries(call: &Call, field: Field) -> bool {
    match call {
        Call::Update { inputs } => inputs.iter().any(|input| input.values.contains_key(&field)),
        Call::Create { inputs } => inputs.iter().any(|input| input.values.contains_key(&field)),
        Call::UpdateSingle { values, .. } => values.contains_key(&field),
        Call::Account
        | Call::Find { .. }
        | Call::Inspect(_)
        | Call::FindSingle { .. }
        | Call::Check(_)
        | Call::ReadBack { .. }
        | Call::Read { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::Reason;

    use crate::engine::{CallError, UpdateInput, WrittenContact};

    fn update() -> Call {
        let input = UpdateInput {
            contact_id: "7".to_owned(),
            values: [(Field::FIRST_NAME, Some("Ada".into()))].into(),
            trace_id: "t".to_owned(),
        };
        Call::Update { inputs: vec![input] }
    }

    fn errors(kinds: &[CallErrorKind]) -> Vec<InputError> {
        let error = |kind: &CallErrorKind| InputError {
            ids: Vec::new(),
            trace_ids: Vec::new(),
            error: CallError {
                kind: kind.clone(),
                reason: Reason::ours("X", "in HubSpot's words"),
            },
        };
        kinds.iter().map(error).collect()
    }

    fn updated(results: usize, kinds: &[CallErrorKind]) -> Response {
        let result = WrittenContact {
            contact_id: "7".to_owned(),
            ..WrittenContact::default()
        };
        Response::Updated {
            results: vec![result; results],
            errors: errors(kinds),
        }
    }

    fn created(results: usize, kinds: &[CallErrorKind]) -> Response {
        let result = WrittenContact {
            contact_id: "7".to_owned(),
            ..WrittenContact::default()
        };
        Response::Created {
            results: vec![result; results],
            errors: errors(kinds),
        }
    }

    #[test]
    fn a_field_write_is_passed_by_a_success_without_any_error() {
        let check = RecoveryCheck::FieldWrite(Field::FIRST_NAME);
        for respond in [updated, created] {
            assert!(check.is_passed_by(&update(), &respond(1, &[])));
            assert!(!check.is_passed_by(&update(), &respond(1, &[CallErrorKind::NotFound])));
            assert!(!check.is_passed_by(&update(), &respond(0, &[])));
        }
    }

    #[test]
    fn a_write_is_passed_by_any_result_for_the_record_alone() {
        for respond in [updated, created] {
            for (results, kinds, is_passed) in [
                (1, vec![], true),
                (0, vec![CallErrorKind::NotFound], true),
                (1, vec![CallErrorKind::NotFound], true),
                (0, vec![], false),
                (0, vec![CallErrorKind::MissingScopes], false),
                (1, vec![CallErrorKind::MissingScopes], false),
            ] {
                let passed = RecoveryCheck::Write.is_passed_by(&update(), &respond(results, &kinds));
                assert_eq!(passed, is_passed, "{results} and {kinds:?}");
            }
        }
    }
}
