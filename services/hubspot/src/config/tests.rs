//! What settings come to.

mod oauth;

use super::{access::*, *};
use crate::client::Credentials;

fn read(pairs: &[(&str, &str)]) -> Result<Config, SettingsError> {
    Config::read(&Env::from_pairs(pairs.iter().copied()))
}

fn access(pairs: &[(&str, &str)]) -> (String, String) {
    let access = read(pairs).expect("usable settings").access;
    let Credentials::Token(token) = access.credentials else {
        panic!("an app")
    };
    let token = token.read().expect("a token").expose().to_owned();
    (access.target.host(), token)
}

const ADDRESS: &str = "http://127.0.0.1:3031";

#[test]
fn a_token_goes_to_hubspot_and_never_to_a_sandbox() {
    let hubspot = ("api.hubapi.com".to_owned(), "pat-1".to_owned());
    assert_eq!(access(&[(TOKEN, "pat-1")]), hubspot);
    assert_eq!(access(&[(TOKEN, "pat-1"), (SANDBOX, ADDRESS)]), hubspot);
    assert!(
        read(&[(TOKEN, "pat-1"), (SANDBOX, ADDRESS)])
            .expect("usable")
            .access
            .ignores_sandbox
    );
}

#[test]
fn without_a_token_the_sandbox_is_called_with_a_token_of_its_own() {
    let sandbox = ("127.0.0.1:3031".to_owned(), "sandbox-token".to_owned());
    for token in ["", "  ", PLACEHOLDERS[0].1] {
        assert_eq!(access(&[(TOKEN, token), (SANDBOX, ADDRESS)]), sandbox);
    }
}

#[test]
fn without_either_the_error_names_both_and_says_what_to_do() {
    for pairs in [&[][..], &[(TOKEN, PLACEHOLDERS[0].1)]] {
        let message = read(pairs).expect_err("nobody to call").to_string();
        for part in [TOKEN, SANDBOX, "crm.objects.contacts.write", ADDRESS] {
            assert!(message.contains(part), "{message}");
        }
    }
}

#[test]
fn a_token_may_be_in_a_file_and_the_placeholder_does_not_hide_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("token");
    std::fs::write(&path, "pat-2\n").expect("writable");
    let path = path.to_str().expect("a plain path");
    let pairs = [(TOKEN, PLACEHOLDERS[0].1), ("HUBSPOT_ACCESS_TOKEN_FILE", path)];
    assert_eq!(access(&pairs), ("api.hubapi.com".to_owned(), "pat-2".to_owned()));
}

#[test]
fn a_token_file_that_cannot_be_read_is_not_replaced_by_the_sandbox() {
    let pairs = [
        ("HUBSPOT_ACCESS_TOKEN_FILE", "/nowhere/token"),
        (SANDBOX, ADDRESS),
    ];
    let message = read(&pairs).expect_err("no such file").to_string();
    assert!(message.contains("HUBSPOT_ACCESS_TOKEN_FILE"), "{message}");
}

#[test]
fn every_bad_setting_is_named() {
    let pairs = [
        (SANDBOX, "sandbox"),
        ("HUBSPOT_API_VERSION", "v4"),
        ("HUBSPOT_EMAIL_CONFLICT", "steal"),
        ("HUBSPOT_CONTACT_NOT_FOUND", "maybe"),
        ("HUBSPOT_TIMEOUT_MS", "1"),
        ("HUBSPOT_CONCURRENCY", "0"),
        ("HUBSPOT_WINDOW_LIMIT", "0"),
        ("HUBSPOT_DAILY_LIMIT", "many"),
        ("HUBSPOT_WINDOW_RESERVE_PERCENT", "100"),
        ("HUBSPOT_DAILY_RESERVE_PERCENT", "-1"),
        ("HUBSPOT_DRIFT_EVERY_HOURS", "daily"),
        ("HUBSPOT_DRIFT_REPAIR", "yes"),
    ];
    let message = read(&pairs).expect_err("none can be used").to_string();
    for (name, _) in pairs {
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn the_sweep_for_drift_is_off_until_it_is_told_how_often() {
    let sweep = |more: &[(&str, &str)]| {
        let pairs = [&[(SANDBOX, ADDRESS)], more].concat();
        read(&pairs).map(|config| config.drift_sweep)
    };
    let daily = ("HUBSPOT_DRIFT_EVERY_HOURS", "24");
    let expected = |repair| DriftSweep {
        every: Duration::from_hours(24),
        repair,
    };
    assert_eq!(sweep(&[]).expect("usable"), None);
    assert_eq!(sweep(&[daily]).expect("usable"), Some(expected(false)));
    let repairing = [daily, ("HUBSPOT_DRIFT_REPAIR", "true")];
    assert_eq!(sweep(&repairing).expect("usable"), Some(expected(true)));
    let message = sweep(&repairing[1..])
        .expect_err("a repair of nothing")
        .to_string();
    assert!(message.contains("needs HUBSPOT_DRIFT_EVERY_HOURS"), "{message}");
}

#[test]
fn the_example_names_every_variable_and_works_as_it_stands() {
    let example = include_str!("../../.env.example");
    for name in [
        "HUBSPOT_ACCESS_TOKEN",
        "HUBSPOT_ACCESS_TOKEN_FILE",
        "HUBSPOT_OAUTH_CLIENT_ID",
        "HUBSPOT_OAUTH_CLIENT_SECRET",
        "HUBSPOT_OAUTH_CLIENT_SECRET_FILE",
        "HUBSPOT_OAUTH_REFRESH_TOKEN",
        "HUBSPOT_OAUTH_REFRESH_TOKEN_FILE",
        "HUBSPOT_SANDBOX_URL",
        "HUBSPOT_API_VERSION",
        "HUBSPOT_EMAIL_CONFLICT",
        "HUBSPOT_CONTACT_NOT_FOUND",
        "HUBSPOT_TIMEOUT_MS",
        "HUBSPOT_CONCURRENCY",
        "HUBSPOT_WINDOW_LIMIT",
        "HUBSPOT_DAILY_LIMIT",
        "HUBSPOT_WINDOW_RESERVE_PERCENT",
        "HUBSPOT_DAILY_RESERVE_PERCENT",
        "HUBSPOT_DRIFT_EVERY_HOURS",
        "HUBSPOT_DRIFT_REPAIR",
        "HUBSPOT_HEALTH_LISTEN",
        "RUST_LOG",
        "LOG_FORMAT",
    ] {
        let line = |line: &str| line.trim_start_matches('#').starts_with(&format!("{name}="));
        assert!(example.lines().any(line), "{name}");
    }
    let set = example.lines().filter(|line| !line.starts_with('#'));
    let pairs: Vec<_> = set.filter_map(|line| line.split_once('=')).collect();
    assert_eq!(
        access(&pairs),
        ("127.0.0.1:3031".to_owned(), "sandbox-token".to_owned())
    );
}
