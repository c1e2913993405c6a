//! Whose fault a failure is: a check that names no record tells.

use std::{collections::BTreeMap, time::Duration};

use contracts::{AttemptResult, Claim, Field, FieldResult, NextAction, Priority};

use super::halts::halt_cause;
use super::harness::TestWorker;
use super::samples::{
    all_written, claim, error_of, failed, id, inputs, linked, ms, passed, reason, server_error, written,
};
use crate::engine::{Call, CallError, CallErrorKind, Check, HaltCause, Input, Response};

const NAME: &[Field] = &[Field::FIRST_NAME];
const READ_ONLY: &str = "READ_ONLY_VALUE";

/// Errors that a record or the account may have caused, and the cause that the same error of a check shows.
fn doubtful() -> [(CallErrorKind, HaltCause); 7] {
    [
        (CallErrorKind::MissingScopes, HaltCause::MissingScopes),
        (CallErrorKind::NoSuchPath, HaltCause::NoSuchPath),
        (CallErrorKind::Forbidden, HaltCause::Outage),
        (CallErrorKind::UnexpectedStatus, HaltCause::Outage),
        (
            CallErrorKind::ServerError { retry_after: None },
            HaltCause::Outage,
        ),
        (CallErrorKind::NoResponse, HaltCause::Outage),
        (CallErrorKind::UnreadableBody, HaltCause::Outage),
    ]
}

/// A worker whose checks the test answers.
fn worker() -> TestWorker {
    let mut worker = TestWorker::running();
    worker.passes_checks = false;
    worker
}

/// The first name is rejected, because the property cannot be written.
fn read_only() -> CallErrorKind {
    let named = BTreeMap::from([(Field::FIRST_NAME, reason(READ_ONLY))]);
    CallErrorKind::Invalid { fields: named }
}

/// A record fails alone, and its check is answered.
fn fail_and_check(
    worker: &mut TestWorker,
    claim: Claim,
    kind: CallErrorKind,
    answer: &Answer,
) -> AttemptResult {
    let (call, _) = worker.deliver(&[claim]);
    worker.respond(call, failed(kind.clone()));
    assert!(worker.any_report().is_none(), "it is not decided yet");
    worker.pass(ms(1_000));
    let (call, check) = worker.check();
    let response = match answer {
        Answer::Passed => passed(check),
        Answer::Same => failed(kind),
    };
    worker.respond(call, response);
    let (request, report) = worker.report();
    assert_eq!(report.results.len(), 1);
    worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
    worker.pass(ms(500));
    report.results[0].clone()
}

enum Answer {
    Passed,
    Same,
}

fn is_counted(result: &AttemptResult) -> bool {
    result.failure.as_ref().expect("it failed").is_counted
}

#[test]
fn if_the_check_passes_the_record_fails_alone_and_delivery_goes_on() {
    for (kind, _) in doubtful() {
        let mut worker = worker();
        let mut counted = Vec::new();
        for _ in 0..3 {
            let result = fail_and_check(&mut worker, linked("a", NAME), kind.clone(), &Answer::Passed);
            counted.push(is_counted(&result));
            assert_eq!(halt_cause(&worker), None, "{kind:?}");
        }
        assert_eq!(counted, [false, true, true], "{kind:?}");
    }
}

#[test]
fn if_the_check_fails_delivery_halts_and_nobody_is_counted() {
    for (kind, cause) in doubtful() {
        let mut worker = worker();
        let result = fail_and_check(&mut worker, linked("a", NAME), kind.clone(), &Answer::Same);
        assert!(!is_counted(&result), "{kind:?}");
        assert!(result.failure.is_some_and(|failure| failure.is_transient));
        assert_eq!(halt_cause(&worker), Some(cause), "{kind:?}");
    }
}

#[test]
fn the_failure_that_meets_a_halt_is_not_counted_after_a_proven_one() {
    let mut worker = worker();
    let forbidden = CallErrorKind::Forbidden;
    for _ in 0..2 {
        fail_and_check(&mut worker, linked("a", NAME), forbidden.clone(), &Answer::Passed);
    }
    let kind = CallErrorKind::ServerError { retry_after: None };
    let result = fail_and_check(&mut worker, linked("a", NAME), kind, &Answer::Same);
    assert!(!is_counted(&result));
}

