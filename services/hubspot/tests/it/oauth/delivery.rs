//! Delivery while access tokens are refreshed, revoked and not issued.

use std::time::Duration;

use contracts::{Field, FieldResult};
use hubspot::client::Credentials;
use sandbox::{Fault, KnownError};
use testing::{nats::Options, wait::until};

use super::{ENDPOINT, SHORT, TokenFile, sandbox_app, settings, token_calls, until_token_calls};
use crate::harness::{CEILING, Stack, Worker};

const NAME: Field = Field::FIRST_NAME;
const EMAIL: &str = "bh@hubspot.com";

/// A stack, and a worker that delivers with tokens of that lifetime.
async fn delivering(token_lifetime: Duration) -> (Stack, Worker, TokenFile) {
    let stack = Stack::start_on(Options::default(), settings(token_lifetime)).await;
    let file = TokenFile::new();
    let mut config = stack.config(&[]);
    config.access.credentials = Credentials::OAuth(file.app());
    let worker = Stack::serve(config).await;
    worker.wait_for_status("delivering").await;
    (stack, worker, file)
}

/// One change reaches HubSpot.
async fn deliver(stack: &Stack, name: &str) {
    stack
        .users
        .change("1", &[(Field::EMAIL, EMAIL), (NAME, name)])
        .await;
    stack.users.wait_until_clean("1").await;
    assert_eq!(stack.users.result("1", NAME), Some(FieldResult::CONFIRMED));
    until("the name", CEILING, async || {
        stack.property(EMAIL, "firstname").as_deref() == Some(name)
    })
    .await;
}

fn account_calls(stack: &Stack) -> usize {
    let calls = stack.sandbox.calls();
    calls
        .iter()
        .filter(|call| call.path.starts_with("/account-info/"))
        .count()
}

#[tokio::test]
async fn a_routine_refresh_interrupts_nothing() {
    let (stack, worker, _file) = delivering(SHORT).await;
    let mut number = 0;
    until_token_calls(&stack.sandbox, 3, async || {
        number += 1;
        deliver(&stack, &format!("name {number}")).await;
    })
    .await;
    assert_eq!(
        (
            account_calls(&stack),
            stack.users.epoch(),
            stack.failures("1").await
        ),
        (1, 1, Vec::new())
    );
    worker.stop().await;
}

#[tokio::test]
async fn a_failing_token_endpoint_halts_nothing_with_a_valid_token() {
    let (stack, worker, file) = delivering(Duration::from_mins(30)).await;
    for error in [KnownError::Server(503), KnownError::TokenLimit] {
        stack
            .sandbox
            .add_fault(Fault::answer(error).on_path(ENDPOINT).times(1));
    }
    // A new refresh token is used at once. The access token in use stays valid.
    stack.sandbox.connect("another");
    file.replace("another");
    let mut number = 0;
    until_token_calls(&stack.sandbox, 4, async || {
        number += 1;
        deliver(&stack, &format!("name {number}")).await;
    })
    .await;
    assert_eq!(
        (account_calls(&stack), stack.failures("1").await),
        (1, Vec::new())
    );
    worker.stop().await;
}

#[tokio::test]
async fn a_revoked_token_is_replaced_and_delivery_goes_on() {
    let (stack, worker, _file) = delivering(Duration::from_mins(30)).await;
    stack.sandbox.revoke_access_tokens();
    deliver(&stack, "Ada").await;
    assert_eq!(token_calls(&stack.sandbox).len(), 2);
    let failures = stack.failures("1").await;
    assert!(failures.iter().all(|failure| !failure.is_counted), "{failures:?}");
    worker.wait_for_status("delivering").await;
    worker.stop().await;
}

#[tokio::test]
async fn a_lost_connection_halts_delivery_until_the_token_is_replaced() {
    let (stack, worker, file) = delivering(Duration::from_mins(30)).await;
    stack.sandbox.disconnect();
    stack
        .users
        .change("1", &[(Field::EMAIL, EMAIL), (NAME, "Ada")])
        .await;
    worker.wait_for_status("(BAD_REFRESH_TOKEN)").await;
    assert!(!worker.registry.report().ready);
    stack.sandbox.connect("another");
    file.replace("another");
    stack.users.wait_until_clean("1").await;
    worker.wait_for_status("delivering").await;
    assert_eq!(stack.property(EMAIL, "firstname").as_deref(), Some("Ada"));
    worker.stop().await;
}

#[tokio::test]
async fn a_wrong_app_is_reported_and_nothing_is_delivered() {
    let stack = Stack::start_on(Options::default(), settings(SHORT)).await;
    let mut config = stack.config(&[]);
    let mut app = sandbox_app();
    app.client_id = "another".to_owned();
    config.access.credentials = Credentials::OAuth(app);
    let worker = Stack::serve(config).await;
    worker.wait_for_status("check HUBSPOT_OAUTH_CLIENT_ID").await;
    worker.stop().await;
}
