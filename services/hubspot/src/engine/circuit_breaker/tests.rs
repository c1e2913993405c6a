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
        affected: affected.map(user).collect(),
    }
}

fn halts(breaker: &mut CircuitBreaker, number: usize) -> bool {
    breaker.record_failed_call(BTreeSet::from([user(number)]))
}

/// How long it waits when an outage halts it.
fn wait(breaker: &mut CircuitBreaker, is_check: bool) -> Duration {
    breaker.trip(Duration::ZERO, evidence(HaltCause::Outage, 0..1), is_check);
    breaker.current_halt().expect("it has just halted").check_at
}

#[test]
fn only_failures_without_a_success_in_between_halt_it() {
    let mut breaker = CircuitBreaker::default();
    assert!(!halts(&mut breaker, 0));
    breaker.record_success(FieldSet::EMPTY);
    assert!(!halts(&mut breaker, 1));
    assert!(halts(&mut breaker, 2));
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
        assert_eq!(halt.may_check_with(&user(0)), is_affected);
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
fn an_unusable_property_is_always_checked_with_the_affected_record() {
    let mut breaker = CircuitBreaker::default();
    for lap in 0..4 {
        let evidence = evidence(HaltCause::UnusableProperty(Field::EMAIL), 0..1);
        breaker.trip(Duration::ZERO, evidence, lap > 0);
        assert!(
            breaker
                .current_halt()
                .is_some_and(|halt| halt.may_check_with(&user(0)))
        );
    }
}
