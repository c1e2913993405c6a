//! Access tokens that are not issued. Each reason has its own error, and no restart is needed when it is over.

use std::time::Duration;

use contracts::FieldDefinitions;
use hubspot::{
    client::{ApiVersion, Credentials, HubspotClient, OAuthApp, Target},
    engine::{Call, CallError, CallErrorKind, Response},
};
use sandbox::{Action, Effect, Fault, KnownError, Sandbox};
use testing::wait::until;

use super::{ENDPOINT, app, client, sandbox_app, settings, value};
use crate::harness::CEILING;

const TIMEOUT: Duration = Duration::from_secs(10);

async fn start() -> Sandbox {
    Sandbox::start(settings(Duration::from_mins(30))).await.unwrap()
}

async fn problem(client: &HubspotClient) -> CallError {
    match client
        .perform(&Call::Account, FieldDefinitions::built_in())
        .await
        .response
    {
        Response::Error(problem) => problem,
        other => panic!("not a problem: {other:?}"),
    }
}

async fn wait_for_the_account(client: &HubspotClient) {
    until("the account", CEILING, async || {
        match client
            .perform(&Call::Account, FieldDefinitions::built_in())
            .await
            .response
        {
            Response::Account { .. } => Ok(()),
            other => Err(other),
        }
    })
    .await;
}

#[tokio::test]
async fn a_wrong_app_differs_from_a_lost_connection() {
    let sandbox = start().await;
    let cases = [
        (
            OAuthApp {
                client_id: "another".into(),
                ..sandbox_app()
            },
            CallErrorKind::Misconfigured,
            "BAD_CLIENT_ID",
        ),
        (
            OAuthApp {
                client_secret: value("another"),
                ..sandbox_app()
            },
            CallErrorKind::Misconfigured,
            "BAD_CLIENT_SECRET",
        ),
        (
            app(value("another")),
            CallErrorKind::Disconnected,
            "BAD_REFRESH_TOKEN",
        ),
    ];
    for (app, kind, code) in cases {
        let problem = problem(&client(&sandbox, ApiVersion::default(), app, TIMEOUT)).await;
        assert_eq!((problem.kind, problem.reason.code.as_str()), (kind, code));
        assert_eq!(problem.reason.status, Some(400));
        assert!(problem.reason.correlation_id.is_some());
    }
}

#[tokio::test]
async fn a_transient_error_is_tried_again_until_it_is_over() {
    for (error, code) in [
        (KnownError::Server(503), "HTTP_503"),
        (KnownError::TokenLimit, "SECONDLY"),
    ] {
        let sandbox = start().await;
        let fault = sandbox.add_fault(Fault::answer(error).on_path(ENDPOINT));
        let client = client(&sandbox, ApiVersion::default(), sandbox_app(), TIMEOUT);
        let problem = problem(&client).await;
        assert_eq!(
            (problem.kind, problem.reason.code.as_str()),
            (CallErrorKind::NoToken, code)
        );
        sandbox.remove_fault(fault);
        wait_for_the_account(&client).await;
    }
}

#[tokio::test]
async fn the_pause_that_hubspot_asks_for_is_kept() {
    let sandbox = start().await;
    let limited = Action::Answer {
        error: KnownError::TokenLimit,
        body: None,
        retry_after: Some(3),
        effect: Effect::None,
    };
    sandbox.add_fault(Fault::new(limited).on_path(ENDPOINT).times(1));
    let client = client(&sandbox, ApiVersion::default(), sandbox_app(), TIMEOUT);
    wait_for_the_account(&client).await;
    let calls = super::token_calls(&sandbox);
    let apart = calls[1].at.duration_since(calls[0].at);
    assert!(apart.as_secs() >= 3, "{apart:?}");
}

#[tokio::test]
async fn an_endpoint_that_hangs_or_is_absent_is_unreachable() {
    let sandbox = start().await;
    let hang = Action::Hang {
        ms: 60_000,
        effect: Effect::None,
    };
    sandbox.add_fault(Fault::new(hang).on_path(ENDPOINT));
    let silent = client(
        &sandbox,
        ApiVersion::default(),
        sandbox_app(),
        Duration::from_millis(300),
    );
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let target = Target::sandbox(&address, ApiVersion::default()).unwrap();
    let credentials = Credentials::OAuth(sandbox_app());
    let absent = HubspotClient::new(target, credentials, TIMEOUT).unwrap();
    for (client, code) in [(silent, "TOKEN_TIMED_OUT"), (absent, "TOKEN_UNREACHABLE")] {
        until("the reason", CEILING, async || {
            let problem = problem(&client).await;
            let expected = problem.kind == CallErrorKind::Unreachable && problem.reason.code == code;
            if expected { Ok(()) } else { Err(problem) }
        })
        .await;
    }
}

#[tokio::test]
async fn a_corrected_client_secret_is_read_from_its_file() {
    let sandbox = start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("client-secret");
    std::fs::write(&path, "wrong").unwrap();
    let app = OAuthApp {
        client_secret: runtime::settings::SecretSource::File(path.clone()),
        ..sandbox_app()
    };
    let client = client(&sandbox, ApiVersion::default(), app, TIMEOUT);
    assert_eq!(problem(&client).await.kind, CallErrorKind::Misconfigured);
    std::fs::write(&path, "sandbox-secret").unwrap();
    wait_for_the_account(&client).await;
}
