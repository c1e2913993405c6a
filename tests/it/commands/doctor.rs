//! `hubsync doctor` finds what is broken, and says how to fix it.

use serde_json::Value;

use super::process::CommandResult;
use crate::stack::{Service, Stack};

impl CommandResult {
    /// The first check with this name.
    fn check(&self, name: &str) -> Value {
        let document = self.json();
        let checks = document["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["name"] == name);
        found
            .unwrap_or_else(|| panic!("no check {name}: {document}"))
            .clone()
    }

    #[track_caller]
    fn assert_failed(&self, name: &str, detail: &str) {
        assert_eq!(self.code, 1, "{self:?}");
        let check = self.check(name);
        assert_eq!(check["result"], "failed", "{check}");
        assert!(check["detail"].as_str().unwrap().contains(detail), "{check}");
        assert!(!check["fix"].as_str().unwrap().is_empty(), "{check}");
    }
}

impl Stack {
    async fn doctor(&self, others: &[(&str, &str)]) -> CommandResult {
        self.command_with(&["doctor", "--json"], others).await
    }
}

#[tokio::test]
async fn a_doctor_of_a_healthy_system_says_what_it_did_not_check() {
    let stack = Stack::start().await;
    // The gateway learns of a hubspot service a moment after that is ready.
    stack.wait_for_status(true).await;
    let found = stack.doctor(&[]).await;
    assert_eq!(found.code, 0, "{found:?}");
    for name in [
        "settings",
        "nats",
        "jetstream",
        "stream",
        "consumer",
        "permissions",
        "database",
        "database fail-over",
        "hubspot token",
        "hubspot read scope",
        "gateway",
        "gateway: user",
        "delivery",
    ] {
        assert_eq!(found.check(name)["result"], "ok", "{}", found.check(name));
    }
    assert_eq!(found.check("hubspot write scope")["result"], "notChecked");
    let text = stack.command_with(&["doctor"], &[]).await.output;
    assert!(text.contains(&stack.sandbox.portal_id().to_string()), "{text}");
    stack.finish().await;
}

#[tokio::test]
async fn a_doctor_finds_a_wrong_token_and_changes_nothing() {
    let stack = Stack::without_services().await;
    stack.sandbox.set_tokens(["another"]);
    let found = stack.doctor(&[]).await;
    found.assert_failed("hubspot token", "_AUTHENTICATION");
    found.assert_failed("gateway", "no gateway at");
    assert_eq!(found.check("stream")["result"], "warning");
    assert!(
        found.check("database")["detail"]
            .as_str()
            .unwrap()
            .contains("no tables yet")
    );
    assert!(stack.wake_ups().await.is_err(), "no stream was made");
}

#[tokio::test]
async fn a_doctor_finds_unreachable_nats_and_database() {
    let stack = Stack::without_services().await;
    let found = stack.doctor(&[("NATS_URL", "nats://127.0.0.1:9")]).await;
    found.assert_failed("nats", "127.0.0.1:9");
    let found = stack
        .doctor(&[("USER_DATABASE_URL", "postgres://hubsync@127.0.0.1:9/hubsync")])
        .await;
    found.assert_failed("database", "127.0.0.1:9");
}

#[tokio::test]
async fn a_doctor_names_every_bad_setting_and_checks_the_rest() {
    let mut stack = Stack::without_services().await;
    stack.start_service(Service::User).await;
    let invalid = [("HUBSPOT_EMAIL_CONFLICT", "maybe"), ("API_GATEWAY_PORT", "http")];
    let found = stack.doctor(&invalid).await;
    found.assert_failed("settings", "API_GATEWAY_PORT: ");
    assert!(found.output.contains("HUBSPOT_EMAIL_CONFLICT: "), "{found:?}");
    assert_eq!(found.check("hubspot")["result"], "notChecked");
    assert_eq!(found.check("nats")["result"], "ok");
    stack.stop_service(Service::User).await;
}

#[tokio::test]
async fn a_doctor_warns_of_a_missing_oauth_scope_and_checks_the_rest() {
    let stack = Stack::start().await;
    stack.wait_for_status(true).await;
    stack.sandbox.set_switches(sandbox::Switches {
        missing_scopes: vec!["oauth".to_owned()],
        ..sandbox::Switches::default()
    });
    let found = stack.doctor(&[]).await;
    assert_eq!(found.code, 0, "{found:?}");
    let token = found.check("hubspot token");
    assert_eq!(token["result"], "warning", "{token}");
    assert!(token["fix"].as_str().unwrap().contains("scope oauth"), "{token}");
    let account = stack.sandbox.portal_id().to_string();
    assert!(token["detail"].as_str().unwrap().contains(&account), "{token}");
    assert_eq!(found.check("hubspot read scope")["result"], "ok");
    stack.finish().await;
}
