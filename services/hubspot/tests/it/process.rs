//! The program, started as a process.

use std::process::{Command, Output};

fn hubspot(settings: &[(&str, &str)], arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_hubspot"))
        .args(arguments)
        .env_clear()
        .envs(settings.iter().copied())
        .current_dir(folder.path())
        .output()
        .unwrap()
}

#[test]
fn without_token_and_sandbox_it_ends_and_says_what_to_do() {
    let output = hubspot(&[], &[]);
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    for part in [
        "HUBSPOT_ACCESS_TOKEN",
        "HUBSPOT_SANDBOX_URL",
        "http://127.0.0.1:3031",
    ] {
        assert!(message.contains(part), "{message}");
    }
}

#[test]
fn the_health_probe_fails_if_the_service_does_not_run() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let free = listener.local_addr().unwrap().to_string();
    drop(listener);
    let settings = [
        ("HUBSPOT_SANDBOX_URL", "http://127.0.0.1:3031"),
        ("HUBSPOT_HEALTH_LISTEN", free.as_str()),
    ];
    let output = hubspot(&settings, &["health"]);
    assert!(!output.status.success());
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains(&free), "{message}");
}
