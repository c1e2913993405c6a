//! Which probe shows that a fault is over.

use std::time::Duration;

use contracts::NextAction;

use super::bench::Bench;
use super::everyone::{NAME, fault, probe};
use super::samples::{all_written, claim, id, linked, problem, server_fault};
use crate::engine::{CallErrorKind, Contact, HaltCause, Response};

#[test]
fn a_fault_that_met_a_write_is_not_over_when_a_lookup_succeeds() {
    let mut bench = Bench::running();
    let (call, _) = bench.deliver(&[linked("a", NAME)]);
    bench.answer(call, problem(CallErrorKind::MissingScopes));
    let (request, record) = bench.record();
    bench.take(request, &record, NextAction::Later { in_ms: 1_000 });
    bench.pass(Duration::from_secs(10));
    let (request, _) = bench.claim();
    bench.give(request, vec![claim("a")]);
    let (call, _) = bench.call();
    let found = Contact {
        id: "c-a".into(),
        email: Some("a@example.com".into()),
        additional_emails: Some(Vec::new()),
    };
    bench.answer(
        call,
        Response::Found {
            contacts: vec![found],
            errors: Vec::new(),
        },
    );
    assert_eq!(fault(&bench), Some(HaltCause::MissingScopes));
    let (request, record) = bench.record();
    let next = record.claim.clone().expect("the probe goes on");
    assert_eq!(next.users, [id("a")]);
    bench.take_and_give(request, &record, NextAction::Now, vec![linked("a", NAME)]);
    let (call, update) = bench.call();
    bench.answer(call, all_written(&update));
    assert_eq!(fault(&bench), None);
}

#[test]
fn an_outage_is_probed_by_the_write_that_failed_and_then_by_another_record() {
    let mut bench = Bench::running();
    for user in ["a", "b"] {
        let (call, _) = bench.deliver(&[linked(user, NAME)]);
        bench.answer(call, server_fault());
        let (request, record) = bench.record();
        bench.take(request, &record, NextAction::Later { in_ms: 30_000 });
    }
    bench.wake("c");
    let (first, call, _) = probe(&mut bench, 1);
    assert_eq!(first, "b");
    bench.answer(call, server_fault());
    let (request, record) = bench.record();
    bench.take(request, &record, NextAction::Later { in_ms: 30_000 });
    let (second, call, update) = probe(&mut bench, 2);
    assert_eq!(second, "c");
    bench.answer(call, all_written(&update));
    assert_eq!(fault(&bench), None);
}