#[test]
fn a_check_is_of_the_same_kind_as_the_call_that_failed() {
    for (claim, expected) in [(linked("a", NAME), Check::Writes), (claim("a"), Check::Lookups)] {
        let mut worker = worker();
        let (call, _) = worker.deliver(&[claim]);
        worker.respond(call, server_error());
        assert_eq!(worker.check().1, expected);
    }
}

#[test]
fn two_records_that_fail_for_themselves_hold_back_nobody() {
    for (kind, _) in doubtful() {
        let mut worker = TestWorker::running();
        for user in ["bad", "worse"] {
            let (call, _) = worker.deliver(&[linked(user, NAME)]);
            worker.respond(call, failed(kind.clone()));
            worker.pass(ms(1_000));
            worker.result();
        }
        assert_eq!(halt_cause(&worker), None, "{kind:?}");
        let (call, update) = worker.deliver(&[linked("good", NAME)]);
        worker.respond(call, all_written(&update));
        assert_eq!(
            worker.result().field_results[&Field::FIRST_NAME],
            FieldResult::CONFIRMED
        );
    }
}

#[test]
fn checks_leave_at_most_once_a_second_and_explain_what_failed_before() {
    let mut worker = worker();
    for user in ["a", "b"] {
        let (call, _) = worker.deliver(&[linked(user, NAME)]);
        worker.respond(call, failed(CallErrorKind::Forbidden));
    }
    let (first, check) = worker.check();
    assert!(worker.any_check().is_none(), "the second one waits");
    worker.respond(first, passed(check));
    let (request, report) = worker.report();
    assert_eq!(report.results.len(), 1, "b failed after the check had left");
    worker.take(request, &report, NextAction::Later { in_ms: 60_000 });
    worker.pass(ms(999));
    assert!(worker.any_check().is_none());
    worker.pass(ms(1));
    let (second, check) = worker.check();
    worker.respond(second, passed(check));
    assert_eq!(worker.result().user_id, id("b"));
}

#[test]
fn a_batch_is_checked_while_its_halves_are_sent() {
    let mut worker = worker();
    let (call, _) = worker.deliver_together(&[linked("a", NAME), linked("b", NAME)]);
    worker.respond(call, failed(CallErrorKind::NoSuchPath));
    let (check, _) = worker.check();
    let (half, _) = worker.call();
    worker.respond(check, failed(CallErrorKind::NoSuchPath));
    assert_eq!(halt_cause(&worker), Some(HaltCause::NoSuchPath));
    worker.respond(half, failed(CallErrorKind::NoSuchPath));
    while let Some((request, report)) = worker.any_report() {
        assert!(report.results.iter().all(|result| !is_counted(result)));
        worker.take(request, &report, NextAction::Later { in_ms: 1_000 });
    }
}

#[test]
fn an_input_halts_nothing_if_another_input_of_the_answer_succeeds() {
    let unknown = CallErrorKind::UnknownCategory;
    for (kind, becomes_rejected) in [
        (CallErrorKind::MissingScopes, false),
        (unknown, false),
        (read_only(), true),
    ] {
        let mut worker = worker();
        let (call, update) = worker.deliver_together(&[linked("bad", NAME), linked("good", NAME)]);
        let [bad, good] = inputs(&update) else {
            panic!("two inputs")
        };
        let mut error = error_of(bad, kind.clone());
        error.error.reason = reason(READ_ONLY);
        let response = Response::Updated {
            results: vec![written(good)],
            errors: vec![error],
        };
        worker.respond(call, response);
        assert!(worker.any_check().is_none(), "{kind:?}");
        assert_eq!(halt_cause(&worker), None);
        let (_, report) = worker.report();
        let bad = report.results.iter().find(|result| result.user_id == id("bad"));
        let result = bad.expect("it is reported");
        let rejected = result.field_results.get(&Field::FIRST_NAME);
        assert_eq!(
            matches!(rejected, Some(FieldResult::Rejected { .. })),
            becomes_rejected,
            "{kind:?}"
        );
        assert_eq!(result.failure.is_some(), !becomes_rejected, "{kind:?}");
    }
}

