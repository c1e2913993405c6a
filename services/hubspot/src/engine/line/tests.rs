//! The line by itself: which failures stop it, how long it waits, who is convicted when it resumes.

use super::*;

fn user(number: usize) -> UserId {
    format!("u{number}").parse().expect("a valid id")
}

fn grounds(fault: HaltCause, suspects: std::ops::Range<usize>) -> Grounds {
    Grounds {
        fault,
        reason: Reason::ours("RULE", "in HubSpot's words"),
        asked: None,
        proof: RecoveryCheck::Write,
        suspects: suspects.map(user).collect(),
    }
}

fn fails(line: &mut Line, number: usize) -> bool {
    line.failed(BTreeSet::from([user(number)]))
}

/// How long it waits when it stops.
fn wait(line: &mut Line) -> Duration {
    line.stop(Duration::ZERO, grounds(HaltCause::Outage, 0..1));
    line.stopped().expect("it has just stopped").probe_at
}

#[test]
fn only_failures_without_a_success_in_between_stop_it() {
    let mut line = Line::default();
    assert!(!fails(&mut line, 0));
    line.succeeded(FieldSet::EMPTY);
    assert!(!fails(&mut line, 1));
    assert!(fails(&mut line, 2));
}

#[test]
fn the_wait_doubles_until_a_write_succeeds() {
    let mut line = Line::default();
    for seconds in [1, 2, 4] {
        assert_eq!(wait(&mut line), Duration::from_secs(seconds));
        line.resume(None);
    }
    line.succeeded(FieldSet::EMPTY);
    assert_eq!(wait(&mut line), Duration::from_secs(1));
}

#[test]
fn where_a_record_that_met_the_fault_fails_again_another_one_is_tried_soon() {
    let mut line = Line {
        stops: 10,
        ..Line::default()
    };
    for (seconds, is_suspect) in [(30, true), (1, false), (30, true), (1, false)] {
        assert_eq!(wait(&mut line), Duration::from_secs(seconds));
        let stop = line.stopped().expect("it has just stopped");
        assert_eq!(stop.is_probe(&user(0)), is_suspect);
        line.probing = true;
    }
}

#[test]
fn who_was_refused_is_guilty_only_if_another_record_resumes_the_line() {
    let field = Field::FirstName;
    for (witness, count_again) in [(Some(user(30)), false), (Some(user(3)), true), (None, true)] {
        let mut line = Line::default();
        line.stop(
            Duration::ZERO,
            grounds(HaltCause::RejectsEveryRecord(field), 0..20),
        );
        line.resume(witness.as_ref());
        let everyone = (0..20).filter_map(|number| line.refused(field, "RULE", &user(number)));
        assert_eq!(everyone.count() == 1, count_again, "{witness:?}");
    }
}

#[test]
fn a_property_that_cannot_be_used_is_probed_by_who_met_it_every_time() {
    let mut line = Line::default();
    for _ in 0..4 {
        line.stop(
            Duration::ZERO,
            grounds(HaltCause::UnusableProperty(Field::Email), 0..1),
        );
        assert!(line.stopped().is_some_and(|stop| stop.is_probe(&user(0))));
        line.probing = true;
    }
}

#[test]
fn another_fault_and_another_code_are_news() {
    let stopped = |fault, code| WorkerStatus::Halted {
        cause: fault,
        reason: Reason::ours(code, "in HubSpot's words"),
    };
    let state = stopped(HaltCause::Outage, "A");
    assert!(state.is_like(&stopped(HaltCause::Outage, "A")));
    assert!(!state.is_like(&stopped(HaltCause::Outage, "B")));
    assert!(!state.is_like(&stopped(HaltCause::NoSuchPath, "A")));
}
