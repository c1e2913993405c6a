//! The wake-ups by themselves: their order, their stages, and what is acknowledged.

use contracts::UsersClaimed;

use super::*;

fn id(text: &str) -> UserId {
    text.parse().expect("a valid id")
}

fn ack(text: &str) -> AckHandle {
    AckHandle {
        sequence: 0,
        reply: text.into(),
    }
}

const REQUEST: RequestId = RequestId(1);

#[test]
fn a_redelivered_older_wake_up_does_not_replace_the_newer_one() {
    let numbered = |sequence| AckHandle {
        sequence,
        ..ack("reply")
    };
    let mut wake_ups = WakeUps::default();
    for sequence in [4, 3] {
        wake_ups.wake(&id("a"), Priority::Live, Some(numbered(sequence)));
    }
    assert_eq!(wake_ups.resolve(&id("a")), Some(numbered(4)));
}

#[test]
fn live_users_go_before_backfill_each_in_order() {
    let mut wake_ups = WakeUps::default();
    for (name, priority) in [
        ("a", Priority::Backfill),
        ("b", Priority::Live),
        ("c", Priority::Backfill),
        ("d", Priority::Live),
    ] {
        wake_ups.wake(&id(name), priority, Some(ack(name)));
    }
    assert_eq!(wake_ups.take(3, REQUEST), [id("b"), id("d"), id("a")]);
}

#[test]
fn only_a_more_urgent_wake_up_changes_a_users_position() {
    let mut wake_ups = WakeUps::default();
    wake_ups.wake(&id("a"), Priority::Backfill, Some(ack("1")));
    wake_ups.wake(&id("b"), Priority::Backfill, Some(ack("2")));
    wake_ups.wake(&id("a"), Priority::Backfill, Some(ack("3")));
    assert_eq!(wake_ups.take(1, REQUEST), [id("a")]);
    wake_ups.wake(&id("c"), Priority::Backfill, Some(ack("4")));
    wake_ups.wake(&id("c"), Priority::Live, Some(ack("5")));
    assert_eq!(wake_ups.take(2, REQUEST), [id("c"), id("b")]);
}

#[test]
fn a_wake_up_after_the_request_left_is_not_acknowledged_by_its_response() {
    let mut wake_ups = WakeUps::default();
    wake_ups.wake(&id("a"), Priority::Live, Some(ack("old")));
    wake_ups.take(1, REQUEST);
    wake_ups.wake(&id("a"), Priority::Live, Some(ack("new")));
    assert_eq!(wake_ups.resolve(&id("a")), None);
    assert_eq!(wake_ups.take(1, REQUEST), [id("a")]);
    assert_eq!(wake_ups.resolve(&id("a")), Some(ack("new")));
    assert_eq!(wake_ups.len(), 0);
}

#[test]
fn a_disconnect_drops_queued_users_and_the_acks_of_the_others() {
    let mut wake_ups = WakeUps::default();
    wake_ups.wake(&id("a"), Priority::Live, Some(ack("1")));
    wake_ups.take(1, REQUEST);
    wake_ups.wake(&id("b"), Priority::Live, Some(ack("2")));
    wake_ups.drop_acks();
    assert_eq!(wake_ups.len(), 1);
    assert_eq!(wake_ups.resolve(&id("a")), None);
    assert_eq!(wake_ups.len(), 0);
}

#[test]
fn a_deferred_user_is_queued_when_its_pause_is_over() {
    let mut wake_ups = WakeUps::default();
    wake_ups.wake(&id("a"), Priority::Live, Some(ack("1")));
    wake_ups.take(1, REQUEST);
    wake_ups.defer(&id("a"), Duration::from_secs(5));
    wake_ups.queue_due(Duration::from_secs(4));
    assert_eq!(wake_ups.queued(), 0);
    assert_eq!(wake_ups.next_due_at(), Some(Duration::from_secs(5)));
    wake_ups.queue_due(Duration::from_secs(5));
    assert_eq!(wake_ups.take(9, REQUEST), [id("a")]);
}

#[test]
fn each_user_of_a_claim_goes_where_the_response_says() {
    let mut wake_ups = WakeUps::default();
    let names = ["clean", "open", "left-out", "unnamed"];
    for name in names {
        wake_ups.wake(&id(name), Priority::Live, Some(ack(name)));
    }
    let claimed = wake_ups.take(9, REQUEST);
    let response = UsersClaimed {
        clean: vec![id("clean")],
        in_progress: vec![id("open")],
        left_out: vec![id("left-out")],
        ..UsersClaimed::default()
    };
    let acks = wake_ups.end_claim(Duration::ZERO, REQUEST, &claimed, &response);
    assert_eq!(acks, [ack("clean")]);
    assert_eq!(wake_ups.stage(&id("clean")), None);
    let deferred = |pause| Some(Stage::Deferred(pause));
    assert_eq!(wake_ups.stage(&id("open")), deferred(OPEN_ATTEMPT_PAUSE));
    assert_eq!(wake_ups.stage(&id("unnamed")), deferred(UNNAMED_PAUSE));
    assert_eq!(wake_ups.take(9, REQUEST), [id("left-out")]);
}