#[test]
fn a_write_of_other_fields_proves_nothing_about_a_property() {
    let mut worker = worker();
    let claims = [linked("bad", NAME), linked("good", &[Field::LAST_NAME])];
    let (call, update) = worker.deliver_together(&claims);
    let [bad, good] = inputs(&update) else {
        panic!("two inputs")
    };
    let response = Response::Updated {
        results: vec![written(good)],
        errors: vec![error_of(bad, read_only())],
    };
    worker.respond(call, response);
    assert_eq!(worker.check().1, Check::Property(Field::FIRST_NAME));
}

#[test]
fn the_definition_of_a_property_decides_whether_its_value_is_rejected() {
    for (is_read_only, cause) in [
        (false, None),
        (true, Some(HaltCause::UnusableProperty(Field::FIRST_NAME))),
    ] {
        let mut worker = worker();
        let (call, _) = worker.deliver(&[linked("a", NAME)]);
        worker.respond(call, failed(read_only()));
        let (call, check) = worker.check();
        assert_eq!(check, Check::Property(Field::FIRST_NAME));
        worker.respond(call, Response::Property { is_read_only });
        assert_eq!(halt_cause(&worker), cause);
        let result = worker.result();
        let is_rejected = matches!(
            result.field_results.get(&Field::FIRST_NAME),
            Some(FieldResult::Rejected { .. })
        );
        assert_eq!(is_rejected, cause.is_none());
        assert!(result.failure.is_none_or(|failure| !failure.is_counted));
    }
}

#[test]
fn without_an_answer_about_the_property_nothing_is_concluded() {
    let mut worker = worker();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, failed(read_only()));
    let (call, _) = worker.check();
    worker.respond(call, failed(CallErrorKind::MissingScopes));
    assert_eq!(halt_cause(&worker), None);
    let result = worker.result();
    assert!(result.field_results.is_empty() && !is_counted(&result));
}

/// Delivers changes of that many users, each of which fails alone; every check passes.
fn fail_each(worker: &mut TestWorker, users: std::ops::Range<usize>) -> Option<usize> {
    for number in users {
        let (call, _) = worker.deliver(&[linked(&format!("u{number}"), NAME)]);
        worker.respond(call, failed(CallErrorKind::Forbidden));
        worker.pass(ms(1_000));
        while let Some((request, report)) = worker.any_report() {
            assert!(report.results.iter().all(|result| !is_counted(result)));
            worker.take(request, &report, NextAction::Later { in_ms: 3_600_000 });
        }
        if halt_cause(worker).is_some() {
            return Some(number);
        }
    }
    None
}

#[test]
fn twenty_records_that_fail_alike_halt_delivery_although_checks_pass() {
    let mut worker = TestWorker::running();
    assert_eq!(fail_each(&mut worker, 0..30), Some(19));
    assert_eq!(halt_cause(&worker), Some(HaltCause::Outage));
}

#[test]
fn a_success_of_another_record_begins_the_count_again() {
    let mut worker = TestWorker::running();
    assert_eq!(fail_each(&mut worker, 0..19), None);
    let (call, update) = worker.deliver(&[linked("good", NAME)]);
    worker.respond(call, all_written(&update));
    worker.result();
    assert_eq!(fail_each(&mut worker, 19..38), None);
    assert_eq!(fail_each(&mut worker, 38..39), Some(38));
}

#[test]
fn a_write_of_a_record_that_failed_before_is_no_proof() {
    let mut worker = worker();
    let locked = CallErrorKind::Locked;
    let (call, _) = worker.deliver_together(&[linked("a", NAME)]);
    worker.respond(call, failed(locked.clone()));
    let (call, _) = worker.deliver(&[linked("b", NAME)]);
    worker.respond(call, failed(locked.clone()));
    while let Some((request, report)) = worker.any_report() {
        worker.take(request, &report, NextAction::Later { in_ms: 2_000 });
    }
    worker.pass(ms(2_000));
    worker.give_all(&[linked("a", NAME), linked("b", NAME)]);
    let mut answered = 0;
    let mut counted = Vec::new();
    while let Some((call, update)) = worker.any_call() {
        answered += update.size();
        let [first, rest @ ..] = inputs(&update) else {
            panic!("an input")
        };
        // The contact of `a` is written, that of `b` is locked still.
        let (done, locked): (Vec<_>, Vec<_>) = std::iter::once(first)
            .chain(rest)
            .partition(|input| input.contact_id == "c-a");
        let response = Response::Updated {
            results: done.into_iter().map(written).collect(),
            errors: locked
                .into_iter()
                .map(|input| error_of(input, CallErrorKind::Locked))
                .collect(),
        };
        worker.respond(call, response);
        while let Some((request, report)) = worker.any_report() {
            let failed = report.results.iter().filter(|result| result.failure.is_some());
            counted.extend(failed.map(is_counted));
            worker.take(request, &report, NextAction::Clean);
        }
    }
    assert_eq!((answered, counted), (2, vec![false]));
}

