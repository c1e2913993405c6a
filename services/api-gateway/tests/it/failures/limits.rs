//! Limits on size, time and number.

use std::sync::Arc;
use std::time::Duration;

use api_gateway::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::harness::{CEILING, Gateway, JSON, problem, slug};
use crate::scripted_user_service::{Reaction, ScriptedUserService, updated};

/// A short limit for slow callers.
const READ_TIMEOUT: Duration = Duration::from_millis(300);

/// Sends raw bytes and returns everything that comes back until the gateway closes the connection. The gateway may close it
/// while there is still something to send, which can cause a reset.
async fn exchange(gateway: &Gateway, request: &str) -> String {
    let mut stream = TcpStream::connect(gateway.address).await.unwrap();
    let _ = stream.write_all(request.as_bytes()).await;
    let mut response = Vec::new();
    let with_closed_objects = tokio::time::timeout(CEILING, stream.read_to_end(&mut response)).await;
    let _ = with_closed_objects.expect("the gateway closes the connection");
    String::from_utf8(response).unwrap()
}

fn head(more: &str) -> String {
    format!(
        "PATCH /users/1 HTTP/1.1\r\nHost: gateway\r\nContent-Type: {JSON}\r\nConnection: close\r\n{more}\r\n"
    )
}

#[tokio::test]
async fn a_body_above_16_kib_is_rejected() {
    let gateway = Gateway::start().await;
    ScriptedUserService::start(&gateway, vec![Reaction::Answer(updated(7))]).await;
    let body = r#"{"email":"a@b.de"}"#;
    let padded = |length: usize| format!("{body}{}", " ".repeat(length - body.len()));
    let fits = gateway
        .patch("/users/1", JSON, padded(16 * 1024))
        .send()
        .await
        .unwrap();
    assert_eq!(fits.status(), 200);
    for length in [16 * 1024 + 1, 1024 * 1024] {
        let response = gateway
            .patch("/users/1", JSON, padded(length))
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 413);
        assert_eq!(slug(&problem(response).await), "body-too-large");
    }
}

#[tokio::test]
async fn a_body_without_a_length_is_rejected_before_its_end() {
    let gateway = Gateway::start().await;
    // 20 KiB of a chunk that claims to have 2 GiB.
    let body = format!(
        "{}7fffffff\r\n{}",
        head("Transfer-Encoding: chunked\r\n"),
        "x".repeat(20 * 1024)
    );
    let response = exchange(&gateway, &body).await;
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
}

#[tokio::test]
async fn a_caller_that_expects_100_need_not_send_a_long_body() {
    let gateway = Gateway::start().await;
    let response = exchange(
        &gateway,
        &head("Content-Length: 20000\r\nExpect: 100-continue\r\n"),
    )
    .await;
    assert!(response.starts_with("HTTP/1.1 413 "), "{response}");
}

#[tokio::test]
async fn a_body_that_does_not_arrive_in_time_gets_408() {
    let gateway = Gateway::start_with(Limits {
        read_timeout: READ_TIMEOUT,
        ..Limits::default()
    })
    .await;
    let response = exchange(&gateway, &format!("{}{{", head("Content-Length: 100\r\n"))).await;
    assert!(
        response.starts_with("HTTP/1.1 408 ") && response.contains("body-timed-out"),
        "{response}"
    );
}

#[tokio::test]
async fn headers_that_arrive_late_end_the_connection() {
    let gateway = Gateway::start_with(Limits {
        read_timeout: READ_TIMEOUT,
        ..Limits::default()
    })
    .await;
    for begun in ["", "PATCH /users/1 HTTP/1.1\r\nHost:"] {
        let response = exchange(&gateway, begun).await;
        assert!(!response.contains(" 200 "), "{response}");
    }
}

#[tokio::test]
async fn too_long_headers_get_431() {
    let gateway = Gateway::start().await;
    let one_long = format!("X-Long: {}\r\n", "x".repeat(512 * 1024));
    let many_short = "X-Short: x\r\n".repeat(200);
    for headers in [one_long, many_short] {
        let response = exchange(&gateway, &head(&headers)).await;
        assert!(response.starts_with("HTTP/1.1 431 "), "{response}");
    }
}

#[tokio::test]
async fn requests_above_the_limit_get_503_at_once() {
    let gateway = Gateway::start_with(Limits {
        max_in_flight: 1,
        ..Limits::default()
    })
    .await;
    let allowed = Arc::new(Notify::new());
    let held = Reaction::AnswerLater(updated(7), Arc::clone(&allowed));
    let scripted_user_service =
        ScriptedUserService::start(&gateway, vec![held, Reaction::Answer(updated(8))]).await;
    let first = tokio::spawn(gateway.valid_change().send());
    scripted_user_service.wait_for_requests(1).await;

    let response = gateway.valid_change().send().await.unwrap();
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(slug(&problem(response).await), "overloaded");
    // Health checks are still answered.
    gateway.wait_until_check("user", true).await;

    allowed.notify_one();
    assert_eq!(first.await.unwrap().unwrap().status(), 200);
    assert_eq!(gateway.valid_change().send().await.unwrap().status(), 200);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_caller_that_reads_no_responses_loses_its_connection() {
    let gateway = Gateway::start_with(Limits {
        read_timeout: READ_TIMEOUT,
        ..Limits::default()
    })
    .await;
    let stream = TcpStream::connect(gateway.address).await.unwrap();
    let requests = "GET /healthz HTTP/1.1\r\nHost: gateway\r\n\r\n".repeat(1_000);
    let (_unread, mut writing) = stream.into_split();
    let asks_for_ever = async { while writing.write_all(requests.as_bytes()).await.is_ok() {} };
    let ended = tokio::time::timeout(CEILING, asks_for_ever).await;
    assert!(ended.is_ok(), "the gateway still waits for the caller to read");
}
