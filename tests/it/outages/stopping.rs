//! A service gets a stop signal while it works.

use std::time::Duration;

use sandbox::{Action, Fault};
use serde_json::json;
use testing::wait::until;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::stack::{CEILING, Callers, Service, Stack};

/// The documented limit, on which orchestrators rely.
const MAX_STOP_TIME: Duration = Duration::from_secs(10);
/// The exit code after a second signal.
const STOPPED_AT_ONCE: i32 = 130;

async fn stop_under_load(service: Service) {
    let mut stack = Stack::start().await;
    let callers = Callers::start(&stack, 16);
    callers.wait_for_accepted(50).await;
    let mut child = stack.take(service);
    child.terminate().unwrap();
    assert_eq!(child.wait(MAX_STOP_TIME).await.unwrap(), 0, "{}", child.tail());
    stack.start_service(service).await;
    callers.wait_for_accepted(50).await;
    let results = callers.stop().await;
    stack.check_accepted_changes(&results).await;
    stack.finish().await;
}

#[tokio::test]
async fn a_gateway_stopped_under_load_loses_nothing() {
    stop_under_load(Service::Gateway).await;
}

#[tokio::test]
async fn a_user_service_stopped_under_load_loses_nothing() {
    stop_under_load(Service::User).await;
}

#[tokio::test]
async fn a_hubspot_service_stopped_under_load_loses_nothing() {
    stop_under_load(Service::Hubspot).await;
}

/// Sends two signals to a service that has work to finish.
async fn stop_at_once_by_a_second_signal(stack: &mut Stack, service: Service) {
    let child = stack.process(service);
    child.terminate().unwrap();
    child.wait_for_line("stopping", CEILING).await.unwrap();
    child.terminate().unwrap();
    assert_eq!(child.wait(CEILING).await.unwrap(), STOPPED_AT_ONCE);
}

#[tokio::test]
async fn a_second_signal_stops_a_gateway_with_a_running_request() {
    let mut stack = Stack::start().await;
    let address = stack.gateway_url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "PATCH /users/1 HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n";
    let expects_continue = format!("{head}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n");
    stream.write_all(expects_continue.as_bytes()).await.unwrap();
    // The answer shows that the gateway waits for the body.
    stream
        .read_exact(&mut [0; "HTTP/1.1 100 Continue".len()])
        .await
        .unwrap();
    stop_at_once_by_a_second_signal(&mut stack, Service::Gateway).await;
}

#[tokio::test]
async fn a_second_signal_stops_a_hubspot_service_with_a_running_call() {
    let mut stack = Stack::start().await;
    let slow = stack
        .sandbox
        .add_fault(Fault::new(Action::Delay { ms: 8_000 }).on_path("batch"));
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    until("a running call", CEILING, async || {
        stack.sandbox.hits_of(slow).is_some_and(|hits| hits > 0)
    })
    .await;
    stop_at_once_by_a_second_signal(&mut stack, Service::Hubspot).await;
}
