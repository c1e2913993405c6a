//! The token of NATS is replaced while every service runs.

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

/// Callers are told to come back while services find their way again.
async fn is_delivered(stack: &Stack, name: &str) {
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
async fn every_service_goes_on_when_the_token_of_nats_is_replaced() {
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
    is_delivered(&stack, "Ada").await;

    fs::write(&token, "hunter2\r\n").unwrap();
    fs::write(&auth, authorization("hunter2")).unwrap();
    server.running().unwrap().signal(Signal::HUP).unwrap();
    is_delivered(&stack, "Bea").await;

    // Emptied by a clumsy hand, and the server restarted twice: the last good one is used.
    fs::write(&token, "").unwrap();
    for name in ["Cleo", "Dora"] {
        server.restart().await.unwrap();
        is_delivered(&stack, name).await;
    }
    fs::write(&token, "hunter3").unwrap();
    fs::write(&auth, authorization("hunter3")).unwrap();
    server.running().unwrap().signal(Signal::HUP).unwrap();
    is_delivered(&stack, "Eva").await;

    for service in Service::ALL {
        let output = stack.process(service).output().unwrap();
        let told = output
            .lines()
            .filter(|line| line.contains("the last good value is used"))
            .count();
        assert_eq!(told, 1, "{service:?}:\n{output}");
        assert!(
            output.contains("NATS_TOKEN_FILE") && output.contains("empty"),
            "{output}"
        );
        assert!(!output.contains("hunter"), "{output}");
        stack.stop_service(service).await;
    }
    server.stop().await.unwrap();
}
