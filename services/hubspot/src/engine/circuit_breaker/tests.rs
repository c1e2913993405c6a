//! The circuit breaker by itself: which failures halt it, how long it waits, which records are excluded afterwards.

use super::*;

fn user(number: usize) -> UserId {
    format!("u{number}").parse().expect("a valid id")
}

fn evidence(cause: HaltCause, affected: std::ops::Range<usize>) -> Evidence {
    Evidence {
        cause,
        reason: Reason::ours("RULE", "in HubSpot's words"),
        retry_after: None,
        check: RecoveryCheck::Write,
        failed_check: None,
        affected: affected.map(user).collect(),
    }
}

/// How long it waits when an outage halts it.
fn wait(breaker: &mut CircuitBreaker, is_check: bool) -> Duration {
    breaker.trip(Duration::ZERO, evidence(HaltCause::Outage, 0..1), is_check);
    breaker.current_halt().expect("it has just halted").check_at
}

#[test]
fn the_wait_doubles_until_a_write_succeeds() {
    let mut breaker = CircuitBreaker::default();
    for seconds in [1, 2, 4] {
        assert_eq!(wait(&mut breaker, false), Duration::from_secs(seconds));
        breaker.resume(None);
    }
    breaker.record_success(FieldSet::EMPTY);
    assert_eq!(wait(&mut breaker, false), Duration::from_secs(1));
}

#[test]
fn after_a_failed_check_with_an_affected_record_another_is_tried_soon() {
    let mut breaker = CircuitBreaker {
        halts: 10,
        ..CircuitBreaker::default()
    };
    let mut is_check = false;
    for (seconds, is_affected) in [(30, true), (1, false), (30, true), (1, false)] {
        assert_eq!(wait(&mut breaker, is_check), Duration::from_secs(seconds));
        let halt = breaker.current_halt().expect("it has just halted");
        assert_eq!(halt.prefers(&user(0)), is_affected);
        is_check = true;
    }
}

#[test]
fn affected_records_are_excluded_only_if_another_passes_the_check() {
    let field = Field::FIRST_NAME;
    for (passed_by, count_again) in [(Some(user(30)), false), (Some(user(3)), true), (None, true)] {
        let mut breaker = CircuitBreaker::default();
        let evidence = evidence(HaltCause::RejectsEveryRecord(field), 0..20);
        breaker.trip(Duration::ZERO, evidence, false);
        breaker.resume(passed_by.as_ref());
        let streaks = (0..20).filter_map(|number| breaker.record_rejection(field, "RULE", &user(number)));
        assert_eq!(streaks.count() == 1, count_again, "{passed_by:?}");
    }
}

#[test]
fn a_halt_by_a_check_is_ended_by_the_same_check_only() {
    let mut breaker = CircuitBreaker::default();
    let evidence = Evidence {
        failed_check: Some(Check::Writes),
        ..evidence(HaltCause::MissingScopes, 0..1)
    };
    breaker.trip(Duration::ZERO, evidence, false);
    let halt = breaker.current_halt().expect("it has just halted");
    let found = Response::Found {
        contacts: vec![crate::engine::Contact::default()],
        errors: Vec::new(),
    };
    assert!(!halt.is_over(&Call::Check(Check::Lookups), &found));
    assert_eq!(
        breaker.next_check(),
        Some((Check::Writes, Duration::from_secs(10)))
    );
    assert!(!breaker.is_record_check_due(Duration::from_secs(10)));
    assert!(
        breaker.wants_record(Duration::from_secs(1)),
        "one that has not failed"
    );
}

#[test]
fn an_attempt_is_used_for_a_recovery_check_only_if_one_is_due() {
    let mut breaker = CircuitBreaker::default();
    breaker.trip(Duration::ZERO, evidence(HaltCause::Outage, 0..1), false);
    let is_checked_with = |breaker: &CircuitBreaker, number| {
        breaker
            .current_halt()
            .is_some_and(|halt| halt.is_checked_with(&user(number)))
    };
    breaker.start_recovery_check(Duration::from_millis(999), &user(1));
    assert!(!is_checked_with(&breaker, 1));
    breaker.start_recovery_check(Duration::from_secs(1), &user(1));
    assert!(is_checked_with(&breaker, 1));
}

#[test]
fn a_certain_cause_is_not_checked_with_users_that_have_not_failed() {
    for cause in [
        HaltCause::Unauthorized,
        HaltCause::DailyQuota,
        HaltCause::AccountMoving,
    ] {
        let mut breaker = CircuitBreaker::default();
        breaker.trip(Duration::ZERO, evidence(cause, 0..1), false);
        assert!(!breaker.wants_record(Duration::from_secs(4)), "{cause:?}");
    }
}
