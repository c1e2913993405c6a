//! `hubsync` without a command: one process, its nats-server, its data folder.

mod doctor;
mod fields;
mod private_folder;
mod process;
mod secrecy;
mod starting;

use std::{path::Path, time::Duration};

use serde_json::{Value, json};
use testing::{ports::free_port, process::Launch, wait::until};
use tokio::process::Command;

use crate::stack::CEILING;
use process::Hubsync;

/// The README's commands with `curl`.
fn commands_of_the_readme() -> Vec<String> {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    let blocks = readme.split("```").skip(1).step_by(2);
    let commands = blocks
        .filter_map(|block| block.strip_prefix("sh\n"))
        .filter(|block| block.contains("curl "));
    commands.map(str::to_owned).collect()
}

#[tokio::test]
async fn the_readmes_curl_commands_work() {
    let mut hubsync = Hubsync::new();
    hubsync.start().await;
    // The commands run unchanged; this file redirects curl from port 3030 to the gateway's port.
    let moved = format!("connect-to = \"127.0.0.1:3030:127.0.0.1:{}\"\n", hubsync.gateway);
    std::fs::write(hubsync.folder.path().join(".curlrc"), moved).unwrap();
    let commands = commands_of_the_readme();
    let [patch, receipt] = commands.as_slice() else {
        panic!("the README shows two calls: {commands:?}")
    };
    let run = async |command: &str| {
        let run = Command::new("sh")
            .arg("-c")
            .arg(command)
            .env("CURL_HOME", hubsync.folder.path())
            .output();
        let output = run.await.unwrap();
        assert!(
            output.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let answer = run(patch).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains(r#""success":true"#), "{answer}");
    hubsync.wait_for_confirmed("1", 1).await;
    let answer = run(receipt).await;
    assert!(
        answer.contains(r#""state":"confirmed""#) && answer.contains(r#""contactId":"51""#),
        "{answer}"
    );
    assert_eq!(hubsync.stop().await, 0);
}

#[tokio::test]
async fn a_stop_signal_leaves_nothing_running() {
    let mut hubsync = Hubsync::new();
    hubsync.start().await;
    assert!(hubsync.nats_server_runs());
    assert_eq!(hubsync.stop().await, 0);
    assert!(!hubsync.nats_server_runs());
}

#[tokio::test]
async fn accepted_changes_survive_a_kill() {
    let mut hubsync = Hubsync::new();
    let mut last = None;
    for round in 0..3_u64 {
        hubsync.start().await;
        let changing = async {
            for number in 0.. {
                let name = format!("Ada {round}-{number}");
                let body = json!({ "email": "bh@hubspot.com", "firstName": name });
                match hubsync.patch("1", body).await {
                    Some(answer) => last = Some((name, answer["user"]["version"].as_u64().unwrap())),
                    None => break,
                }
            }
        };
        // The moment differs between runs, so the kill can hit any step.
        let _ = tokio::time::timeout(Duration::from_millis(200 + 130 * round), changing).await;
        hubsync.kill().await;
        until("the nats-server to end with its parent", CEILING, async || {
            !hubsync.nats_server_runs()
        })
        .await;
    }
    hubsync.start().await;
    let (name, version) = last.expect("changes were accepted");
    hubsync.wait_for_confirmed("1", version).await;
    let contact = format!("http://127.0.0.1:{}/_sandbox/contacts/51", hubsync.sandbox);
    let contact: Value = hubsync
        .http
        .get(contact)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let user = format!("http://127.0.0.1:{}/users/1", hubsync.gateway);
    let user: Value = hubsync.http.get(user).send().await.unwrap().json().await.unwrap();
    assert_eq!(contact["properties"]["firstname"], user["firstName"]);
    // The change in progress when the process died may have been accepted without an answer.
    assert!(
        user["version"].as_u64() > Some(version) || user["firstName"] == name,
        "{user} instead of {name}"
    );
    assert_eq!(hubsync.stop().await, 0);
}

#[tokio::test]
async fn a_second_process_on_the_same_data_does_not_start() {
    let mut hubsync = Hubsync::new();
    hubsync.start().await;
    let second = Launch::new(env!("CARGO_BIN_EXE_hubsync")).clean_env();
    let second = second.current_dir(hubsync.folder.path());
    let second = second.env("API_GATEWAY_PORT", free_port().unwrap().to_string());
    let mut second = second.start().await.unwrap();
    assert_eq!(second.wait(CEILING).await.unwrap(), 1);
    let output = second.output().unwrap();
    assert!(
        output.contains(".hubsync is in use by another hubsync"),
        "{output}"
    );
    let body = json!({ "email": "bh@hubspot.com", "firstName": "Ada" });
    assert!(hubsync.patch("1", body).await.is_some());
    hubsync.wait_for_confirmed("1", 1).await;
    assert_eq!(hubsync.stop().await, 0);
}

#[tokio::test]
async fn an_old_nats_server_on_the_path_is_skipped() {
    let mut hubsync = Hubsync::new();
    let old = hubsync.folder.path().join("nats-server");
    std::fs::write(&old, "#!/bin/sh\necho 'nats-server: v2.9.10'\n").unwrap();
    let mut permissions = std::fs::metadata(&old).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    std::fs::set_permissions(&old, permissions).unwrap();
    hubsync.path = format!("{}:{}", hubsync.folder.path().display(), hubsync.path);
    hubsync.start().await;
    let output = hubsync.process().output().unwrap();
    assert!(
        output.contains("2.9.10"),
        "the old server is not mentioned:\n{output}"
    );
    assert_eq!(hubsync.stop().await, 0);
}

#[tokio::test]
async fn every_invalid_setting_is_reported_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let launch = Launch::new(env!("CARGO_BIN_EXE_hubsync"))
        .clean_env()
        .current_dir(folder.path());
    let launch = launch
        .env("API_GATEWAY_PORT", "http")
        .env("USER_LATE_WRITE_MS", "soon")
        .env("HUBSPOT_EMAIL_CONFLICT", "maybe");
    let mut process = launch.start().await.unwrap();
    assert_eq!(process.wait(CEILING).await.unwrap(), 1);
    let output = process.output().unwrap();
    for name in [
        "API_GATEWAY_PORT: ",
        "USER_LATE_WRITE_MS: ",
        "HUBSPOT_EMAIL_CONFLICT: ",
    ] {
        assert!(output.contains(name), "{name} is not reported:\n{output}");
    }
}
