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
fn an_older_wake_up_that_comes_again_does_not_take_the_place_of_the_newer_one() {
    let numbered = |sequence| AckHandle {
        sequence,
        ..ack("reply")
    };
    let mut users = WakeUps::default();
    for sequence in [4, 3] {
        users.wake(&id("a"), Priority::Live, numbered(sequence));
    }
    assert_eq!(users.resolve(&id("a")), Some(numbered(4)));
}

#[test]
fn live_users_go_before_backfill_each_in_order() {
    let mut users = WakeUps::default();
    for (name, priority) in [
        ("a", Priority::Backfill),
        ("b", Priority::Live),
        ("c", Priority::Backfill),
        ("d", Priority::Live),
    ] {
        users.wake(&id(name), priority, ack(name));
    }
    assert_eq!(users.take(3, REQUEST), [id("b"), id("d"), id("a")]);
}

#[test]
fn a_second_wake_up_keeps_the_place_of_the_first_and_a_more_urgent_one_moves_ahead() {
    let mut users = WakeUps::default();
    users.wake(&id("a"), Priority::Backfill, ack("1"));
    users.wake(&id("b"), Priority::Backfill, ack("2"));
    users.wake(&id("a"), Priority::Backfill, ack("3"));
    assert_eq!(users.take(1, REQUEST), [id("a")]);
    users.wake(&id("c"), Priority::Backfill, ack("4"));
    users.wake(&id("c"), Priority::Live, ack("5"));
    assert_eq!(users.take(2, REQUEST), [id("c"), id("b")]);
}

#[test]
fn a_wake_up_that_comes_after_the_request_left_is_not_acknowledged_by_its_answer() {
    let mut users = WakeUps::default();
    users.wake(&id("a"), Priority::Live, ack("old"));
    users.take(1, REQUEST);
    users.wake(&id("a"), Priority::Live, ack("new"));
    assert_eq!(users.resolve(&id("a")), None);
    assert_eq!(users.take(1, REQUEST), [id("a")]);
    assert_eq!(users.resolve(&id("a")), Some(ack("new")));
    assert_eq!(users.len(), 0);
}

#[test]
fn a_disconnect_drops_who_only_waits_and_the_handles_of_the_others() {
    let mut users = WakeUps::default();
    users.wake(&id("a"), Priority::Live, ack("1"));
    users.take(1, REQUEST);
    users.wake(&id("b"), Priority::Live, ack("2"));
    users.drop_acks();
    assert_eq!(users.len(), 1);
    assert_eq!(users.resolve(&id("a")), None);
    assert_eq!(users.len(), 0);
}

#[test]
fn a_user_put_aside_waits_again_when_its_time_has_come() {
    let mut users = WakeUps::default();
    users.wake(&id("a"), Priority::Live, ack("1"));
    users.take(1, REQUEST);
    users.defer(&id("a"), Duration::from_secs(5));
    users.release_due(Duration::from_secs(4));
    assert_eq!(users.queued(), 0);
    assert_eq!(users.next_due(), Some(Duration::from_secs(5)));
    users.release_due(Duration::from_secs(5));
    assert_eq!(users.take(9, REQUEST), [id("a")]);
}
