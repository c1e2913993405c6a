//! Responses to batches without trace ids, which HubSpot's guide never shows in results.

use contracts::{AttemptResult, Claim, Field, NextAction};

use super::creates::found_nobody;
use super::harness::TestWorker;
use super::samples::{claim, creates, error_of, inputs, linked, ms, reason, written};
use crate::engine::{Call, CallError, CallErrorKind, InputError, Response, UpdateInput, WrittenContact};

const NAME: &[Field] = &[Field::FIRST_NAME];

/// What a result has in place of the input's trace id.
const TRACES: [Option<&str>; 2] = [None, Some("of-another-call")];

fn orders() -> impl Iterator<Item = [usize; 3]> {
    [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].into_iter()
}

fn linked_three() -> Vec<Claim> {
    ["a", "b", "c"].map(|user| linked(user, NAME)).into()
}

fn written_under(input: &UpdateInput, trace: Option<&str>) -> WrittenContact {
    WrittenContact {
        trace_id: trace.map(str::to_owned),
        ..written(input)
    }
}

fn unnamed(kind: CallErrorKind) -> InputError {
    InputError {
        ids: Vec::new(),
        trace_ids: Vec::new(),
        error: CallError {
            kind,
            reason: reason("X"),
        },
    }
}

fn reported(worker: &mut TestWorker) -> Vec<AttemptResult> {
    let mut all = Vec::new();
    while let Some((request, report)) = worker.any_report() {
        all.extend(report.results.clone());
        worker.take(request, &report, NextAction::Clean);
    }
    all
}

#[test]
fn updates_without_traces_are_matched_by_contact_id_in_any_order() {
    for trace in TRACES {
        for order in orders() {
            let mut worker = TestWorker::running();
            let (call, update) = worker.deliver_together(&linked_three());
            let inputs = inputs(&update);
            // The input that comes last in this order is not listed.
            let results = order[..2]
                .iter()
                .map(|place| written_under(&inputs[*place], trace));
            let response = Response::Updated {
                results: results.collect(),
                errors: Vec::new(),
            };
            worker.respond(call, response);
            let asked = Call::Read {
                contact_id: inputs[order[2]].contact_id.clone(),
            };
            assert_eq!(worker.call().1, asked, "{order:?}");
            let mut confirmed: Vec<_> = reported(&mut worker)
                .into_iter()
                .filter(|result| result.field_results.contains_key(&Field::FIRST_NAME))
                .map(|result| format!("c-{}", result.user_id))
                .collect();
            confirmed.sort();
            let mut listed = [&inputs[order[0]].contact_id, &inputs[order[1]].contact_id].map(Clone::clone);
            listed.sort();
            assert_eq!(confirmed, listed, "{order:?}");
        }
    }
}

#[test]
fn a_result_for_a_contact_that_was_not_sent_counts_for_nobody() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    let stranger = WrittenContact {
        contact_id: "999".to_owned(),
        ..WrittenContact::default()
    };
    let response = Response::Updated {
        results: vec![stranger],
        errors: Vec::new(),
    };
    worker.respond(call, response);
    assert!(worker.any_report().is_none());
    let asked = Call::Read {
        contact_id: "c-a".to_owned(),
    };
    assert_eq!(worker.call().1, asked);
}

#[test]
fn a_traced_error_is_not_about_the_contact_it_mentions() {
    let mut worker = TestWorker::running();
    let (call, update) = worker.deliver_together(&[linked("a", &[Field::EMAIL]), linked("b", NAME)]);
    let [a, b] = inputs(&update) else {
        panic!("two inputs")
    };
    let conflict = InputError {
        ids: vec![b.contact_id.clone()],
        ..error_of(a, CallErrorKind::UnexpectedStatus)
    };
    let response = Response::Updated {
        results: vec![written_under(b, None)],
        errors: vec![conflict],
    };
    worker.respond(call, response);
    for result in reported(&mut worker) {
        let failed = result.failure.is_some();
        assert_eq!(failed, result.user_id.as_str() == "a", "{result:?}");
    }
}

#[test]
fn creates_without_traces_are_matched_by_address_in_any_order() {
    for trace in TRACES {
        for order in orders() {
            let (mut worker, call, create) = found_nobody(&["a", "b", "c"].map(claim));
            let inputs = creates(&create);
            let results = order.iter().map(|place| WrittenContact {
                contact_id: format!("new-{}", inputs[*place].address),
                trace_id: trace.map(str::to_owned),
                values: [(Field::EMAIL, Some(inputs[*place].address.to_uppercase().into()))].into(),
                additional_emails: None,
            });
            let response = Response::Created {
                results: results.collect(),
                errors: Vec::new(),
            };
            worker.respond(call, response);
            let results = reported(&mut worker);
            assert_eq!(results.len(), 3);
            for result in results {
                let link = result.link.expect("a contact was made");
                assert_eq!(link.contact_id, format!("new-{}@example.com", result.user_id));
            }
        }
    }
}

#[test]
fn a_create_that_is_listed_by_its_id_alone_is_looked_up() {
    let (mut worker, call, create) = found_nobody(&[claim("a"), claim("b")]);
    let nameless = |id: &str| WrittenContact {
        contact_id: id.to_owned(),
        ..WrittenContact::default()
    };
    let response = Response::Created {
        results: vec![nameless("1"), nameless("2")],
        errors: Vec::new(),
    };
    worker.respond(call, response);
    assert!(worker.any_report().is_none(), "which is whose is not known");
    let asked: Vec<Call> = std::iter::from_fn(|| worker.any_call().map(|(_, call)| call)).collect();
    let address = |input: &crate::engine::CreateInput| Call::FindSingle {
        address: input.address.clone(),
    };
    assert_eq!(asked[0], address(&creates(&create)[0]));
}

#[test]
fn after_an_unnamed_error_each_create_is_sent_alone() {
    let (mut worker, call, create) = found_nobody(&[claim("a"), claim("b")]);
    assert_eq!(create.size(), 2);
    let response = Response::Created {
        results: Vec::new(),
        errors: vec![unnamed(CallErrorKind::UnexpectedStatus)],
    };
    worker.respond(call, response);
    for _ in 0..2 {
        // Its address is looked up first, because the contact may exist.
        let (call, find) = worker.call();
        assert!(matches!(find, Call::FindSingle { .. }), "{find:?}");
        let absent = CallError {
            kind: CallErrorKind::NotFound,
            reason: reason("OBJECT_NOT_FOUND"),
        };
        worker.respond(call, Response::Error(absent));
    }
    while let Some((request, report)) = worker.any_report() {
        worker.take(request, &report, NextAction::Now);
    }
    worker.give_all(&["a", "b"].map(claim));
    let mut rejection = unnamed(CallErrorKind::UnexpectedStatus);
    rejection.error.reason = reason("ITS_OWN");
    let mut created_alone = 0;
    while let Some((call, asked)) = worker.any_call() {
        assert_eq!(asked.size(), 1, "each goes alone from now on");
        if matches!(asked, Call::Find { .. }) {
            worker.respond(call, super::creates::nowhere(&asked));
            continue;
        }
        created_alone += creates(&asked).len();
        let response = Response::Created {
            results: Vec::new(),
            errors: vec![rejection.clone()],
        };
        worker.respond(call, response);
    }
    assert_eq!(created_alone, 2);
    // The failures wait for checks, one of which has just left.
    worker.pass(ms(2_000));
    let failures: Vec<String> = reported(&mut worker)
        .into_iter()
        .filter_map(|result| Some(result.failure?.reason.code))
        .collect();
    assert_eq!(failures, ["ITS_OWN", "ITS_OWN"]);
}