#[test]
fn a_reported_user_that_is_clean_is_acknowledged_and_another_is_claimed_again() {
    let mut wake_ups = WakeUps::default();
    for (name, attempt) in [("clean", 1), ("later", 2)] {
        wake_ups.wake(&id(name), Priority::Live, Some(ack(name)));
        wake_ups.start_attempt(&id(name), Priority::Live, AttemptId(attempt));
        assert!(wake_ups.start_report(&id(name), AttemptId(attempt), REQUEST));
    }
    let users = [
        ("clean", NextAction::Clean),
        ("later", NextAction::Later { in_ms: 1_000 }),
    ];
    let users = users.map(|(name, next)| ReportedUser {
        user_id: id(name),
        next,
    });
    let acks = wake_ups.end_report(Duration::ZERO, REQUEST, &users, |_| false);
    assert_eq!(acks, [ack("clean")]);
    assert_eq!(wake_ups.next_due_at(), Some(Duration::from_secs(1)));
}

fn report_failure(wake_ups: &mut WakeUps, at: Duration, pause: Duration) {
    let in_ms = u64::try_from(pause.as_millis()).expect("a short pause");
    let reported = ReportedUser {
        user_id: id("a"),
        next: NextAction::Later { in_ms },
    };
    wake_ups.end_report(at, REQUEST, &[reported], |_| false);
}

fn reporting() -> WakeUps {
    let mut wake_ups = WakeUps::default();
    wake_ups.wake(&id("a"), Priority::Live, Some(ack("1")));
    wake_ups.start_attempt(&id("a"), Priority::Live, AttemptId(1));
    wake_ups.start_report(&id("a"), AttemptId(1), REQUEST);
    wake_ups
}

#[test]
fn a_wake_up_ends_the_pause_after_a_failure() {
    let mut wake_ups = reporting();
    let failed_at = Duration::from_secs(100);
    report_failure(&mut wake_ups, failed_at, Duration::from_mins(1));
    wake_ups.wake(&id("a"), Priority::Live, None);
    assert_eq!(wake_ups.next_due_at(), Some(failed_at + MIN_FAILURE_PAUSE));
    wake_ups.queue_due(failed_at + MIN_FAILURE_PAUSE);
    assert_eq!(wake_ups.take(9, REQUEST), [id("a")]);
    assert_eq!(
        wake_ups.resolve(&id("a")),
        Some(ack("1")),
        "the stream's wake-up is done too"
    );
}

#[test]
fn a_wake_up_during_the_report_of_a_failure_ends_the_pause() {
    let mut wake_ups = reporting();
    wake_ups.wake(&id("a"), Priority::Live, None);
    report_failure(&mut wake_ups, Duration::ZERO, Duration::from_mins(1));
    assert_eq!(wake_ups.next_due_at(), Some(MIN_FAILURE_PAUSE));
}

#[test]
fn a_short_pause_after_a_failure_is_kept() {
    let mut wake_ups = reporting();
    report_failure(&mut wake_ups, Duration::ZERO, Duration::from_millis(100));
    wake_ups.wake(&id("a"), Priority::Live, None);
    assert_eq!(wake_ups.next_due_at(), Some(Duration::from_millis(100)));
}

#[test]
fn a_user_woken_past_the_stream_is_claimed_and_has_nothing_to_acknowledge() {
    let mut wake_ups = WakeUps::default();
    wake_ups.wake(&id("a"), Priority::Live, None);
    assert_eq!(wake_ups.take(9, REQUEST), [id("a")]);
    assert_eq!(wake_ups.resolve(&id("a")), None);
    assert_eq!(wake_ups.len(), 0);
}

#[test]
fn a_live_wake_up_past_the_stream_moves_a_backfill_user_forward() {
    let mut wake_ups = WakeUps::default();
    for name in ["a", "b"] {
        wake_ups.wake(&id(name), Priority::Backfill, Some(ack(name)));
    }
    wake_ups.wake(&id("b"), Priority::Live, None);
    assert_eq!(wake_ups.take(1, REQUEST), [id("b")]);
    assert_eq!(wake_ups.resolve(&id("b")), Some(ack("b")));
}
