//! Forbidden subjects are reported as such, and not as a slow server.

use std::time::Duration;

use async_nats::HeaderMap;
use runtime::Shutdown;
use runtime::nats::{Nats, RequestError, ViolationKind, connect};
use testing::nats::{NatsServer, Options};
use tokio::time::timeout;

use crate::support::{CEILING, settings_for_user};

const USERS: &str = r#"
authorization { users = [
    { user: limited, password: pw, permissions: { publish: ["allowed"], subscribe: ["_INBOX_limited.>"] } }
] }
"#;

async fn limited_user() -> (NatsServer, Nats) {
    let server = NatsServer::start(Options {
        config: USERS.to_owned(),
        ..Options::default()
    })
    .await
    .unwrap();
    let settings = settings_for_user(&server, "limited", "pw");
    let nats = connect(&settings, "limited", &Shutdown::new()).await.unwrap();
    (server, nats)
}

#[tokio::test]
async fn a_forbidden_request_fails_at_once_each_time() {
    let (_server, nats) = limited_user().await;
    for _ in 0..3 {
        let answer = nats.request("forbidden", HeaderMap::new(), "x".into(), Duration::from_mins(10));
        let error = timeout(CEILING, answer).await.unwrap().unwrap_err();
        assert!(
            matches!(&error, RequestError::Forbidden { subject } if subject == "forbidden"),
            "{error}"
        );
    }
    let violation = nats.wait_for_violation().await;
    assert_eq!(
        (violation.kind, violation.subject.as_str()),
        (ViolationKind::Publish, "forbidden")
    );
    let error = nats
        .request("allowed", HeaderMap::new(), "x".into(), CEILING)
        .await
        .unwrap_err();
    assert!(
        matches!(error, RequestError::NoResponders { .. }),
        "what is allowed goes on: {error}"
    );
}

#[tokio::test]
async fn a_forbidden_subscription_is_reported() {
    let (_server, nats) = limited_user().await;
    let _subscriber = nats
        .client()
        .queue_subscribe("secret.*", "readers".to_owned())
        .await
        .unwrap();
    let violation = timeout(CEILING, nats.wait_for_violation()).await.unwrap();
    assert_eq!(
        (violation.kind, violation.subject.as_str()),
        (ViolationKind::Subscribe, "secret.*")
    );
}

#[tokio::test]
async fn a_forbidden_inbox_fails_the_request_at_once() {
    let server = NatsServer::start(Options {
        config: USERS.to_owned(),
        ..Options::default()
    })
    .await
    .unwrap();
    // The permissions allow another inbox than the one that this service uses.
    let nats = connect(
        &settings_for_user(&server, "limited", "pw"),
        "other",
        &Shutdown::new(),
    )
    .await
    .unwrap();
    let answer = nats.request("allowed", HeaderMap::new(), "x".into(), Duration::from_mins(10));
    let error = timeout(CEILING, answer).await.unwrap().unwrap_err();
    assert!(
        matches!(&error, RequestError::Forbidden { subject } if subject.starts_with("_INBOX_other.")),
        "{error}"
    );
}
