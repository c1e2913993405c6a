//! The NATS token is replaced while every service runs.

use std::fs;

use rustix::process::Signal;
use serde_json::json;
use testing::{
    nats::{NatsServer, Options},
    wait::until,
};

use crate::stack::{CEILING, Service, Stack};

fn authorization(token: &str) -> String {
    format!("authorization {{ token: \"{token}\" }}\n")
}

/// Changes a user and waits for the delivery. Callers get 503 while services reconnect.
async fn change_and_wait_for_delivery(stack: &Stack, name: &str) {
    until("the change to be accepted", CEILING, async || {
        let body = json!({ "email": "bh@hubspot.com", "firstName": name });
        let status = stack.patch("1", body).await.status();
        if status == 200 { Ok(()) } else { Err(status) }
    })
    .await;
    stack.wait_for_property("bh@hubspot.com", "firstname", name).await;
    stack.wait_for_state("1", "confirmed").await;
}

#[tokio::test]
async fn services_continue_after_the_nats_token_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let (auth, token) = (folder.path().join("auth.conf"), folder.path().join("token"));
    fs::write(&auth, authorization("hunter1")).unwrap();
    fs::write(&token, "hunter1\n").unwrap();
    let mut server = NatsServer::start(Options {
        folder: Some(folder.path().to_owned()),
        config: "include auth.conf\n".to_owned(),
        ..Options::default()
    })
    .await
    .unwrap();
    let mut stack = Stack::without_services().await;
    stack.set("NATS_URL", &server.url());
    stack.set("NATS_STREAM_REPLICAS", "1");
    stack.set("NATS_TOKEN_FILE", token.to_str().unwrap());
    stack.start_services().await;
    change_and_wait_for_delivery(&stack, "Ada").await;

    fs::write(&token, "hunter2\r\n").unwrap();
    fs::write(&auth, authorization("hunter2")).unwrap();
    server.running().unwrap().signal(Signal::HUP).unwrap();
    change_and_wait_for_delivery(&stack, "Bea").await;

    // The file was emptied by mistake, and the server restarts twice: services use the last valid token.
    fs::write(&token, "").unwrap();
    for name in ["Cleo", "Dora"] {
        server.restart().await.unwrap();
        change_and_wait_for_delivery(&stack, name).await;
    }
    fs::write(&token, "hunter3").unwrap();
    fs::write(&auth, authorization("hunter3")).unwrap();
    server.running().unwrap().signal(Signal::HUP).unwrap();
    change_and_wait_for_delivery(&stack, "Eva").await;

    for service in Service::ALL {
        let output = stack.process(service).output().unwrap();
        let warnings = output
            .lines()
            .filter(|line| line.contains("the last good value is used"))
            .count();
        assert_eq!(warnings, 1, "{service:?}:\n{output}");
        assert!(
            output.contains("NATS_TOKEN_FILE") && output.contains("empty"),
            "{output}"
        );
        assert!(!output.contains("hunter"), "{output}");
        stack.stop_service(service).await;
    }
    server.stop().await.unwrap();
}
