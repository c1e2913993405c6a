//! The program: its start, its health check, its help and a kill.

use std::{process::Stdio, time::Duration};

use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    time::timeout,
};

use crate::client::Client;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hubspot-sandbox");

/// Starts the program on a free port and waits until it logs its address.
async fn start(arguments: &[&str]) -> (Child, String) {
    let mut child = Command::new(PROGRAM)
        .args(["--listen", "127.0.0.1:0"])
        .args(arguments)
        .env("NO_COLOR", "1")
        .env_remove("RUST_LOG")
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let wait_for_address = async {
        loop {
            let line = lines.next_line().await.unwrap().expect("the program ended");
            if let Some((_, rest)) = line.split_once("address=") {
                assert!(line.contains("not HubSpot"), "{line}");
                return rest.split_whitespace().next().unwrap().to_owned();
            }
        }
    };
    let address = timeout(Duration::from_secs(10), wait_for_address).await.unwrap();
    tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
    (child, address)
}

async fn health(address: &str) -> bool {
    let status = Command::new(PROGRAM)
        .args(["health", "--listen", address])
        .stderr(Stdio::null())
        .status();
    timeout(Duration::from_secs(10), status)
        .await
        .unwrap()
        .unwrap()
        .success()
}

fn kill(child: &Child, signal: &str) {
    let id = child.id().unwrap().to_string();
    assert!(
        std::process::Command::new("kill")
            .args([signal, &id])
            .status()
            .unwrap()
            .success()
    );
}

#[tokio::test]
async fn health_succeeds_only_while_the_program_runs() {
    let (mut child, address) = start(&[]).await;
    assert!(health(&address).await);
    kill(&child, "-TERM");
    let status = timeout(Duration::from_secs(10), child.wait())
        .await
        .unwrap()
        .unwrap();
    assert!(status.success(), "SIGTERM is an orderly end");
    assert!(!health(&address).await);
}

#[tokio::test]
async fn a_kill_loses_no_confirmed_write() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("contacts.jsonl");
    let data = ["--data", path.to_str().unwrap()];
    let (mut child, address) = start(&data).await;
    let client = Client::new(&format!("http://{address}"));
    let body = serde_json::json!({ "properties": { "email": "ada@example.com" } });
    let created = client
        .post("/crm/objects/2026-09/contacts", body)
        .await
        .expect(201);
    kill(&child, "-KILL");
    child.wait().await.unwrap();
    let (_child, address) = start(&data).await;
    let client = Client::new(&format!("http://{address}"));
    let path = "/crm/objects/2026-09/contacts/ada%40example.com?idProperty=email";
    assert_eq!(client.get(path).await.expect(200)["id"], created["id"]);
}

#[tokio::test]
async fn options_reach_the_sandbox() {
    let (_child, address) = start(&["--burst", "0", "--tokens", "other"]).await;
    let client = Client::new(&format!("http://{address}"));
    client.get("/crm/v3/objects/contacts").await.expect(401);
    client
        .with_token("other")
        .get("/crm/v3/objects/contacts")
        .await
        .expect(429);
}

#[tokio::test]
async fn help_says_that_it_is_not_hubspot() {
    let output = Command::new(PROGRAM).arg("--help").output().await.unwrap();
    assert!(String::from_utf8(output.stdout).unwrap().contains("NOT HubSpot"));
}
