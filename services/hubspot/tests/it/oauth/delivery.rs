//! Delivery with tokens that come and go.

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
    stack.users.wait_until_settled("1").await;
    assert_eq!(stack.users.outcome("1", NAME), Some(FieldResult::Confirmed));
    until("the name", CEILING, async || {
        stack.property(EMAIL, "firstname").as_deref() == Some(name)
    })
    .await;
}

fn failures(stack: &Stack) -> usize {
    let verdicts = stack.users.verdicts("1");
    verdicts
        .iter()
        .filter(|verdict| verdict.failure.is_some())
        .count()
}

fn account_calls(stack: &Stack) -> usize {
    let calls = stack.sandbox.calls();
    calls
        .iter()
        .filter(|call| call.path.starts_with("/account-info/"))
        .count()
}

#[tokio::test]
async fn a_routine_refresh_goes_unnoticed() {
    let (stack, worker, _file) = delivering(SHORT).await;
    let mut number = 0;
    until_token_calls(&stack.sandbox, 3, async || {
        number += 1;
        deliver(&stack, &format!("name {number}")).await;
    })
    .await;
    assert_eq!(
        (failures(&stack), account_calls(&stack), stack.users.epoch()),
        (0, 1, 1)
    );
    worker.stop().await;
}

#[tokio::test]
async fn a_token_endpoint_that_is_unwell_stops_nothing_while_the_token_is_good() {
    let (stack, worker, file) = delivering(Duration::from_mins(30)).await;
    for error in [KnownError::Server(503), KnownError::TokenLimit] {
        stack
            .sandbox
            .add_fault(Fault::answer(error).on_path(ENDPOINT).times(1));
    }
    // A new refresh token is tried at once; the access token that is in use stays good.
    stack.sandbox.connect("another");
    file.replace("another");
    let mut number = 0;
    until_token_calls(&stack.sandbox, 4, async || {
        number += 1;
        deliver(&stack, &format!("name {number}")).await;
    })
    .await;
    assert_eq!((failures(&stack), account_calls(&stack)), (0, 1));
    worker.stop().await;
}

#[tokio::test]
async fn a_token_that_is_revoked_early_is_replaced_and_delivery_goes_on() {
    let (stack, worker, _file) = delivering(Duration::from_mins(30)).await;
    stack.sandbox.revoke_access_tokens();
    deliver(&stack, "Ada").await;
    assert_eq!(token_calls(&stack.sandbox).len(), 2);
    let charged = |verdict: &contracts::AttemptResult| {
        verdict.failure.as_ref().is_some_and(|failure| failure.is_counted)
    };
    assert!(
        !stack.users.verdicts("1").iter().any(charged),
        "nobody is charged"
    );
    worker.wait_for_status("delivering").await;
    worker.stop().await;
}

#[tokio::test]
async fn a_connection_that_is_over_stops_the_line_until_the_refresh_token_is_replaced() {
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
    stack.users.wait_until_settled("1").await;
    worker.wait_for_status("delivering").await;
    assert_eq!(stack.property(EMAIL, "firstname").as_deref(), Some("Ada"));
    worker.stop().await;
}

#[tokio::test]
async fn a_wrong_app_is_said_and_nothing_is_delivered() {
    let stack = Stack::start_on(Options::default(), settings(SHORT)).await;
    let mut config = stack.config(&[]);
    let mut app = sandbox_app();
    app.client_id = "another".to_owned();
    config.access.credentials = Credentials::OAuth(app);
    let worker = Stack::serve(config).await;
    worker.wait_for_status("check HUBSPOT_OAUTH_CLIENT_ID").await;
    worker.stop().await;
}
