//! A service is told to stop in the middle of its work.

use std::time::Duration;

use sandbox::{Action, Fault};
use serde_json::json;
use testing::wait::until;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::stack::{CEILING, Callers, Service, Stack};

/// What is promised to whoever stops it, such as an orchestrator.
const TO_STOP: Duration = Duration::from_secs(10);
/// What the library ends a process with on the second signal.
const STOPPED_AT_ONCE: i32 = 130;

async fn ends_well_and_loses_nothing(service: Service) {
    let mut stack = Stack::start().await;
    let callers = Callers::start(&stack, 16);
    callers.wait_for_accepted(50).await;
    let mut child = stack.take(service);
    child.terminate().unwrap();
    assert_eq!(child.wait(TO_STOP).await.unwrap(), 0, "{}", child.tail());
    stack.start_service(service).await;
    callers.wait_for_accepted(50).await;
    let told = callers.stop().await;
    stack.check_kept(&told).await;
    stack.finish().await;
}

#[tokio::test]
async fn a_gateway_told_to_stop_under_load_ends_well_and_loses_nothing() {
    ends_well_and_loses_nothing(Service::Gateway).await;
}

#[tokio::test]
async fn a_user_service_told_to_stop_under_load_ends_well_and_loses_nothing() {
    ends_well_and_loses_nothing(Service::User).await;
}

#[tokio::test]
async fn a_hubspot_service_told_to_stop_under_load_ends_well_and_loses_nothing() {
    ends_well_and_loses_nothing(Service::Hubspot).await;
}

/// The service has something to finish.
async fn ends_at_once_on_a_second_signal(stack: &mut Stack, service: Service) {
    let child = stack.process(service);
    child.terminate().unwrap();
    child.wait_for_line("stopping", CEILING).await.unwrap();
    child.terminate().unwrap();
    assert_eq!(child.wait(CEILING).await.unwrap(), STOPPED_AT_ONCE);
}

#[tokio::test]
async fn a_second_signal_ends_the_gateway_with_a_request_in_work() {
    let mut stack = Stack::start().await;
    let address = stack.gateway_url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = "PATCH /users/1 HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n";
    let asks_first = format!("{head}Content-Length: 100\r\nExpect: 100-continue\r\n\r\n");
    stream.write_all(asks_first.as_bytes()).await.unwrap();
    // Says that the body is being waited for.
    stream
        .read_exact(&mut [0; "HTTP/1.1 100 Continue".len()])
        .await
        .unwrap();
    ends_at_once_on_a_second_signal(&mut stack, Service::Gateway).await;
}

#[tokio::test]
async fn a_second_signal_ends_the_hubspot_service_with_a_call_out() {
    let mut stack = Stack::start().await;
    let slow = stack
        .sandbox
        .add_fault(Fault::new(Action::Delay { ms: 8_000 }).on_path("batch"));
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    until("a call to be out", CEILING, async || {
        stack.sandbox.hits_of(slow).is_some_and(|hits| hits > 0)
    })
    .await;
    ends_at_once_on_a_second_signal(&mut stack, Service::Hubspot).await;
}
