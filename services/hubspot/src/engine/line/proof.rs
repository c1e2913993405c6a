//! What a probe has to do to show that a fault is over.

use contracts::Field;

use super::fault_of;
use crate::engine::{Answer, Call, InputError, ProblemKind};

/// What a probe has to do to show that a fault is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// Be answered.
    Answer,
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
            Self::Answer => !still_fails(answer),
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
        Answer::Account { .. } | Answer::Found { .. } | Answer::Problem(_) => false,
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
        Answer::Account { .. } | Answer::Found { .. } => false,
    }
}

fn carries(call: &Call, field: Field) -> bool {
    let property = field.property();
    match call {
        Call::Update { inputs } => inputs.iter().any(|input| input.properties.contains_key(property)),
        Call::Create { inputs } => inputs.iter().any(|input| input.properties.contains_key(property)),
        Call::Patch { properties, .. } => properties.contains_key(property),
        Call::Account | Call::Find { .. } | Call::FindAlone { .. } | Call::Read { .. } => false,
    }
}
