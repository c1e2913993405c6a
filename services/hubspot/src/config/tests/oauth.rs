//! What the settings of an OAuth app come to.

use super::{
    super::access::{CLIENT_ID, CLIENT_SECRET, PLACEHOLDERS, REFRESH_TOKEN, SANDBOX, TOKEN},
    *,
};
use crate::client::{Credentials, OAuthApp};

const APP: [(&str, &str); 3] = [
    (CLIENT_ID, "id"),
    (CLIENT_SECRET, "cs-1"),
    (REFRESH_TOKEN, "rt-1"),
];

fn app(pairs: &[(&str, &str)]) -> (String, OAuthApp) {
    let access = read(pairs).expect("usable settings").access;
    match access.credentials {
        Credentials::OAuth(app) => (access.target.host(), app),
        Credentials::Token(_) => panic!("a token"),
    }
}

fn fault(pairs: &[(&str, &str)]) -> String {
    read(pairs).expect_err("not usable").to_string()
}

#[test]
fn an_app_calls_hubspot_and_its_secrets_never_go_to_a_sandbox() {
    let pairs = [APP.as_slice(), &[(SANDBOX, ADDRESS)]].concat();
    let (host, app) = app(&pairs);
    assert_eq!(host, "api.hubapi.com");
    let secret =
        |source: &runtime::settings::SecretSource| source.read().expect("a secret").expose().to_owned();
    let read_back = [
        app.client_id,
        secret(&app.client_secret),
        secret(&app.refresh_token),
    ];
    assert_eq!(read_back, ["id", "cs-1", "rt-1"]);
    assert!(read(&pairs).expect("usable").access.ignores_sandbox);
}

#[test]
fn the_secrets_may_be_in_files_and_placeholders_do_not_hide_them() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("secret");
    std::fs::write(&path, "from-a-file\n").expect("writable");
    let path = path.to_str().expect("a plain path");
    let files = [
        (CLIENT_ID, "id"),
        ("HUBSPOT_OAUTH_CLIENT_SECRET_FILE", path),
        ("HUBSPOT_OAUTH_REFRESH_TOKEN_FILE", path),
        (CLIENT_SECRET, "your-hubspot-client-secret"),
        (REFRESH_TOKEN, "your-hubspot-refresh-token"),
    ];
    let (_, app) = app(&files);
    for source in [app.client_secret, app.refresh_token] {
        assert_eq!(source.read().expect("a secret").expose(), "from-a-file");
    }
}

#[test]
fn placeholders_are_no_app() {
    let pairs = [PLACEHOLDERS.as_slice(), &[(SANDBOX, ADDRESS)]].concat();
    assert_eq!(access(&pairs).0, "127.0.0.1:3031");
    assert!(!Config::has_token(&Env::from_pairs(pairs)));
}

#[test]
fn what_an_app_lacks_is_named_and_not_replaced_by_the_sandbox() {
    for (left_out, _) in APP {
        let rest = APP.into_iter().filter(|(name, _)| *name != left_out);
        let pairs: Vec<_> = rest.chain([(SANDBOX, ADDRESS)]).collect();
        let message = fault(&pairs);
        assert!(message.contains(&format!("{left_out}: is not set")), "{message}");
        assert!(Config::has_token(&Env::from_pairs(pairs)));
    }
    let message = fault(&[(CLIENT_ID, "id"), (SANDBOX, ADDRESS)]);
    for name in [CLIENT_SECRET, REFRESH_TOKEN] {
        assert!(message.contains(&format!("{name}: is not set")), "{message}");
    }
}

#[test]
fn a_token_and_an_app_together_are_a_fault_that_names_both() {
    for (name, value) in APP {
        let message = fault(&[(TOKEN, "pat-1"), (name, value)]);
        assert!(message.contains(TOKEN) && message.contains(name), "{message}");
    }
}

#[test]
fn no_secret_is_printed() {
    let config = read(&APP).expect("usable");
    let printed = format!("{config:?}");
    assert!(
        !printed.contains("cs-1") && !printed.contains("rt-1"),
        "{printed}"
    );
}
