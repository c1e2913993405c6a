//! Which account a token opens if HubSpot does not show the account's details.

use std::time::Duration;

use contracts::{Field, FieldDefinitions};
use hubspot::{
    client::{ApiVersion, Credentials, HubspotClient, OAuthApp, Target},
    engine::{Call, CallErrorKind, Response},
};
use runtime::settings::{Secret, SecretSource};
use sandbox::{Fault, KnownError, Sandbox, Switches};

use crate::{
    calls::Caller,
    harness::{Stack, Worker},
};

fn without_scopes(scopes: &[&str]) -> Switches {
    Switches {
        missing_scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        ..Switches::default()
    }
}

fn without_details() -> Switches {
    without_scopes(&["oauth"])
}

/// Archives every contact, so that none has a page.
fn empty(sandbox: &Sandbox) {
    for contact in sandbox.contacts() {
        sandbox.archive(contact.id).unwrap();
    }
}

fn without_details_of(account_id: impl std::fmt::Display) -> Response {
    Response::Account {
        account_id: account_id.to_string(),
        details_refused: true,
    }
}

fn client(sandbox: &Sandbox, credentials: Credentials) -> HubspotClient {
    let target = Target::sandbox(&sandbox.url(), ApiVersion::default()).unwrap();
    HubspotClient::new(target, credentials, Duration::from_secs(10)).unwrap()
}

async fn sandbox() -> Sandbox {
    let settings = sandbox::Settings {
        seed: Some(7),
        ..sandbox::Settings::default()
    };
    Sandbox::start(settings).await.unwrap()
}

#[tokio::test]
async fn without_the_scope_oauth_a_contacts_page_names_the_account() {
    let caller = Caller::start().await;
    caller.sandbox.set_switches(without_details());
    assert_eq!(
        caller.answer(&Call::Account).await,
        without_details_of(caller.sandbox.portal_id())
    );
}

#[tokio::test]
async fn an_account_that_no_answer_names_is_not_assumed() {
    let caller = Caller::start().await;
    empty(&caller.sandbox);
    caller.sandbox.set_switches(without_details());
    let problem = caller.problem(&Call::Account).await;
    assert_eq!(problem.kind, CallErrorKind::AccountUnknown);
    assert_eq!(problem.reason.status, Some(403));
}

#[tokio::test]
async fn a_token_whose_account_is_known_goes_on_without_details() {
    let caller = Caller::start().await;
    empty(&caller.sandbox);
    let account_id = caller.sandbox.portal_id();
    assert!(matches!(
        caller.answer(&Call::Account).await,
        Response::Account { .. }
    ));
    caller.sandbox.set_switches(without_details());
    assert_eq!(
        caller.answer(&Call::Account).await,
        without_details_of(account_id)
    );
}

#[tokio::test]
async fn another_token_is_not_assumed_to_open_the_same_account() {
    let (sandbox, folder) = (sandbox().await, tempfile::tempdir().unwrap());
    empty(&sandbox);
    sandbox.set_tokens(["one", "two"]);
    let path = folder.path().join("token");
    std::fs::write(&path, "one").unwrap();
    let client = client(&sandbox, Credentials::Token(SecretSource::File(path.clone())));
    assert!(matches!(
        client
            .perform(&Call::Account, FieldDefinitions::built_in())
            .await
            .response,
        Response::Account { .. }
    ));
    sandbox.set_switches(without_details());
    std::fs::write(&path, "two").unwrap();
    let Response::Error(problem) = client
        .perform(&Call::Account, FieldDefinitions::built_in())
        .await
        .response
    else {
        panic!("the account of the second token is not known")
    };
    assert_eq!(problem.kind, CallErrorKind::AccountUnknown);
}

