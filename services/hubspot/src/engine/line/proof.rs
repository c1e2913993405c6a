//! What a probe has to do to show that a fault is over.

use contracts::Field;

use super::fault_of;
use crate::engine::{Call, CallErrorKind, InputError, Response};

/// What a probe has to do to show that a fault is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RecoveryCheck {
    /// Be answered.
    Answer,
    /// The same, with the account's details: no record met the fault, so that none would come back to probe with.
    Account,
    /// Write, or be refused as only a HubSpot that works refuses.
    Write,
    /// Write this field.
    Field(Field),
}

impl RecoveryCheck {
    /// What shows that the fault that met this call is over: one that met writes is not over when a lookup succeeds.
    pub(crate) fn after(call: &Call) -> Self {
        if call.writes() { Self::Write } else { Self::Answer }
    }

    /// Whether this answer to this call is the proof.
    pub(crate) fn is_passed_by(self, call: &Call, answer: &Response) -> bool {
        match self {
            Self::Answer | Self::Account => !still_fails(answer),
            Self::Write => call.writes() && !still_fails(answer) && is_about_the_record(answer),
            Self::Field(field) => carries(call, field) && wrote(answer),
        }
    }
}

/// Whether the answer shows that the line's fault is not over.
fn still_fails(answer: &Response) -> bool {
    let Response::Error(problem) = answer else {
        return false;
    };
    let failed = matches!(
        problem.kind,
        CallErrorKind::ServerError { .. }
            | CallErrorKind::NoResponse
            | CallErrorKind::UnreadableBody
            | CallErrorKind::Forbidden
            | CallErrorKind::UnexpectedStatus
            | CallErrorKind::RateLimited { .. }
    );
    failed || fault_of(problem).is_some()
}

fn wrote(answer: &Response) -> bool {
    match answer {
        Response::Updated { results, errors } => !results.is_empty() && errors.is_empty(),
        Response::Created { results, errors } => !results.is_empty() && errors.is_empty(),
        Response::Contact(_) => true,
        Response::Account { .. } | Response::Found { .. } | Response::Inspected(_) | Response::Error(_) => {
            false
        }
    }
}

/// Whether the answer says anything of the record; a success that lists nobody does not.
fn is_about_the_record(answer: &Response) -> bool {
    let says = |results: usize, errors: &[InputError]| {
        let faulty = errors.iter().any(|error| fault_of(&error.error).is_some());
        !faulty && results + errors.len() > 0
    };
    match answer {
        Response::Updated { results, errors } => says(results.len(), errors),
        Response::Created { results, errors } => says(results.len(), errors),
        Response::Contact(_) | Response::Error(_) => true,
        Response::Account { .. } | Response::Found { .. } | Response::Inspected(_) => false,
    }
}

fn carries(call: &Call, field: Field) -> bool {
    let property = field.property();
    match call {
        Call::Update { inputs } => inputs.iter().any(|input| input.properties.contains_key(property)),
        Call::Create { inputs } => inputs.iter().any(|input| input.properties.contains_key(property)),
        Call::UpdateSingle { properties, .. } => properties.contains_key(property),
        Call::Account
        | Call::Find { .. }
        | Call::Inspect(_)
        | Call::FindSingle { .. }
        | Call::Read { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::Reason;

    use crate::engine::{CallError, CreatedContact, UpdateInput, UpdatedContact};

    fn update() -> Call {
        let input = UpdateInput {
            contact_id: "7".to_owned(),
            properties: [(Field::FirstName.property(), "Ada".to_owned())].into(),
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
        let result = UpdatedContact {
            contact_id: "7".to_owned(),
            trace_id: None,
        };
        Response::Updated {
            results: vec![result; results],
            errors: errors(kinds),
        }
    }

    fn created(results: usize, kinds: &[CallErrorKind]) -> Response {
        let result = CreatedContact {
            contact_id: "7".to_owned(),
            address: None,
            trace_id: None,
        };
        Response::Created {
            results: vec![result; results],
            errors: errors(kinds),
        }
    }

    #[test]
    fn a_field_is_proved_by_a_success_without_any_error() {
        let proof = RecoveryCheck::Field(Field::FirstName);
        for answer in [updated, created] {
            assert!(proof.is_passed_by(&update(), &answer(1, &[])));
            assert!(!proof.is_passed_by(&update(), &answer(1, &[CallErrorKind::NotFound])));
            assert!(!proof.is_passed_by(&update(), &answer(0, &[])));
        }
    }

    #[test]
    fn a_write_is_proved_by_a_word_on_the_record_that_is_no_fault_of_the_account() {
        for answer in [updated, created] {
            for (results, kinds, is_proof) in [
                (1, vec![], true),
                (0, vec![CallErrorKind::NotFound], true),
                (1, vec![CallErrorKind::NotFound], true),
                (0, vec![], false),
                (0, vec![CallErrorKind::MissingScopes], false),
                (1, vec![CallErrorKind::MissingScopes], false),
            ] {
                let given = RecoveryCheck::Write.is_passed_by(&update(), &answer(results, &kinds));
                assert_eq!(given, is_proof, "{results} and {kinds:?}");
            }
        }
    }
}
