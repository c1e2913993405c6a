//! Which recovery check shows that the cause of a halt is gone.

use std::time::Duration;

use contracts::NextAction;

use super::harness::TestWorker;
use super::rejections_by_account::{NAME, halt_cause};
use super::samples::{all_written, claim, contact, failed, id, linked, ms, passed};
use crate::engine::{CallErrorKind, Check, HaltCause, Response};

/// A worker whose delivery is halted by a check of writes, and whose checks the test answers.
fn halted() -> TestWorker {
    let mut worker = TestWorker::running();
    worker.passes_checks = false;
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, failed(CallErrorKind::MissingScopes));
    let (call, _) = worker.check();
    worker.respond(call, failed(CallErrorKind::MissingScopes));
    assert_eq!(halt_cause(&worker), Some(HaltCause::MissingScopes));
    let (request, report) = worker.report();
    worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
    worker
}

#[test]
fn a_halt_ends_with_the_check_that_caused_it_and_needs_no_record() {
    let mut worker = halted();
    for seconds in [10, 20, 40, 60, 60] {
        worker.pass(ms(seconds * 1_000 - 1));
        assert!(worker.any_check().is_none(), "{seconds}");
        assert!(
            worker.any_claim().is_none(),
            "the record that failed is not tried"
        );
        worker.pass(ms(1));
        let (call, check) = worker.check();
        assert_eq!(check, Check::Writes);
        worker.respond(call, failed(CallErrorKind::MissingScopes));
    }
    worker.pass(Duration::from_mins(1));
    let (call, check) = worker.check();
    worker.respond(call, passed(check));
    assert_eq!(halt_cause(&worker), None);
    assert_eq!(worker.claim().1.users, [id("a")]);
}

#[test]
fn a_change_of_a_user_that_has_not_failed_ends_a_halt() {
    let mut worker = halted();
    worker.wake("b");
    assert!(worker.any_claim().is_none(), "not at once");
    worker.pass(ms(1_000));
    let (request, asked) = worker.claim();
    assert_eq!(asked.users, [id("b")]);
    worker.give(request, vec![linked("b", NAME)]);
    let (call, update) = worker.call();
    worker.respond(call, all_written(&update));
    assert_eq!(halt_cause(&worker), None);
}

#[test]
fn at_most_one_change_a_second_is_tried_and_each_user_once() {
    let mut worker = halted();
    let users = ["b", "c", "d"];
    for user in users {
        worker.wake(user);
    }
    let mut tried = Vec::new();
    for _ in 0..8 {
        worker.pass(ms(1_000));
        while let Some((request, asked)) = worker.any_claim() {
            tried.extend(asked.users.clone());
            worker.give(request, vec![linked(asked.users[0].as_str(), NAME)]);
            let (call, _) = worker.call();
            worker.respond(call, failed(CallErrorKind::MissingScopes));
            let (request, report) = worker.report();
            assert!(
                report.results[0]
                    .failure
                    .as_ref()
                    .is_some_and(|failure| !failure.is_counted)
            );
            worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
        }
    }
    assert_eq!(tried, users.map(id));
    worker.pass(ms(2_000));
    assert_eq!(
        worker.check().1,
        Check::Writes,
        "the wait for the check stays the same"
    );
}

#[test]
fn a_halt_for_writes_does_not_end_by_a_lookup() {
    let mut worker = halted();
    worker.wake("b");
    worker.pass(ms(1_000));
    let (request, _) = worker.claim();
    worker.give(request, vec![claim("b")]);
    let (call, _) = worker.call();
    worker.respond(
        call,
        Response::Found {
            contacts: vec![contact("c-b", "b@example.com")],
            errors: Vec::new(),
        },
    );
    assert_eq!(halt_cause(&worker), Some(HaltCause::MissingScopes));
    let (request, report) = worker.report();
    worker.take(request, &report, NextAction::Now);
    worker.pass(ms(1_000));
    let (request, asked) = worker.claim();
    assert_eq!(asked.users, [id("b")], "the check goes on");
    worker.give(request, vec![linked("b", NAME)]);
    let (call, update) = worker.call();
    worker.respond(call, all_written(&update));
    assert_eq!(halt_cause(&worker), None);
}

#[test]
fn a_halt_for_lookups_does_not_end_by_a_write() {
    let mut worker = TestWorker::running();
    worker.passes_checks = false;
    let (call, _) = worker.deliver(&[claim("a")]);
    worker.respond(call, failed(CallErrorKind::MissingScopes));
    let (call, check) = worker.check();
    assert_eq!(check, Check::Lookups);
    worker.respond(call, failed(CallErrorKind::MissingScopes));
    let (request, report) = worker.report();
    worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
    worker.wake("b");
    worker.pass(ms(1_000));
    worker.give_all(&[linked("b", NAME)]);
    let (call, update) = worker.call();
    worker.respond(call, all_written(&update));
    assert_eq!(halt_cause(&worker), Some(HaltCause::MissingScopes));
    assert!(worker.result().failure.is_none(), "the write itself counts");
}

#[test]
fn an_outage_lasts_until_a_check_passes_and_counts_for_nobody() {
    let mut worker = TestWorker::running();
    worker.passes_checks = false;
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, super::samples::server_error());
    let mut checks = 0;
    for _ in 0..600 {
        while let Some((call, _)) = worker.any_check() {
            checks += 1;
            worker.respond(call, super::samples::server_error());
        }
        assert!(worker.any_call().is_none(), "the record that failed waits");
        while let Some((request, report)) = worker.any_report() {
            let failure = report.results[0].failure.as_ref().expect("given back");
            assert!(!failure.is_counted && failure.is_transient);
            worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
        }
        worker.pass(Duration::from_secs(1));
    }
    // After 1, 2, 4, 8, 16 and then every 30 seconds.
    assert!((23..=25).contains(&checks), "{checks} checks in ten minutes");
}