#[tokio::test]
async fn an_oauth_token_names_its_account_if_details_are_denied() {
    let sandbox = sandbox().await;
    empty(&sandbox);
    sandbox.set_switches(without_details());
    let app = OAuthApp {
        client_id: "sandbox-client".to_owned(),
        client_secret: SecretSource::Value(Secret::from("sandbox-secret")),
        refresh_token: SecretSource::Value(Secret::from("sandbox-refresh-token")),
    };
    let client = client(&sandbox, Credentials::OAuth(app));
    let answer = client
        .perform(&Call::Account, FieldDefinitions::built_in())
        .await
        .response;
    client.close().await;
    assert_eq!(answer, without_details_of(sandbox.portal_id()));
}

#[tokio::test]
async fn the_setting_names_the_account_but_never_overrides_hubspot() {
    let sandbox = sandbox().await;
    let own = sandbox.portal_id().to_string();
    let ask = async |account_id: &str| {
        let client = client(&sandbox, Credentials::fixed("sandbox-token"));
        let client = client.expecting(Some(account_id.to_owned()));
        client
            .perform(&Call::Account, FieldDefinitions::built_in())
            .await
            .response
    };
    let is_wrong = |answer: Response| matches!(answer, Response::Error(problem) if problem.kind == CallErrorKind::WrongAccount);
    // HubSpot names it, by its details or by a contact.
    assert!(is_wrong(ask("1").await));
    sandbox.set_switches(without_details());
    assert!(is_wrong(ask("1").await));
    assert_eq!(ask(&own).await, without_details_of(&own));
    empty(&sandbox);
    assert_eq!(ask(&own).await, without_details_of(&own));
}

#[tokio::test]
async fn another_error_of_the_account_lookup_is_reported_as_it_is() {
    let caller = Caller::start().await;
    caller
        .sandbox
        .set_switches(without_scopes(&["oauth", "crm.objects.contacts.read"]));
    assert_eq!(caller.kind(&Call::Account).await, CallErrorKind::MissingScopes);
    caller.sandbox.set_switches(without_details());
    caller
        .sandbox
        .add_fault(Fault::answer(KnownError::Server(502)).on_path("objects").times(1));
    let kind = caller.kind(&Call::Account).await;
    assert_eq!(kind, CallErrorKind::ServerError { retry_after: None });
}

#[tokio::test]
async fn without_the_scope_oauth_changes_arrive_and_health_says_so() {
    let stack = Stack::start().await;
    stack.sandbox.set_switches(without_details());
    stack.contact("a@example.com");
    let worker = stack.worker().await;
    let change = [(Field::EMAIL, "a@example.com"), (Field::FIRST_NAME, "Ada")];
    stack.users.change("1", &change).await;
    stack.users.wait_until_clean("1").await;
    assert_eq!(
        stack.property("a@example.com", "firstname").as_deref(),
        Some("Ada")
    );
    assert!(detail(&worker, "account").is_some_and(|detail| detail.contains("scope oauth")));
    assert!(worker.registry.report().ready);
    worker.stop().await;
}

#[tokio::test]
async fn without_details_links_of_another_account_are_not_used() {
    let stack = Stack::start().await;
    stack.sandbox.set_switches(without_details());
    stack.link("1", "b@example.com", "1").await;
    let change = [(Field::EMAIL, "bh@hubspot.com"), (Field::FIRST_NAME, "Ada")];
    stack.users.change("1", &change).await;
    let worker = stack.start_worker(&[]).await;
    worker
        .wait_for_status("linked to contacts of the HubSpot account 1")
        .await;
    assert_eq!(
        stack.property("bh@hubspot.com", "firstname").as_deref(),
        Some("Brian")
    );
    worker.stop().await;
}

#[tokio::test]
async fn if_nothing_names_the_account_the_status_says_what_to_do() {
    let stack = Stack::start().await;
    empty(&stack.sandbox);
    stack.sandbox.set_switches(without_details());
    let worker = stack.start_worker(&[]).await;
    worker.wait_for_status("the scope oauth").await;
    worker.wait_for_status("HUBSPOT_ACCOUNT_ID").await;
    assert!(!worker.registry.report().ready);
    worker.stop().await;
}

fn detail(worker: &Worker, name: &str) -> Option<String> {
    let checks = worker.registry.report().checks;
    let check = checks.into_iter().find(|check| check.name == name);
    check.map(|check| check.detail)
}
