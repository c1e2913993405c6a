//! Takes the responses to batch writes apart: what a response says about each input.
//!
//! A success counts for the inputs it lists and for no other, and an input is found by its trace id, contact id or
//! address, never by its position: HubSpot lists results in any order, and leaves some out.

use std::collections::{BTreeMap, BTreeSet};

use contracts::lowercase_address;

use super::{
    CallError, CallErrorKind, Contact, CreateInput, InputError, InspectedContacts, Profile, UpdateInput,
    WrittenContact,
};

/// What a response says about one input.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum InputResult<'r> {
    /// The input was carried out, for this contact.
    Done(&'r WrittenContact),
    /// The input was not carried out.
    Failed {
        error: &'r CallError,
        /// Whether the response lists it as carried out, too. Then it counts as failed and possibly written.
        is_listed_as_done: bool,
    },
    /// The response does not mention the input.
    Unlisted {
        /// Whether an error that names no input may be about this one.
        may_have_failed: bool,
    },
}

/// What the response to a batch update says about each input, in the order of the inputs. `None` if it says nothing
/// about any of them.
pub(crate) fn update_results<'r>(
    inputs: &[UpdateInput],
    results: &'r [WrittenContact],
    errors: &'r [InputError],
) -> Option<Vec<InputResult<'r>>> {
    let names_any = |error: &InputError| inputs.iter().any(|input| error.names_update(input));
    if results.is_empty() && !errors.iter().any(names_any) {
        return None;
    }
    let by_trace: BTreeMap<&str, &WrittenContact> = results
        .iter()
        .filter_map(|result| Some((result.trace_id.as_deref()?, result)))
        .collect();
    // A result that names an input by its trace id is about that input alone, even if its contact was merged into the
    // contact of another input. So the contact id of such a result counts for nobody else.
    let traces: BTreeSet<&str> = inputs.iter().map(|input| input.trace_id.as_str()).collect();
    let names_no_input = |result: &&WrittenContact| {
        let trace_id = result.trace_id.as_deref();
        trace_id.is_none_or(|trace_id| !traces.contains(trace_id))
    };
    let by_contact: BTreeMap<&str, &WrittenContact> = results
        .iter()
        .filter(names_no_input)
        .map(|result| (result.contact_id.as_str(), result))
        .collect();
    let result_of = |input: &UpdateInput| {
        let updated = by_trace
            .get(input.trace_id.as_str())
            .or_else(|| by_contact.get(input.contact_id.as_str()));
        let error = errors.iter().find(|error| error.names_update(input));
        match (updated, error) {
            (Some(updated), None) => InputResult::Done(updated),
            (updated, Some(error)) => InputResult::Failed {
                error: &error.error,
                is_listed_as_done: updated.is_some(),
            },
            (None, None) => InputResult::Unlisted {
                may_have_failed: false,
            },
        }
    };
    Some(inputs.iter().map(result_of).collect())
}

/// What the response to a batch create says about each input, in the order of the inputs.
pub(crate) fn create_results<'r>(
    inputs: &[CreateInput],
    results: &'r [WrittenContact],
    errors: &'r [InputError],
) -> Vec<InputResult<'r>> {
    let result_of = |input: &CreateInput| {
        let created = results.iter().find(|result| result.is_for(input, inputs));
        let named = errors.iter().find(|error| error.names_create(input));
        // An error that names no input can only be about the input that went alone.
        let unnamed = errors.first().filter(|_| created.is_none() && inputs.len() == 1);
        match (created, named.or(unnamed)) {
            (Some(created), None) => InputResult::Done(created),
            (created, Some(error)) => InputResult::Failed {
                error: &error.error,
                is_listed_as_done: created.is_some(),
            },
            (None, None) => InputResult::Unlisted {
                may_have_failed: errors.iter().any(|error| error.names_none_of(inputs)),
            },
        }
    };
    inputs.iter().map(result_of).collect()
}

