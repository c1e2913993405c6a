//! Executes calls and answers them.

use contracts::{Field, Values};
use hubspot::engine::{
    ABSENT_ADDRESS, ABSENT_CONTACT_ID, Call, CallError, CallErrorKind, Check, InputError, Response,
    UpdateInput, WrittenContact,
};

use super::{ACCOUNT, Author, CallOut, HubSpotModel, OTHER_ACCOUNT, REJECTED, problem, reason, text};
use crate::{agenda::Time, fault::Fault, random::Random};

/// What became of one input of a batch.
enum Done {
    /// Written to this contact.
    Written(usize),
    /// Left out of the answer, as former ids are.
    Dropped,
    /// Rejected.
    Rejected(CallError),
}

impl HubSpotModel {
    /// Executes a call and returns the answer.
    pub(crate) fn execute(&mut self, out: &CallOut, now: Time, random: &mut Random) -> Response {
        match &out.call {
            Call::Account => Response::Account {
                account_id: self.account().to_owned(),
                details_refused: false,
            },
            Call::Check(check) => self.answer_check(*check, out, now, random),
            Call::Inspect(inspection) => Response::Inspected(self.inspect(inspection)),
            Call::ReadBack { contact_ids } => Response::Inspected(self.read_back(contact_ids)),
            Call::Find { addresses } => self.find(addresses, out.fault, random),
            Call::FindSingle { address } => match self.find_one(address) {
                Some(contact) => Response::Contact(self.shown(contact)),
                None => Response::Error(problem(CallErrorKind::NotFound, "OBJECT_NOT_FOUND")),
            },
            Call::Read { contact_id } => match self.reachable(contact_id) {
                Some(contact) => Response::Contact(self.shown(contact)),
                None => Response::Error(problem(CallErrorKind::NotFound, "OBJECT_NOT_FOUND")),
            },
            Call::UpdateSingle { contact_id, values } => {
                let author = out.authors.first().and_then(Option::as_ref);
                let mut answer = self.patch(contact_id, values, author, now, random);
                if let (Some(Fault::UnshownValues), Response::UpdatedSingle(written)) =
                    (out.fault, &mut answer)
                {
                    self.hide_values(std::slice::from_mut(written));
                }
                answer
            }
            Call::Update { inputs } => self.update(inputs, out, now, random),
            Call::Create { inputs } => self.create_batch(inputs, out, now, random),
        }
    }

    /// A check names no contact, so only the account decides what is answered.
    fn answer_check(&mut self, check: Check, out: &CallOut, now: Time, random: &mut Random) -> Response {
        match check {
            Check::Writes => {
                let input = UpdateInput {
                    contact_id: ABSENT_CONTACT_ID.to_owned(),
                    values: Values::new(),
                    trace_id: "check".to_owned(),
                };
                self.update(&[input], out, now, random)
            }
            Check::Lookups => self.find(&[ABSENT_ADDRESS.to_owned()], out.fault, random),
            Check::Property(field) => match self.rule_for(field) {
                Some(Fault::UnknownProperty) => {
                    Response::Error(problem(CallErrorKind::NotFound, "OBJECT_NOT_FOUND"))
                }
                rule => Response::Property {
                    is_read_only: rule == Some(Fault::ReadOnlyProperty),
                },
            },
        }
    }

