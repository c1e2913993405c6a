//! `hubsync connect` against the sandbox, with a browser that follows links and other programs that send requests.

mod setup;

use reqwest::StatusCode;
use rustix::process::{Pid, Signal, kill_process};
use sandbox::Switches;

use setup::{Setup, browser, ended, mode};

#[tokio::test]
async fn consent_connects_the_app_and_saves_the_token() {
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
    assert_eq!(setup.file_names(), ["refresh-token"]);
    for text in [&shown, &ended.printed, &ended.errors] {
        assert!(!text.contains("sandbox-refresh-token") && !text.contains("sandbox-secret"));
    }
}

#[tokio::test]
async fn requests_without_the_right_state_are_ignored() {
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
    // An idle connection does not hold up the command.
    let port = waiting.back(&[]).port().unwrap();
    let silent = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    waiting.click("Connect").await;
    assert_eq!(waiting.ended().await.code, Some(0));
    drop(silent);
}

#[tokio::test]
async fn a_denied_consent_is_reported_and_the_old_token_stays() {
    let setup = Setup::start().await;
    std::fs::write(setup.token_file(), "old").unwrap();
    let waiting = setup.connect(&["--yes"], &[]).await;
    waiting.click("Cancel").await;
    waiting.ended().await.assert_failed("access_denied");
    assert_eq!(std::fs::read_to_string(setup.token_file()).unwrap(), "old");
    assert_eq!(setup.file_names(), ["refresh-token"]);
}

#[tokio::test]
async fn an_existing_token_is_replaced_only_with_yes() {
    let setup = Setup::start().await;
    std::fs::write(setup.token_file(), "old").unwrap();
    let rejected = ended(setup.command(&[], &[])).await;
    assert_eq!(rejected.code, Some(2), "{rejected:?}");
    assert!(rejected.errors.contains("--yes"), "{rejected:?}");
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
async fn each_error_of_the_token_endpoint_says_what_to_do() {
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

    // The consent page does not know this app, but a code could still arrive.
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
    assert!(setup.file_names().is_empty(), "{:?}", setup.file_names());
}

#[tokio::test]
async fn a_token_without_the_contact_scopes_is_not_saved() {
    let setup = Setup::start().await;
    setup.sandbox.set_switches(Switches {
        missing_scopes: vec!["crm.objects.contacts.write".to_owned()],
        ..Switches::default()
    });
    let waiting = setup.connect(&[], &[]).await;
    waiting.click("Connect").await;
    waiting.ended().await.assert_failed("crm.objects.contacts.write");
    assert!(setup.file_names().is_empty());
}

#[tokio::test]
async fn a_timeout_a_used_port_and_a_signal_leave_no_file() {
    let setup = Setup::start().await;
    let waiting = setup.connect(&["--timeout", "1"], &[]).await;
    waiting.ended().await.assert_failed("no consent within 1 s");

    let waiting = setup.connect(&[], &[]).await;
    let redirect_uri = waiting.parameter("redirect_uri");
    let second = ended(setup.command(&["--redirect-uri", &redirect_uri], &[])).await;
    second.assert_failed("in use by another program");
    let pid = Pid::from_raw(waiting.process.id().unwrap().try_into().unwrap()).unwrap();
    kill_process(pid, Signal::INT).unwrap();
    waiting.ended().await.assert_failed("stopped by a signal");
    assert!(setup.file_names().is_empty(), "{:?}", setup.file_names());
}

#[tokio::test]
async fn invalid_settings_and_addresses_fail_before_the_page_opens() {
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
            "the secret of another app is never sent to a sandbox",
        ),
    ] {
        ended(setup.command(more, settings)).await.assert_failed(words);
    }
}
