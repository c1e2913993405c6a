//! `hubsync connect` against the sandbox, with a browser that follows links and other programs that meddle.

mod setup;

use reqwest::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use sandbox::Switches;

use setup::{Setup, browser, ended, mode};

#[tokio::test]
async fn a_person_who_consents_connects_the_app_and_the_token_is_in_its_file() {
    let setup = Setup::start().await;
    let waiting = setup.connect(&[], &[]).await;
    assert!(waiting.printed.contains(&waiting.parameter("redirect_uri")));
    let shown = waiting.click("Connect").await;
    assert_eq!(shown.status(), StatusCode::OK);
    assert_eq!(shown.headers()["cache-control"], "no-store");
    assert_eq!(shown.headers()["referrer-policy"], "no-referrer");
    let shown = shown.text().await.unwrap();
    let ended = waiting.ended().await;
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let account = setup.sandbox.portal_id().to_string();
    assert!(ended.printed.contains(&account), "{ended:?}");
    let token = std::fs::read_to_string(setup.token_file()).unwrap();
    assert_eq!(token, "sandbox-refresh-token\n");
    assert_eq!(mode(&setup.token_file()), 0o600);
    assert_eq!(setup.names(), ["refresh-token"]);
    for text in [&shown, &ended.printed, &ended.errors] {
        assert!(!text.contains("sandbox-refresh-token") && !text.contains("sandbox-secret"));
    }
}

#[tokio::test]
async fn answers_that_others_send_neither_end_the_wait_nor_are_believed() {
    let setup = Setup::start().await;
    let waiting = setup.connect(&[], &[]).await;
    let state = waiting.parameter("state");
    let stranger = setup.sandbox.consent(waiting.parameter("redirect_uri"));
    let strange: [&[(&str, &str)]; 7] = [
        &[("code", &stranger)],
        &[("code", &stranger), ("state", "")],
        &[("code", &stranger), ("state", &state[1..])],
        &[("code", &stranger), ("state", &state), ("state", &state)],
        &[("error", "access_denied")],
        &[("error", "access_denied"), ("state", "x")],
        &[("state", &state)],
    ];
    for pairs in strange {
        let answer = browser().get(waiting.back(pairs)).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::BAD_REQUEST, "{pairs:?}");
        assert!(!answer.text().await.unwrap().contains(&state));
    }
    let mut icon = waiting.back(&[("code", "x"), ("state", &state)]);
    icon.set_path("/favicon.ico");
    assert_eq!(
        browser().get(icon).send().await.unwrap().status(),
        StatusCode::NOT_FOUND
    );
    let prefetch = waiting.back(&[("code", "x"), ("state", &state)]);
    let answer = browser().head(prefetch.clone()).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    let answer = browser().post(prefetch).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    // A connection that says nothing holds nobody up.
    let port = waiting.back(&[]).port().unwrap();
    let silent = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    waiting.click("Connect").await;
    assert_eq!(waiting.ended().await.code, Some(0));
    drop(silent);
}

#[tokio::test]
async fn a_person_who_refuses_is_told_and_the_old_token_stays() {
    let setup = Setup::start().await;
    std::fs::write(setup.token_file(), "old").unwrap();
    let waiting = setup.connect(&["--yes"], &[]).await;
    waiting.click("Cancel").await;
    waiting.ended().await.assert_failed("access_denied");
    assert_eq!(std::fs::read_to_string(setup.token_file()).unwrap(), "old");
    assert_eq!(setup.names(), ["refresh-token"]);
}

#[tokio::test]
async fn a_token_that_is_there_is_replaced_only_where_somebody_agrees() {
    let setup = Setup::start().await;
    std::fs::write(setup.token_file(), "old").unwrap();
    let refused = ended(setup.command(&[], &[])).await;
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.errors.contains("--yes"), "{refused:?}");
    assert_eq!(std::fs::read_to_string(setup.token_file()).unwrap(), "old");
    let waiting = setup.connect(&["--yes"], &[]).await;
    waiting.click("Connect").await;
    assert_eq!(waiting.ended().await.code, Some(0));
    assert_eq!(
        std::fs::read_to_string(setup.token_file()).unwrap(),
        "sandbox-refresh-token\n"
    );
}

