//! Answers to batch creates: each attempt is checked off by its trace id or its address, never by its place in a list.

use contracts::lowercase_address;

use super::{AttemptId, CreateInput, CreatedContact, Engine, InputError};

impl Engine {
    /// A batch create was answered.
    pub(super) fn check_creates(
        &mut self,
        attempts: &[AttemptId],
        inputs: &[CreateInput],
        results: &[CreatedContact],
        errors: &[InputError],
    ) {
        for (id, input) in attempts.iter().zip(inputs) {
            let created = results.iter().find(|result| result.is_for(input, inputs));
            let named = errors.iter().find(|error| error.is_about(input));
            // An error that names no input can only be about the one that went alone.
            let alone = errors.first().filter(|_| created.is_none() && inputs.len() == 1);
            match (created, named.or(alone)) {
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
                    self.refused_alone(*id, &error.error);
                }
                (None, None) => {
                    let is_unclear = errors.iter().any(|error| error.names_none_of(inputs));
                    if is_unclear {
                        self.go_alone(*id);
                    }
                    self.each(&[*id], |attempt, _| {
                        attempt.may_have_been_written(false);
                        attempt.create_passed_over();
                    });
                }
            }
        }
    }

    /// One of the errors may be about this record and does not say so: by itself, it will have its own.
    fn go_alone(&mut self, id: AttemptId) {
        let user_id = self.user_of(id);
        if let Some(user) = user_id.and_then(|user_id| self.wake_ups.get_mut(&user_id)) {
            user.batch_limit = 1;
        }
    }
}

impl CreatedContact {
    /// A trace that is one of the inputs' decides; else the address does, which no two inputs share.
    fn is_for(&self, input: &CreateInput, inputs: &[CreateInput]) -> bool {
        let is_ours = |trace: &&String| inputs.iter().any(|input| input.trace_id == **trace);
        match self.trace_id.as_ref().filter(is_ours) {
            Some(trace_id) => *trace_id == input.trace_id,
            None => self
                .address
                .as_ref()
                .is_some_and(|address| lowercase_address(address) == input.address),
        }
    }
}

impl InputError {
    fn is_about(&self, input: &CreateInput) -> bool {
        self.trace_ids.contains(&input.trace_id)
            || self.ids.iter().any(|id| lowercase_address(id) == input.address)
    }

    fn names_none_of(&self, inputs: &[CreateInput]) -> bool {
        !inputs.iter().any(|input| self.is_about(input))
    }
}