#[test]
fn a_check_that_hits_a_rate_limit_is_repeated() {
    let mut worker = worker();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, failed(CallErrorKind::Forbidden));
    let (call, _) = worker.check();
    let limited = CallErrorKind::RateLimited {
        limit: crate::engine::RateLimit::Window,
        retry_after: None,
    };
    worker.respond(call, failed(limited));
    assert_eq!(halt_cause(&worker), None);
    worker.pass(ms(1_000));
    let (call, check) = worker.check();
    worker.respond(call, passed(check));
    assert_eq!(worker.result().user_id, id("a"));
}

#[test]
fn a_failure_that_no_check_explains_in_time_is_given_back() {
    let mut worker = worker();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, failed(CallErrorKind::Forbidden));
    worker.check();
    worker.pass(Duration::from_secs(57));
    assert!(worker.any_report().is_none());
    worker.pass(Duration::from_secs(2));
    assert!(!is_counted(&worker.result()));
}

#[test]
fn a_shutdown_does_not_wait_for_a_check() {
    let mut worker = worker();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    let (other, _) = worker.deliver(&[linked("b", NAME)]);
    worker.respond(call, failed(CallErrorKind::Forbidden));
    worker.check();
    worker.put(Input::ShutDown);
    worker.respond(other, failed(CallErrorKind::Forbidden));
    let mut users = Vec::new();
    while let Some((request, report)) = worker.any_report() {
        users.extend(report.results.iter().map(|result| result.user_id.clone()));
        assert!(report.results.iter().all(|result| !is_counted(result)));
        worker.take(request, &report, NextAction::Clean);
    }
    assert_eq!(users, [id("a"), id("b")]);
}

#[test]
fn an_unknown_category_is_transient() {
    let mut worker = worker();
    let (call, update) = worker.deliver(&[linked("a", NAME)]);
    let response = Response::Updated {
        results: Vec::new(),
        errors: vec![error_of(&inputs(&update)[0], CallErrorKind::UnknownCategory)],
    };
    worker.respond(call, response);
    let (call, check) = worker.check();
    worker.respond(call, passed(check));
    assert!(worker.result().failure.expect("it failed").is_transient);
}

#[test]
fn an_import_is_no_recovery_check_of_its_own() {
    let mut worker = worker();
    fail_and_check(
        &mut worker,
        linked("a", NAME),
        CallErrorKind::NoSuchPath,
        &Answer::Same,
    );
    worker.wake_in("imported", Priority::Backfill, "imported");
    worker.pass(ms(5_000));
    assert!(worker.any_claim().is_none());
    worker.wake("changed");
    let (_, asked) = worker.claim();
    assert_eq!(asked.users, [id("changed")]);
}

#[test]
fn an_error_of_a_call_tells_what_halted_delivery() {
    let mut worker = worker();
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    let error = CallError {
        kind: read_only(),
        reason: reason("VALIDATION_ERROR"),
    };
    worker.respond(call, Response::Error(error));
    let (call, _) = worker.check();
    worker.respond(call, Response::Property { is_read_only: true });
    let crate::engine::WorkerStatus::Halted { reason, .. } = worker.engine.status() else {
        panic!("not halted")
    };
    assert_eq!(
        (reason.code.as_str(), reason.message.as_str()),
        (READ_ONLY, "in HubSpot's words")
    );
}

#[test]
fn a_check_is_one_call_that_counts_like_any_other() {
    assert_eq!(Call::Check(Check::Writes).size(), 0);
    let mut worker = TestWorker::with(|settings| settings.concurrency = 1);
    worker.passes_checks = false;
    let (call, _) = worker.deliver(&[linked("a", NAME)]);
    worker.respond(call, failed(CallErrorKind::Forbidden));
    worker.check();
    worker.wake("b");
    worker.give_all(&[linked("b", NAME)]);
    assert!(worker.any_call().is_none(), "one call at a time is allowed");
}
