//! The binary, started as people and containers start it.

use std::process::{Command, Output};

use crate::harness::Gateway;

fn run(arguments: &[&str], settings: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_api-gateway"));
    command.args(arguments).env_clear().envs(settings.iter().copied());
    command.output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_probe_succeeds_while_the_gateway_runs() {
    let gateway = Gateway::start().await;
    let port = gateway.address.port().to_string();
    let settings = [("API_GATEWAY_PORT", port.as_str())];
    let probe = || run(&["health"], &settings).status.code();
    assert_eq!(tokio::task::block_in_place(probe), Some(0));
    gateway.stop();
    gateway.stopped().await.unwrap();
    assert_eq!(tokio::task::block_in_place(probe), Some(1));
}

#[test]
fn every_bad_setting_is_reported_at_once() {
    let output = run(&[], &[("API_GATEWAY_PORT", "x"), ("NATS_URL", "http://x")]);
    assert_eq!(output.status.code(), Some(1));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(
        message.contains("API_GATEWAY_PORT: ") && message.contains("NATS_URL: "),
        "{message}"
    );
}

#[test]
fn the_help_explains_each_setting() {
    let help = String::from_utf8(run(&["--help"], &[]).stdout).unwrap();
    for name in [
        "API_GATEWAY_PORT",
        "API_GATEWAY_DEADLINE_MS",
        "NATS_URL",
        "health",
    ] {
        assert!(help.contains(name), "{help}");
    }
}
