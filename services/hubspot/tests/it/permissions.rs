//! The subjects in the README are enough for the service, and a forbidden one ends it.

use contracts::{Field, access};
use hubspot::ServeError;
use testing::nats::Options;

use crate::{comparisons::DRIFT, harness::Stack};

/// The subjects of `JetStream` that the worker sends to: for its consumer, the wake-ups and their acknowledgements.
const TO_JETSTREAM: [&str; 6] = [
    "$JS.API.STREAM.INFO.USERS",
    "$JS.API.CONSUMER.CREATE.USERS.hubspot",
    "$JS.API.CONSUMER.DELETE.USERS.hubspot",
    "$JS.API.CONSUMER.INFO.USERS.hubspot",
    "$JS.API.CONSUMER.MSG.NEXT.USERS.hubspot",
    "$JS.ACK.USERS.hubspot.>",
];

/// Every subject that the worker sends to.
fn publish() -> Vec<&'static str> {
    let own = access::HUBSPOT.requests().chain(access::HUBSPOT.publishes());
    own.chain(TO_JETSTREAM).collect()
}

/// Every subject that the worker listens to.
fn subscribe() -> Vec<&'static str> {
    let own = access::HUBSPOT.answers().chain(access::HUBSPOT.listens());
    own.chain(["_INBOX_hubspot.>"]).collect()
}

const AS_HUBSPOT: [(&str, &str); 2] = [("NATS_USER", "hubspot"), ("NATS_PASSWORD", "pw")];

/// A server that lets the hubspot service publish on these subjects only, and other clients on all.
async fn stack_that_allows(subjects: &[&str]) -> Stack {
    let subscribed = subscribe();
    let config = format!(
        r"
        no_auth_user: anybody
        authorization {{ users = [
            {{ user: anybody, password: pw }}
            {{ user: hubspot, password: pw,
               permissions: {{ publish: {subjects:?}, subscribe: {subscribed:?}, allow_responses: true }} }}
        ] }}
        "
    );
    Stack::start_with(Options {
        config,
        ..Options::default()
    })
    .await
}

#[tokio::test]
async fn the_subjects_in_the_readme_are_enough() {
    let readme = include_str!("../../README.md");
    for subject in publish().into_iter().chain(subscribe()) {
        assert!(readme.contains(&format!("`{subject}`")), "{subject}");
    }
    let stack = stack_that_allows(&publish()).await;
    let worker = stack.start_worker(&AS_HUBSPOT).await;
    worker.wait_for_status("delivering").await;
    stack
        .users
        .change(
            "1",
            &[(Field::EMAIL, "bh@hubspot.com"), (Field::FIRST_NAME, "Ada")],
        )
        .await;
    stack.users.wait_until_clean("1").await;
    stack.wait_until_acknowledged().await;
    stack.compare(DRIFT).await.unwrap();
    worker.stop().await;
}

#[tokio::test]
async fn a_forbidden_subject_ends_the_service_and_the_error_names_it() {
    for forbidden in [
        "users.lease",
        "users.repair",
        "$JS.API.CONSUMER.CREATE.USERS.hubspot",
    ] {
        let allowed: Vec<_> = publish()
            .into_iter()
            .filter(|subject| *subject != forbidden)
            .collect();
        let stack = stack_that_allows(&allowed).await;
        let worker = stack.start_worker(&AS_HUBSPOT).await;
        let Err(ServeError::Forbidden(violation)) = worker.end().await else {
            panic!("{forbidden} is allowed")
        };
        assert_eq!(violation.subject, forbidden);
    }
}
