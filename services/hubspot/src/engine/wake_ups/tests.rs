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
        wake_ups.wake(&id("a"), Priority::Live, numbered(sequence));
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
        wake_ups.wake(&id(name), priority, ack(name));
    }
    assert_eq!(wake_ups.take(3, REQUEST), [id("b"), id("d"), id("a")]);
}

#[test]
fn only_a_more_urgent_wake_up_changes_a_users_position() {
    let mut wake_ups = WakeUps::default();
    wake_ups.wake(&id("a"), Priority::Backfill, ack("1"));
    wake_ups.wake(&id("b"), Priority::Backfill, ack("2"));
    wake_ups.wake(&id("a"), Priority::Backfill, ack("3"));
    assert_eq!(wake_ups.take(1, REQUEST), [id("a")]);
    wake_ups.wake(&id("c"), Priority::Backfill, ack("4"));
    wake_ups.wake(&id("c"), Priority::Live, ack("5"));
    assert_eq!(wake_ups.take(2, REQUEST), [id("c"), id("b")]);
}

#[test]
fn a_wake_up_after_the_request_left_is_not_acknowledged_by_its_response() {
    let mut wake_ups = WakeUps::default();
    wake_ups.wake(&id("a"), Priority::Live, ack("old"));
    wake_ups.take(1, REQUEST);
    wake_ups.wake(&id("a"), Priority::Live, ack("new"));
    assert_eq!(wake_ups.resolve(&id("a")), None);
    assert_eq!(wake_ups.take(1, REQUEST), [id("a")]);
    assert_eq!(wake_ups.resolve(&id("a")), Some(ack("new")));
    assert_eq!(wake_ups.len(), 0);
}

#[test]
fn a_disconnect_drops_queued_users_and_the_acks_of_the_others() {
    let mut wake_ups = WakeUps::default();
    wake_ups.wake(&id("a"), Priority::Live, ack("1"));
    wake_ups.take(1, REQUEST);
    wake_ups.wake(&id("b"), Priority::Live, ack("2"));
    wake_ups.drop_acks();
    assert_eq!(wake_ups.len(), 1);
    assert_eq!(wake_ups.resolve(&id("a")), None);
    assert_eq!(wake_ups.len(), 0);
}

#[test]
fn a_deferred_user_is_queued_when_its_pause_is_over() {
    let mut wake_ups = WakeUps::default();
    wake_ups.wake(&id("a"), Priority::Live, ack("1"));
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
        wake_ups.wake(&id(name), Priority::Live, ack(name));
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
        wake_ups.wake(&id(name), Priority::Live, ack(name));
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
