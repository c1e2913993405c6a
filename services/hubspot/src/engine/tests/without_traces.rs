//! Answers to batches that do not repeat trace ids, which HubSpot's guide never shows in results.

use contracts::{AttemptResult, Claim, Field, NextAction};

use super::bench::Bench;
use super::creates::found_nobody;
use super::samples::{claim, creates, error_of, inputs, linked, reason};
use crate::engine::{
    Call, CallError, CallErrorKind, CreatedContact, InputError, Response, UpdateInput, UpdatedContact,
};

const NAME: &[Field] = &[Field::FirstName];

/// What stands in a result in place of the input's trace id.
const TRACES: [Option<&str>; 2] = [None, Some("of-another-call")];

fn orders() -> impl Iterator<Item = [usize; 3]> {
    [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].into_iter()
}

fn linked_three() -> Vec<Claim> {
    ["a", "b", "c"].map(|user| linked(user, NAME)).into()
}

fn written_under(input: &UpdateInput, trace: Option<&str>) -> UpdatedContact {
    UpdatedContact {
        contact_id: input.contact_id.clone(),
        trace_id: trace.map(str::to_owned),
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

fn verdicts(bench: &mut Bench) -> Vec<AttemptResult> {
    let mut all = Vec::new();
    while let Some((request, record)) = bench.any_record() {
        all.extend(record.results.clone());
        bench.take(request, &record, NextAction::Clean);
    }
    all
}

#[test]
fn updates_without_traces_are_matched_by_contact_id_in_any_order() {
    for trace in TRACES {
        for order in orders() {
            let mut bench = Bench::running();
            let (call, update) = bench.deliver_together(&linked_three());
            let inputs = inputs(&update);
            // The input that comes last in this order is not listed.
            let results = order[..2]
                .iter()
                .map(|place| written_under(&inputs[*place], trace));
            let answer = Response::Updated {
                results: results.collect(),
                errors: Vec::new(),
            };
            bench.answer(call, answer);
            let asked = Call::Read {
                contact_id: inputs[order[2]].contact_id.clone(),
            };
            assert_eq!(bench.call().1, asked, "{order:?}");
            let mut confirmed: Vec<_> = verdicts(&mut bench)
                .into_iter()
                .filter(|verdict| verdict.field_results.contains_key(&Field::FirstName))
                .map(|verdict| format!("c-{}", verdict.user_id))
                .collect();
            confirmed.sort();
            let mut listed = [&inputs[order[0]].contact_id, &inputs[order[1]].contact_id].map(Clone::clone);
            listed.sort();
            assert_eq!(confirmed, listed, "{order:?}");
        }
    }
}

#[test]
fn a_result_for_a_contact_that_was_not_sent_confirms_nobody() {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver(&[linked("a", NAME)]);
    let stranger = UpdatedContact {
        contact_id: "999".to_owned(),
        trace_id: None,
    };
    let answer = Response::Updated {
        results: vec![stranger],
        errors: Vec::new(),
    };
    bench.answer(call, answer);
    assert!(bench.any_record().is_none());
    let asked = Call::Read {
        contact_id: "c-a".to_owned(),
    };
    assert_eq!(bench.call().1, asked);
}

#[test]
fn an_error_with_a_trace_is_not_about_the_contact_whose_id_it_mentions() {
    let mut bench = Bench::running();
    let (call, update) = bench.deliver_together(&[linked("a", &[Field::Email]), linked("b", NAME)]);
    let [a, b] = inputs(&update) else {
        panic!("two inputs")
    };
    let conflict = InputError {
        ids: vec![b.contact_id.clone()],
        ..error_of(a, CallErrorKind::UnexpectedStatus)
    };
    let answer = Response::Updated {
        results: vec![written_under(b, None)],
        errors: vec![conflict],
    };
    bench.answer(call, answer);
    for verdict in verdicts(&mut bench) {
        let failed = verdict.failure.is_some();
        assert_eq!(failed, verdict.user_id.as_str() == "a", "{verdict:?}");
    }
}

#[test]
fn creates_without_traces_are_matched_by_address_in_any_order() {
    for trace in TRACES {
        for order in orders() {
            let (mut bench, call, create) = found_nobody(&["a", "b", "c"].map(claim));
            let inputs = creates(&create);
            let results = order.iter().map(|place| CreatedContact {
                contact_id: format!("new-{}", inputs[*place].address),
                address: Some(inputs[*place].address.to_uppercase()),
                trace_id: trace.map(str::to_owned),
            });
            let answer = Response::Created {
                results: results.collect(),
                errors: Vec::new(),
            };
            bench.answer(call, answer);
            let verdicts = verdicts(&mut bench);
            assert_eq!(verdicts.len(), 3);
            for verdict in verdicts {
                let link = verdict.link.expect("a contact was made");
                assert_eq!(link.contact_id, format!("new-{}@example.com", verdict.user_id));
            }
        }
    }
}

#[test]
fn a_create_that_is_listed_by_its_id_alone_is_looked_up() {
    let (mut bench, call, create) = found_nobody(&[claim("a"), claim("b")]);
    let nameless = |id: &str| CreatedContact {
        contact_id: id.to_owned(),
        address: None,
        trace_id: None,
    };
    let answer = Response::Created {
        results: vec![nameless("1"), nameless("2")],
        errors: Vec::new(),
    };
    bench.answer(call, answer);
    assert!(bench.any_record().is_none(), "which is whose is not known");
    let asked: Vec<Call> = std::iter::from_fn(|| bench.any_call().map(|(_, call)| call)).collect();
    let address = |input: &crate::engine::CreateInput| Call::FindSingle {
        address: input.address.clone(),
    };
    assert_eq!(asked[0], address(&creates(&create)[0]));
}

#[test]
fn an_error_that_names_no_create_is_told_apart_by_sending_each_alone() {
    let (mut bench, call, create) = found_nobody(&[claim("a"), claim("b")]);
    assert_eq!(create.size(), 2);
    let answer = Response::Created {
        results: Vec::new(),
        errors: vec![unnamed(CallErrorKind::UnexpectedStatus)],
    };
    bench.answer(call, answer);
    for _ in 0..2 {
        // Its address is asked for first: it may have been made all the same.
        let (call, find) = bench.call();
        assert!(matches!(find, Call::FindSingle { .. }), "{find:?}");
        let absent = CallError {
            kind: CallErrorKind::NotFound,
            reason: reason("OBJECT_NOT_FOUND"),
        };
        bench.answer(call, Response::Error(absent));
    }
    while let Some((request, record)) = bench.any_record() {
        bench.take(request, &record, NextAction::Now);
    }
    bench.give_all(&["a", "b"].map(claim));
    let mut refusal = unnamed(CallErrorKind::UnexpectedStatus);
    refusal.error.reason = reason("ITS_OWN");
    let mut created_alone = 0;
    while let Some((call, asked)) = bench.any_call() {
        assert_eq!(asked.size(), 1, "each goes alone from now on");
        if matches!(asked, Call::Find { .. }) {
            bench.answer(call, super::creates::nowhere(&asked));
            continue;
        }
        created_alone += creates(&asked).len();
        let answer = Response::Created {
            results: Vec::new(),
            errors: vec![refusal.clone()],
        };
        bench.answer(call, answer);
    }
    assert_eq!(created_alone, 2);
    let failures: Vec<String> = verdicts(&mut bench)
        .into_iter()
        .filter_map(|verdict| Some(verdict.failure?.reason.code))
        .collect();
    assert_eq!(failures, ["ITS_OWN", "ITS_OWN"]);
}
