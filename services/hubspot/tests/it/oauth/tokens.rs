//! Requests for access tokens.

use std::{sync::Arc, time::Duration};

use contracts::FieldDefinitions;
use hubspot::{
    client::{ApiVersion, HubspotClient},
    engine::{Call, CallErrorKind, Response},
};
use sandbox::{Fault, KnownError, Sandbox, Switches};
use testing::wait::until;

use super::{
    ENDPOINT, SHORT, TokenFile, client, opens_the_account, sandbox_app, settings, take_up, token_calls,
    until_token_calls,
};
use crate::{calls::read, harness::CEILING};

const TIMEOUT: Duration = Duration::from_secs(10);
const HALF_AN_HOUR: Duration = Duration::from_mins(30);
/// A contact that every sandbox has.
const CONTACT: &str = "1";

fn rotating() -> sandbox::Settings {
    let switches = Switches {
        rotate_refresh_token: true,
        ..Switches::default()
    };
    sandbox::Settings {
        switches,
        ..settings(HALF_AN_HOUR)
    }
}

#[tokio::test]
async fn the_token_endpoint_follows_from_the_version() {
    for (word, version) in ApiVersion::CHOICES {
        let sandbox = Sandbox::start(settings(HALF_AN_HOUR)).await.unwrap();
        let client = client(&sandbox, version, sandbox_app(), TIMEOUT);
        opens_the_account(&client).await;
        assert_eq!(token_calls(&sandbox)[0].path, format!("/oauth/{word}/token"));
    }
}

#[tokio::test]
async fn tokens_are_refreshed_before_they_expire_and_no_call_fails() {
    let sandbox = Sandbox::start(settings(SHORT)).await.unwrap();
    let file = TokenFile::new();
    sandbox.add_fault(Fault::delay(200).on_path(ENDPOINT));
    let client = Arc::new(client(&sandbox, ApiVersion::default(), file.app(), TIMEOUT));
    let callers: Vec<_> = (0..20)
        .map(|_| tokio::spawn(keep_calling(Arc::clone(&client))))
        .collect();
    until("the third token", CEILING, async || {
        token_calls(&sandbox).len() >= 3
    })
    .await;
    for caller in &callers {
        caller.abort();
    }
    for caller in callers {
        // A caller whose call failed has panicked before it could be aborted.
        assert!(caller.await.unwrap_err().is_cancelled());
    }
    let failed = sandbox.calls().into_iter().find(|call| call.status != Some(200));
    assert_eq!(failed, None);
    let calls = token_calls(&sandbox);
    for pair in calls.windows(2) {
        let apart = Duration::try_from(pair[1].at.duration_since(pair[0].at)).unwrap();
        assert!(apart > SHORT / 2, "one at a time, and not early: {apart:?}");
    }
}

