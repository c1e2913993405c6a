//! Answers to batch creates: each attempt is checked off by its trace id or its address.

use contracts::lowercase_address;

use super::{AttemptId, CreateInput, Created, Engine, InputError};

impl Engine {
    /// A batch create was answered.
    pub(super) fn check_creates(
        &mut self,
        attempts: &[AttemptId],
        inputs: &[CreateInput],
        results: &[Created],
        errors: &[InputError],
    ) {
        for (id, input) in attempts.iter().zip(inputs) {
            let created = results.iter().find(|result| result.is_for(input));
            let error = errors.iter().find(|error| error.is_about(input));
            match (created, error) {
                (Some(created), None) => {
                    self.count_write(Some(*id));
                    self.each(&[*id], |attempt, rules| {
                        attempt.was_created(&created.contact_id, rules);
                    });
                }
                (created, Some(error)) => {
                    // Listed as both, it counts as refused, and may have been created all the same.
                    if let Some(attempt) = self.attempts.get_mut(id).filter(|_| created.is_some()) {
                        attempt.may_have_been_written(false);
                    }
                    self.refused_alone(*id, &error.problem);
                }
                (None, None) => self.each(&[*id], |attempt, _| {
                    attempt.may_have_been_written(false);
                    attempt.create_passed_over();
                }),
            }
        }
    }
}

impl Created {
    fn is_for(&self, input: &CreateInput) -> bool {
        match (&self.trace_id, &self.address) {
            (Some(trace_id), _) => *trace_id == input.trace_id,
            (None, Some(address)) => lowercase_address(address) == input.address,
            (None, None) => false,
        }
    }
}

impl InputError {
    fn is_about(&self, input: &CreateInput) -> bool {
        self.trace_ids.contains(&input.trace_id)
            || self.ids.iter().any(|id| lowercase_address(id) == input.address)
    }
}
