//! Which recovery check shows that the cause of a halt is gone.

use std::time::Duration;

use contracts::NextAction;

use super::harness::TestWorker;
use super::rejections_by_account::{NAME, check, halt_cause};
use super::samples::{all_written, claim, failed, id, linked, server_error};
use crate::engine::{CallErrorKind, Contact, HaltCause, Response};

#[test]
fn a_halt_for_writes_does_not_end_by_a_lookup() {
    let mut worker = TestWorker::running();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, failed(CallErrorKind::MissingScopes));
    let (request, report) = worker.report();
    worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
    worker.pass(Duration::from_secs(10));
    let (request, _) = worker.claim();
    worker.give(request, vec![claim("a")]);
    let (call, _) = worker.call();
    let found = Contact {
        id: "c-a".into(),
        email: Some("a@example.com".into()),
        additional_emails: Some(Vec::new()),
    };
    worker.respond(
        call,
        Response::Found {
            contacts: vec![found],
            errors: Vec::new(),
        },
    );
    assert_eq!(halt_cause(&worker), Some(HaltCause::MissingScopes));
    let (request, report) = worker.report();
    let next = report.claim.clone().expect("the check goes on");
    assert_eq!(next.users, [id("a")]);
    worker.take_and_give(request, &report, NextAction::Now, vec![linked("a", NAME)]);
    let (call, update) = worker.call();
    worker.respond(call, all_written(&update));
    assert_eq!(halt_cause(&worker), None);
}

#[test]
fn an_outage_is_checked_with_the_failed_record_then_another() {
    let mut worker = TestWorker::running();
    for user in ["a", "b"] {
        let (call, _) = worker.deliver(&[linked(user, NAME)]);
        worker.respond(call, server_error());
        let (request, report) = worker.report();
        worker.take(request, &report, NextAction::Later { in_ms: 30_000 });
    }
    worker.wake("c");
    let (first, call, _) = check(&mut worker, 1);
    assert_eq!(first, "b");
    worker.respond(call, server_error());
    let (request, report) = worker.report();
    worker.take(request, &report, NextAction::Later { in_ms: 30_000 });
    let (second, call, update) = check(&mut worker, 2);
    assert_eq!(second, "c");
    worker.respond(call, all_written(&update));
    assert_eq!(halt_cause(&worker), None);
}