async fn keep_calling(client: Arc<HubspotClient>) {
    opens_the_account(&client).await;
    loop {
        let answer = client
            .perform(&read(CONTACT), FieldDefinitions::built_in())
            .await
            .response;
        assert!(matches!(answer, Response::Contact(_)), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_refreshed_token_is_used_without_reading_the_account_again() {
    let sandbox = Sandbox::start(settings(SHORT)).await.unwrap();
    let client = client(&sandbox, ApiVersion::default(), sandbox_app(), TIMEOUT);
    opens_the_account(&client).await;
    until_token_calls(&sandbox, 2, async || {
        let answer = client
            .perform(&read(CONTACT), FieldDefinitions::built_in())
            .await
            .response;
        assert!(matches!(answer, Response::Contact(_)), "{answer:?}");
        assert!(!client.token_was_replaced());
        tokio::time::sleep(Duration::from_millis(50)).await;
    })
    .await;
}

#[tokio::test]
async fn a_revoked_token_is_replaced_once_and_the_account_read_again() {
    let sandbox = Sandbox::start(settings(HALF_AN_HOUR)).await.unwrap();
    let client = client(&sandbox, ApiVersion::default(), sandbox_app(), TIMEOUT);
    opens_the_account(&client).await;
    sandbox.revoke_access_tokens();
    let calls = [CONTACT; 10].map(read);
    let answers = futures_util::future::join_all(
        calls
            .iter()
            .map(|call| client.perform(call, FieldDefinitions::built_in())),
    )
    .await;
    let rejected = answers.iter().filter(|answered| {
        matches!(&answered.response, Response::Error(problem) if problem.kind == CallErrorKind::Unauthorized)
    });
    assert_eq!(rejected.count(), 10);
    take_up(&client).await;
    let answer = client
        .perform(&read(CONTACT), FieldDefinitions::built_in())
        .await
        .response;
    assert!(matches!(answer, Response::Contact(_)), "{answer:?}");
    assert_eq!(token_calls(&sandbox).len(), 2);
}

#[tokio::test]
async fn tokens_that_are_never_accepted_are_requested_ever_less_often() {
    let sandbox = Sandbox::start(settings(HALF_AN_HOUR)).await.unwrap();
    sandbox.add_fault(Fault::answer(KnownError::InvalidToken).on_path("/account-info/"));
    let client = client(&sandbox, ApiVersion::default(), sandbox_app(), TIMEOUT);
    until_token_calls(&sandbox, 3, async || {
        let answer = client
            .perform(&Call::Account, FieldDefinitions::built_in())
            .await
            .response;
        assert!(matches!(answer, Response::Error(_)), "{answer:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    })
    .await;
    let calls = token_calls(&sandbox);
    let apart =
        |first: usize| Duration::try_from(calls[first + 1].at.duration_since(calls[first].at)).unwrap();
    assert!(apart(1) >= Duration::from_secs(2), "{:?}", apart(1));
}

#[tokio::test]
async fn no_secret_is_printed() {
    let sandbox = Sandbox::start(settings(HALF_AN_HOUR)).await.unwrap();
    let client = client(&sandbox, ApiVersion::default(), sandbox_app(), TIMEOUT);
    opens_the_account(&client).await;
    let printed = format!("{client:?} {:?}", sandbox_app());
    for secret in ["sandbox-secret", super::REFRESH_TOKEN] {
        assert!(!printed.contains(secret), "{printed}");
    }
}

#[tokio::test]
async fn a_rotated_refresh_token_is_written_to_its_file() {
    let sandbox = Sandbox::start(rotating()).await.unwrap();
    let file = TokenFile::new();
    let mut before = file.token();
    for _ in 0..2 {
        let client = client(&sandbox, ApiVersion::default(), file.app(), TIMEOUT);
        opens_the_account(&client).await;
        client.close().await;
        assert_ne!(file.token(), before);
        before = file.token();
    }
}

#[tokio::test]
async fn a_rotated_token_from_a_variable_lasts_as_long_as_the_client() {
    let sandbox = Sandbox::start(rotating()).await.unwrap();
    let app = sandbox_app();
    let first = client(&sandbox, ApiVersion::default(), app.clone(), TIMEOUT);
    opens_the_account(&first).await;
    sandbox.revoke_access_tokens();
    let answer = first
        .perform(&read(CONTACT), FieldDefinitions::built_in())
        .await
        .response;
    assert!(matches!(answer, Response::Error(_)), "{answer:?}");
    take_up(&first).await;
    let second = client(&sandbox, ApiVersion::default(), app, TIMEOUT);
    let Response::Error(problem) = second
        .perform(&Call::Account, FieldDefinitions::built_in())
        .await
        .response
    else {
        panic!("the variable is out of date")
    };
    assert_eq!(problem.kind, CallErrorKind::Disconnected);
}

#[tokio::test]
async fn the_answer_to_a_refresh_during_the_shutdown_is_kept() {
    let sandbox = Sandbox::start(rotating()).await.unwrap();
    let file = TokenFile::new();
    let slow = sandbox.add_fault(Fault::delay(300).on_path(ENDPOINT));
    let client = client(&sandbox, ApiVersion::default(), file.app(), TIMEOUT);
    until("the refresh", CEILING, async || sandbox.hits_of(slow) == Some(1)).await;
    client.close().await;
    assert_ne!(file.token(), super::REFRESH_TOKEN);
}

#[tokio::test]
async fn two_processes_can_share_the_file_of_a_rotating_token() {
    let sandbox = Sandbox::start(rotating()).await.unwrap();
    let file = TokenFile::new();
    let first = client(&sandbox, ApiVersion::default(), file.app(), TIMEOUT);
    opens_the_account(&first).await;
    let second = client(&sandbox, ApiVersion::default(), file.app(), TIMEOUT);
    opens_the_account(&second).await;
    // The refresh token of the first client is no longer valid. It reads the one that the second client wrote.
    sandbox.revoke_access_tokens();
    for client in [&first, &second] {
        let answer = client
            .perform(&read(CONTACT), FieldDefinitions::built_in())
            .await
            .response;
        assert!(matches!(answer, Response::Error(_)), "{answer:?}");
        take_up(client).await;
    }
    assert_eq!(
        token_calls(&sandbox)
            .iter()
            .filter(|call| call.status == Some(200))
            .count(),
        4
    );
}
