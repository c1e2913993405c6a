//! What a probe has to do to show that a fault is over.

use contracts::Field;

use super::fault_of;
use crate::engine::{Answer, Call, InputError, ProblemKind};

/// What a probe has to do to show that a fault is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Be answered.
    Answer,
    /// The same, with the account's details: no record met the fault, so that none would come back to probe with.
    Account,
    /// Write, or be refused as only a HubSpot that works refuses.
    Write,
    /// Write this field.
    Field(Field),
}

impl Proof {
    /// What shows that the fault that met this call is over: one that met writes is not over when a lookup succeeds.
    pub(crate) fn after(call: &Call) -> Self {
        if call.writes() { Self::Write } else { Self::Answer }
    }

    /// Whether this answer to this call is the proof.
    pub(crate) fn is_given_by(self, call: &Call, answer: &Answer) -> bool {
        match self {
            Self::Answer | Self::Account => !still_fails(answer),
            Self::Write => call.writes() && !still_fails(answer) && is_about_the_record(answer),
            Self::Field(field) => carries(call, field) && wrote(answer),
        }
    }
}

/// Whether the answer shows that the line's fault is not over.
fn still_fails(answer: &Answer) -> bool {
    let Answer::Problem(problem) = answer else {
        return false;
    };
    let failed = matches!(
        problem.kind,
        ProblemKind::ServerFault { .. }
            | ProblemKind::Unanswered
            | ProblemKind::Garbled
            | ProblemKind::Forbidden
            | ProblemKind::Refused
            | ProblemKind::Limited { .. }
    );
    failed || fault_of(problem).is_some()
}

fn wrote(answer: &Answer) -> bool {
    match answer {
        Answer::Updated { results, errors } => !results.is_empty() && errors.is_empty(),
        Answer::Created { results, errors } => !results.is_empty() && errors.is_empty(),
        Answer::Contact(_) => true,
        Answer::Account { .. } | Answer::Found { .. } | Answer::Inspected(_) | Answer::Problem(_) => false,
    }
}

/// Whether the answer says anything of the record; a success that lists nobody does not.
fn is_about_the_record(answer: &Answer) -> bool {
    let says = |results: usize, errors: &[InputError]| {
        let faulty = errors.iter().any(|error| fault_of(&error.problem).is_some());
        !faulty && results + errors.len() > 0
    };
    match answer {
        Answer::Updated { results, errors } => says(results.len(), errors),
        Answer::Created { results, errors } => says(results.len(), errors),
        Answer::Contact(_) | Answer::Problem(_) => true,
        Answer::Account { .. } | Answer::Found { .. } | Answer::Inspected(_) => false,
    }
}

fn carries(call: &Call, field: Field) -> bool {
    let property = field.property();
    match call {
        Call::Update { inputs } => inputs.iter().any(|input| input.properties.contains_key(property)),
        Call::Create { inputs } => inputs.iter().any(|input| input.properties.contains_key(property)),
        Call::Patch { properties, .. } => properties.contains_key(property),
        Call::Account | Call::Find { .. } | Call::Inspect(_) | Call::FindAlone { .. } | Call::Read { .. } => {
            false
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use contracts::Reason;

    use crate::engine::{Created, Problem, UpdateInput, Written};

    fn update() -> Call {
        let input = UpdateInput {
            contact_id: "7".to_owned(),
            properties: [(Field::FirstName.property(), "Ada".to_owned())].into(),
            trace_id: "t".to_owned(),
        };
        Call::Update { inputs: vec![input] }
    }

    fn errors(kinds: &[ProblemKind]) -> Vec<InputError> {
        let error = |kind: &ProblemKind| InputError {
            ids: Vec::new(),
            trace_ids: Vec::new(),
            problem: Problem {
                kind: kind.clone(),
                reason: Reason::ours("X", "in HubSpot's words"),
            },
        };
        kinds.iter().map(error).collect()
    }

    fn updated(results: usize, kinds: &[ProblemKind]) -> Answer {
        let result = Written {
            contact_id: "7".to_owned(),
            trace_id: None,
        };
        Answer::Updated {
            results: vec![result; results],
            errors: errors(kinds),
        }
    }

    fn created(results: usize, kinds: &[ProblemKind]) -> Answer {
        let result = Created {
            contact_id: "7".to_owned(),
            address: None,
            trace_id: None,
        };
        Answer::Created {
            results: vec![result; results],
            errors: errors(kinds),
        }
    }

    #[test]
    fn a_field_is_proved_by_a_success_without_any_error() {
        let proof = Proof::Field(Field::FirstName);
        for answer in [updated, created] {
            assert!(proof.is_given_by(&update(), &answer(1, &[])));
            assert!(!proof.is_given_by(&update(), &answer(1, &[ProblemKind::NotFound])));
            assert!(!proof.is_given_by(&update(), &answer(0, &[])));
        }
    }

    #[test]
    fn a_write_is_proved_by_a_word_on_the_record_that_is_no_fault_of_the_account() {
        for answer in [updated, created] {
            for (results, kinds, is_proof) in [
                (1, vec![], true),
                (0, vec![ProblemKind::NotFound], true),
                (1, vec![ProblemKind::NotFound], true),
                (0, vec![], false),
                (0, vec![ProblemKind::MissingScopes], false),
                (1, vec![ProblemKind::MissingScopes], false),
            ] {
                let given = Proof::Write.is_given_by(&update(), &answer(results, &kinds));
                assert_eq!(given, is_proof, "{results} and {kinds:?}");
            }
        }
    }
}