    /// The account that the token in use opens.
    fn account(&self) -> &'static str {
        if self.problems.contains(&Fault::OtherAccount) {
            OTHER_ACCOUNT
        } else {
            ACCOUNT
        }
    }

    /// The contact that answers to an id, former ids included.
    pub(super) fn reachable(&self, id: &str) -> Option<usize> {
        let contact = self.present(self.by_id(id)?);
        self.exists(contact).then_some(contact)
    }

    fn patch(
        &mut self,
        contact_id: &str,
        values: &Values,
        author: Option<&Author>,
        now: Time,
        random: &mut Random,
    ) -> Response {
        let Some(contact) = self.reachable(contact_id) else {
            return Response::Error(problem(CallErrorKind::NotFound, "OBJECT_NOT_FOUND"));
        };
        if self.problem_of(contact, now) == Some(Fault::ReadOnlyContact)
            && let Some(problem) = self.read_only(values)
        {
            return Response::Error(problem);
        }
        match self.write(contact, values, author, now, random) {
            Ok(()) => Response::UpdatedSingle(self.written(contact, values, None)),
            Err(problem) => Response::Error(*problem),
        }
    }

    fn update(&mut self, inputs: &[UpdateInput], out: &CallOut, now: Time, random: &mut Random) -> Response {
        let whole = out.fault == Some(Fault::AllOrNothing);
        let strange = (out.fault == Some(Fault::StrangeInput)).then(|| random.index(inputs.len()));
        if let Some(problem) = whole.then(|| self.first_rejection(inputs, random)).flatten() {
            self.occurred.push(Fault::AllOrNothing);
            return Response::Error(problem);
        }
        let mut results = Vec::new();
        let mut errors = Vec::new();
        let mut missing = (Vec::new(), Vec::new());
        for (index, input) in inputs.iter().enumerate() {
            let author = out.authors.get(index).and_then(Option::as_ref);
            if strange == Some(index) {
                self.occurred.push(Fault::StrangeInput);
                let problem = problem(CallErrorKind::UnknownCategory, "STRANGE");
                errors.push(about(Vec::new(), vec![input.trace_id.clone()], problem));
                continue;
            }
            match self.update_one(input, author, now, random) {
                Done::Written(contact) => {
                    results.push(self.written(contact, &input.values, Some(&input.trace_id)));
                }
                Done::Dropped => {}
                Done::Rejected(problem) if problem.kind == CallErrorKind::NotFound => {
                    missing.0.push(input.contact_id.clone());
                    missing.1.push(input.trace_id.clone());
                }
                Done::Rejected(problem) => {
                    errors.push(about(Vec::new(), vec![input.trace_id.clone()], problem));
                }
            }
        }
        if !missing.0.is_empty() {
            // One entry for all of them, which does not always name the traces.
            let traces = if random.chance(500) { missing.1 } else { Vec::new() };
            errors.push(about(
                missing.0,
                traces,
                problem(CallErrorKind::NotFound, "OBJECT_NOT_FOUND"),
            ));
        }
        random.shuffle(&mut results);
        self.distort(&mut results, &mut errors, out.fault, random);
        Response::Updated { results, errors }
    }

    fn update_one(
        &mut self,
        input: &UpdateInput,
        author: Option<&Author>,
        now: Time,
        random: &mut Random,
    ) -> Done {
        let Some(asked) = self.by_id(&input.contact_id) else {
            return Done::Rejected(problem(CallErrorKind::NotFound, "OBJECT_NOT_FOUND"));
        };
        let contact = self.present(asked);
        if contact != asked {
            if !(self.has_habit(Fault::MergeFollowed) && random.chance(500)) {
                self.occurred.push(Fault::Merged);
                return Done::Dropped;
            }
            self.occurred.push(Fault::MergeFollowed);
        }
        if !self.exists(contact) {
            return Done::Rejected(problem(CallErrorKind::NotFound, "OBJECT_NOT_FOUND"));
        }
        if self.problem_of(contact, now) == Some(Fault::LockedContact) {
            self.occurred.push(Fault::LockedContact);
            return Done::Rejected(problem(CallErrorKind::Locked, "RECORD_LOCKED"));
        }
        if self.problem_of(contact, now) == Some(Fault::ReadOnlyContact)
            && let Some(problem) = self.read_only(&input.values)
        {
            return Done::Rejected(problem);
        }
        match self.write(contact, &input.values, author, now, random) {
            Ok(()) => Done::Written(contact),
            Err(problem) => Done::Rejected(*problem),
        }
    }

    /// The rejection of a contact whose name cannot be written, although the property can.
    fn read_only(&mut self, values: &Values) -> Option<CallError> {
        let value = values.get(&Field::FIRST_NAME)?;
        self.rejected[Field::FIRST_NAME].insert(text(value.as_ref()).to_owned());
        let fields = [(Field::FIRST_NAME, reason("READ_ONLY_VALUE"))].into();
        Some(problem(CallErrorKind::Invalid { fields }, REJECTED))
    }

    /// What is wrong with a contact at the moment.
    pub(crate) fn problem_of(&self, contact: usize, now: Time) -> Option<Fault> {
        let (fault, until) = self.contacts[contact].problem?;
        (now < until).then_some(fault)
    }

    /// The first problem of a batch that is executed as a whole or not at all.
    fn first_rejection(&mut self, inputs: &[UpdateInput], random: &mut Random) -> Option<CallError> {
        inputs
            .iter()
            .find_map(|input| self.check_values(&input.values, random).err())
            .map(|problem| *problem)
    }

    fn distort(
        &mut self,
        results: &mut Vec<WrittenContact>,
        errors: &mut Vec<InputError>,
        fault: Option<Fault>,
        random: &mut Random,
    ) {
        match fault {
            Some(Fault::NoTraceIds) => {
                self.occurred.push(Fault::NoTraceIds);
                for result in results {
                    result.trace_id = None;
                }
            }
            Some(Fault::UnshownValues) => self.hide_values(results),
            Some(Fault::PartOfBatch) if !results.is_empty() => {
                self.occurred.push(Fault::PartOfBatch);
                results.remove(random.index(results.len()));
            }
            Some(Fault::ListedTwice) if !results.is_empty() => {
                self.occurred.push(Fault::ListedTwice);
                let traces = random.pick(results).trace_id.clone().into_iter().collect();
                errors.push(about(
                    Vec::new(),
                    traces,
                    problem(CallErrorKind::Locked, "RECORD_LISTED_TWICE"),
                ));
            }
            _ => {}
        }
    }
}

/// An entry in the list of errors.
pub(super) fn about(ids: Vec<String>, trace_ids: Vec<String>, problem: CallError) -> InputError {
    InputError {
        ids,
        trace_ids,
        error: problem,
    }
}