#[tokio::test]
async fn each_refusal_of_the_token_endpoint_says_what_to_do() {
    let setup = Setup::start().await;
    let waiting = setup
        .connect(&[], &[("HUBSPOT_OAUTH_CLIENT_SECRET", "wrong")])
        .await;
    waiting.click("Connect").await;
    waiting
        .ended()
        .await
        .assert_failed("check HUBSPOT_OAUTH_CLIENT_SECRET");

    for (issued_for, code, words) in [
        (None, "used-before", "BAD_AUTH_CODE"),
        (Some("http://localhost:1/other"), "", "register http://localhost:"),
    ] {
        let waiting = setup.connect(&[], &[]).await;
        let state = waiting.parameter("state");
        let code = issued_for.map_or_else(|| code.to_owned(), |uri| setup.sandbox.consent(uri));
        let back = waiting.back(&[("code", &code), ("state", &state)]);
        browser().get(back).send().await.unwrap();
        waiting.ended().await.assert_failed(words);
    }

    // HubSpot's page knows no such app, but the code may come from elsewhere.
    let waiting = setup
        .connect(&[], &[("HUBSPOT_OAUTH_CLIENT_ID", "sandbox-unknown")])
        .await;
    let state = waiting.parameter("state");
    let code = setup.sandbox.consent(waiting.parameter("redirect_uri"));
    let back = waiting.back(&[("code", &code), ("state", &state)]);
    browser().get(back).send().await.unwrap();
    waiting
        .ended()
        .await
        .assert_failed("check HUBSPOT_OAUTH_CLIENT_ID");
    assert!(setup.names().is_empty(), "{:?}", setup.names());
}

#[tokio::test]
async fn a_connection_without_the_scopes_of_contacts_is_not_kept() {
    let setup = Setup::start().await;
    setup.sandbox.set_switches(Switches {
        missing_scopes: vec!["crm.objects.contacts.write".to_owned()],
        ..Switches::default()
    });
    let waiting = setup.connect(&[], &[]).await;
    waiting.click("Connect").await;
    waiting.ended().await.assert_failed("crm.objects.contacts.write");
    assert!(setup.names().is_empty());
}

#[tokio::test]
async fn nobody_who_comes_a_port_in_use_and_a_signal_end_it_and_leave_nothing() {
    let setup = Setup::start().await;
    let waiting = setup.connect(&["--timeout", "1"], &[]).await;
    waiting.ended().await.assert_failed("nobody consented within 1 s");

    let waiting = setup.connect(&[], &[]).await;
    let redirect_uri = waiting.parameter("redirect_uri");
    let second = ended(setup.command(&["--redirect-uri", &redirect_uri], &[])).await;
    second.assert_failed("in use by another program");
    let pid = Pid::from_raw(waiting.process.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    waiting.ended().await.assert_failed("stopped by a signal");
    assert!(setup.names().is_empty(), "{:?}", setup.names());
}

#[tokio::test]
async fn settings_and_addresses_that_cannot_be_used_are_told_before_anybody_is_asked() {
    let setup = Setup::start().await;
    for (more, settings, words) in [
        (
            &[][..],
            &[("HUBSPOT_OAUTH_CLIENT_ID", "")][..],
            "HUBSPOT_OAUTH_CLIENT_ID",
        ),
        (
            &[],
            &[("HUBSPOT_OAUTH_REFRESH_TOKEN_FILE", "")],
            "HUBSPOT_OAUTH_REFRESH_TOKEN_FILE",
        ),
        (
            &[],
            &[("HUBSPOT_OAUTH_REFRESH_TOKEN_FILE", "/proc/nowhere/token")],
            "cannot be written",
        ),
        (
            &["--redirect-uri", "https://example.com/back"],
            &[],
            "name this machine",
        ),
        (
            &["--redirect-uri", "http://localhost:0/back?x=1"],
            &[],
            "without a query",
        ),
        (&["--sandbox", "https://api.hubapi.com"], &[], "HubSpot itself"),
        (
            &[],
            &[("HUBSPOT_OAUTH_CLIENT_ID", "a-real-app")],
            "the secret of any other app is not sent there",
        ),
    ] {
        ended(setup.command(more, settings)).await.assert_failed(words);
    }
}
