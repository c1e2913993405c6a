//! Contacts that this system makes.

use contracts::Field;
use hubspot::engine::{CallError, CallErrorKind, CreateInput, Response};

use super::{Author, CallOut, Creation, HubSpotModel, answers::about, problem, text};
use crate::{agenda::Time, fault::Fault, random::Random};

impl HubSpotModel {
    pub(super) fn create_batch(
        &mut self,
        inputs: &[CreateInput],
        out: &CallOut,
        now: Time,
        random: &mut Random,
    ) -> Response {
        let mut results = Vec::new();
        let mut errors = Vec::new();
        for (index, input) in inputs.iter().enumerate() {
            let author = out.authors.get(index).and_then(Option::as_ref);
            match self.create_one(input, author, now, random) {
                Ok(contact) => {
                    results.push(self.written(contact, &input.values, Some(&input.trace_id)));
                }
                Err(problem) => errors.push(about(Vec::new(), vec![input.trace_id.clone()], *problem)),
            }
        }
        random.shuffle(&mut results);
        match out.fault {
            Some(Fault::NoTraceIds) => {
                self.occurred.push(Fault::NoTraceIds);
                for result in &mut results {
                    result.trace_id = None;
                }
            }
            Some(Fault::UnshownValues) => self.hide_values(&mut results),
            Some(Fault::PartOfBatch) if !results.is_empty() => {
                self.occurred.push(Fault::PartOfBatch);
                results.remove(random.index(results.len()));
            }
            _ => {}
        }
        Response::Created { results, errors }
    }

    fn create_one(
        &mut self,
        input: &CreateInput,
        author: Option<&Author>,
        now: Time,
        random: &mut Random,
    ) -> Result<usize, Box<CallError>> {
        let address = input.values.get(&Field::EMAIL);
        let address = address
            .map(|address| text(address.as_ref()).to_lowercase())
            .unwrap_or_default();
        if address != input.address {
            return Err(Box::new(problem(
                CallErrorKind::UnexpectedStatus,
                "NOT_ITS_ADDRESS",
            )));
        }
        self.check_values(&input.values, random)?;
        let Some(contact) = self.create(&address) else {
            return Err(Box::new(self.address_held()));
        };
        if let Some(author) = author {
            self.created.push(Creation {
                author: author.clone(),
                contact,
                address,
            });
        }
        self.write(contact, &input.values, author, now, random)?;
        // What was not given is empty, which is what was wanted of it.
        for field in Field::BUILT_IN {
            if !input.values.contains_key(&field) {
                self.contacts[contact].accepted[field].push(String::new());
                self.contacts[contact].took[field].push(String::new());
            }
        }
        Ok(contact)
    }
}
