//! Which access token is in use. The time is passed in.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use std::time::Duration;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn token(secret: &str, account_id: Option<&str>, connection: u64, usable_until: Instant) -> AccessToken {
    AccessToken {
        secret: Secret::from(secret),
        account_id: account_id.map(str::to_owned),
        connection,
        usable_until,
        is_rejected: false,
    }
}

/// One token in use for a minute.
fn in_use(account_id: Option<&str>, now: Instant) -> AccessTokens {
    let mut tokens = AccessTokens::default();
    assert!(tokens.add(token("one", account_id, 0, now + 60 * SECOND), now));
    tokens.use_latest();
    tokens
}

fn carried(tokens: &AccessTokens, now: Instant) -> String {
    tokens.in_use(now).unwrap().expose().to_owned()
}

fn error(kind: CallErrorKind) -> CallError {
    CallError {
        kind,
        ..no_token_yet()
    }
}

#[test]
fn the_first_token_waits_for_the_question_for_the_account() {
    let (now, mut tokens) = (Instant::now(), AccessTokens::default());
    assert!(!tokens.has_result(now));
    assert!(tokens.add(token("one", Some("1"), 0, now + SECOND), now));
    assert_eq!(tokens.in_use(now).unwrap_err().kind, CallErrorKind::NoToken);
    assert!(tokens.has_result(now));
    tokens.use_latest();
    assert_eq!(carried(&tokens, now), "one");
    assert!(!tokens.has_next());
}

#[test]
fn a_token_of_the_same_account_takes_the_place_of_a_good_one_at_once() {
    let now = Instant::now();
    for (before, after, connection) in [
        (Some("1"), Some("1"), 0),
        (Some("1"), Some("1"), 1),
        (None, Some("1"), 0),
        (None, None, 0),
    ] {
        let mut tokens = in_use(before, now);
        assert!(!tokens.add(token("two", after, connection, now + 90 * SECOND), now));
        assert_eq!(carried(&tokens, now), "two");
    }
}

#[test]
fn a_token_that_may_open_another_account_waits_for_the_question() {
    let now = Instant::now();
    for (before, after, connection) in [(Some("1"), Some("2"), 0), (Some("1"), None, 1), (None, None, 1)] {
        let mut tokens = in_use(before, now);
        assert!(tokens.add(token("two", after, connection, now + 90 * SECOND), now));
        assert_eq!(carried(&tokens, now), "one");
        tokens.use_latest();
        assert_eq!(carried(&tokens, now), "two");
    }
}

#[test]
fn calls_go_on_while_no_token_is_issued_until_the_old_one_expires() {
    let now = Instant::now();
    let mut tokens = in_use(None, now);
    tokens.record_error(error(CallErrorKind::Disconnected));
    assert_eq!(carried(&tokens, now + 59 * SECOND), "one");
    assert_eq!(tokens.seconds_left(now), 60);
    let expired = tokens.in_use(now + 60 * SECOND).unwrap_err();
    assert_eq!(expired.kind, CallErrorKind::Disconnected);
    assert!(tokens.add(token("two", None, 0, now + 90 * SECOND), now + 61 * SECOND));
    tokens.use_latest();
    assert_eq!(carried(&tokens, now + 61 * SECOND), "two");
}

#[test]
fn a_rejected_token_is_news_once_and_makes_the_account_be_asked_again() {
    let now = Instant::now();
    let mut tokens = in_use(Some("1"), now);
    assert!(!tokens.reject(&Secret::from("an older one")));
    assert!(tokens.is_healthy());
    assert!(tokens.reject(&Secret::from("one")));
    assert!(!tokens.reject(&Secret::from("one")));
    assert!(tokens.needs_replacement());
    assert!(tokens.add(token("two", Some("1"), 0, now + 90 * SECOND), now));
    assert!(!tokens.needs_replacement());
}

#[test]
fn a_rejected_token_is_tried_until_it_is_known_that_there_is_no_other() {
    let now = Instant::now();
    let mut tokens = in_use(Some("1"), now);
    assert!(tokens.reject(&Secret::from("one")));
    assert_eq!(carried(&tokens, now), "one");
    tokens.record_error(error(CallErrorKind::Disconnected));
    assert_eq!(tokens.in_use(now).unwrap_err().kind, CallErrorKind::Disconnected);
}

#[test]
fn no_token_is_printed() {
    let now = Instant::now();
    let mut tokens = AccessTokens::default();
    tokens.add(token("hunter2", None, 0, now), now);
    assert!(!format!("{tokens:?}").contains("hunter2"));
}