/// What the response to a batch read by ids says about one contact.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum ReadBackResult<'r> {
    /// The contact was read.
    Contact(&'r Profile),
    /// It was merged into this contact.
    Merged(&'r Contact),
    /// It does not exist any more.
    Gone,
    /// It could not be read.
    Failed(&'r CallError),
    /// The response does not mention it.
    Unlisted,
}

/// What the response to a batch read by ids says about this contact.
pub(crate) fn read_back_result<'r>(contact_id: &str, read: &'r InspectedContacts) -> ReadBackResult<'r> {
    let mut contacts = read.contacts.iter();
    if let Some(profile) = contacts.find(|profile| profile.contact.id == contact_id) {
        return ReadBackResult::Contact(profile);
    }
    let is_former = |profile: &&Profile| {
        profile
            .contact
            .former_ids
            .iter()
            .any(|former| former == contact_id)
    };
    if let Some(profile) = read.contacts.iter().find(is_former) {
        return ReadBackResult::Merged(&profile.contact);
    }
    let mut errors = read.errors.iter();
    match errors.find(|error| error.ids.iter().any(|id| id == contact_id)) {
        Some(error) if error.error.kind == CallErrorKind::NotFound => ReadBackResult::Gone,
        Some(error) => ReadBackResult::Failed(&error.error),
        None => ReadBackResult::Unlisted,
    }
}

impl WrittenContact {
    /// Whether this is the contact that the input created. A trace id that is one of the inputs' decides. Without one the address
    /// does, which no two inputs share.
    fn is_for(&self, input: &CreateInput, inputs: &[CreateInput]) -> bool {
        let is_known = |trace_id: &&String| inputs.iter().any(|input| input.trace_id == **trace_id);
        match self.trace_id.as_ref().filter(is_known) {
            Some(trace_id) => *trace_id == input.trace_id,
            None => self
                .address()
                .is_some_and(|address| lowercase_address(address) == input.address),
        }
    }
}

impl InputError {
    /// Where an error names inputs by their trace ids, the contact ids beside them count only for contacts that were not
    /// found: for a conflict they could be the other contact's.
    fn names_update(&self, input: &UpdateInput) -> bool {
        let by_id = self.trace_ids.is_empty() || self.error.kind == CallErrorKind::NotFound;
        self.trace_ids.contains(&input.trace_id) || (by_id && self.ids.contains(&input.contact_id))
    }

    fn names_create(&self, input: &CreateInput) -> bool {
        self.trace_ids.contains(&input.trace_id)
            || self.ids.iter().any(|id| lowercase_address(id) == input.address)
    }

    fn names_none_of(&self, inputs: &[CreateInput]) -> bool {
        !inputs.iter().any(|input| self.names_create(input))
    }
}

#[cfg(test)]
mod tests {
    use contracts::Reason;

    use super::*;

    fn input(contact_id: &str, trace_id: &str) -> UpdateInput {
        UpdateInput {
            contact_id: contact_id.to_owned(),
            values: BTreeMap::new(),
            trace_id: trace_id.to_owned(),
        }
    }

    fn updated(contact_id: &str, trace_id: Option<&str>) -> WrittenContact {
        WrittenContact {
            contact_id: contact_id.to_owned(),
            trace_id: trace_id.map(str::to_owned),
            ..WrittenContact::default()
        }
    }

    const UNLISTED: InputResult<'_> = InputResult::Unlisted {
        may_have_failed: false,
    };

    #[test]
    fn results_count_by_name_whatever_their_order() {
        let inputs = [input("1", "t-1"), input("2", "t-2"), input("3", "t-3")];
        let results = [updated("2", None), updated("1", Some("t-1"))];
        assert_eq!(
            update_results(&inputs, &results, &[]),
            Some(vec![
                InputResult::Done(&results[1]),
                InputResult::Done(&results[0]),
                UNLISTED
            ])
        );
    }

    #[test]
    fn a_traced_result_does_not_count_for_the_contact_it_was_merged_into() {
        let inputs = [input("1", "t-1"), input("2", "t-2")];
        let results = [updated("2", Some("t-1"))];
        assert_eq!(
            update_results(&inputs, &results, &[]),
            Some(vec![InputResult::Done(&results[0]), UNLISTED])
        );
    }

    #[test]
    fn a_response_that_names_no_input_says_nothing() {
        let error = InputError {
            ids: Vec::new(),
            trace_ids: Vec::new(),
            error: CallError {
                kind: CallErrorKind::Locked,
                reason: Reason::ours("LOCKED", "in HubSpot's words"),
            },
        };
        assert_eq!(update_results(&[input("1", "t-1")], &[], &[error]), None);
    }
}
