//! `POST /users/import`: callers that send without reading, and callers that stop sending.

use std::time::{Duration, Instant};

use api_gateway::Limits;
use reqwest::Method;
use serde_json::{Value, json};
use testing::wait::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

use super::{NDJSON, import};
use crate::harness::{CEILING, Gateway};

/// Far shorter than the time to send and read a file.
const READ_TIMEOUT: Duration = Duration::from_millis(500);
const READ_PAUSE_LIMIT: Duration = Duration::from_secs(3);
/// A row that the gateway itself rejects.
const REJECTED_ROW: &str = "{\"userId\":\"1\",\"email\":\"nobody\",\"phone\":\"1\"}\n";

async fn gateway_with_short_limits() -> Gateway {
    Gateway::start_with(Limits {
        read_timeout: READ_TIMEOUT,
        import_wait: READ_PAUSE_LIMIT,
        ..Limits::default()
    })
    .await
}

/// Opens a connection with a small buffer, which takes hardly anything of the response unless it is read.
async fn begin(gateway: &Gateway, content_length: usize) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    let mut connection = socket.connect(gateway.address).await.unwrap();
    let head = format!(
        "POST /users/import HTTP/1.1\r\nhost: gateway\r\ncontent-type: {NDJSON}\r\nconnection: close\r\n\
         content-length: {content_length}\r\n\r\n"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    connection
}

async fn is_counted(gateway: &Gateway, metric: &str) -> bool {
    let request = gateway
        .request(Method::GET, "/metrics")
        .header("connection", "close");
    // The test shares its thread with the gateway. Its short limit may end this request while the file is read.
    let Ok(metrics) = request.send().await else {
        return false;
    };
    let text = metrics.text().await.unwrap_or_default();
    text.lines().any(|line| line == metric)
}

async fn wait_until_counted(gateway: &Gateway, metric: &str) {
    until(metric, CEILING, async || {
        if is_counted(gateway, metric).await {
            Ok(())
        } else {
            Err("not yet")
        }
    })
    .await;
}

/// The lines of a chunked response.
fn lines_of(response: &str) -> Vec<Value> {
    let (_, body) = response.split_once("\r\n\r\n").unwrap();
    let mut text = String::new();
    let mut rest = body;
    loop {
        let (length, more) = rest.split_once("\r\n").unwrap();
        let length = usize::from_str_radix(length, 16).unwrap();
        if length == 0 {
            break;
        }
        text.push_str(&more[..length]);
        rest = &more[length + 2..];
    }
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

/// Sends the body and then single bytes until the connection ends, without reading anything.
async fn sends_until_cut(connection: &mut TcpStream, body: &[u8]) {
    let mut sent = connection.write_all(body).await;
    while sent.is_ok() {
        sleep(READ_TIMEOUT).await;
        sent = connection.write_all(b"x").await;
    }
}

#[tokio::test]
async fn a_caller_that_sends_first_gets_every_report() {
    const LINES: usize = 100_000;
    let gateway = gateway_with_short_limits().await;
    let mut connection = begin(&gateway, LINES * REJECTED_ROW.len()).await;
    let body = REJECTED_ROW.repeat(LINES);
    let sent = connection.write_all(body.as_bytes());
    timeout(CEILING, sent)
        .await
        .expect("the gateway takes all of it")
        .unwrap();
    // Every row has its result although nothing is read.
    wait_until_counted(
        &gateway,
        &format!("hubsync_import_lines_total{{result=\"rejected\"}} {LINES}"),
    )
    .await;
    // A caller may take some time before it reads.
    sleep(4 * READ_TIMEOUT).await;
    let mut response = String::new();
    timeout(CEILING, connection.read_to_string(&mut response))
        .await
        .unwrap()
        .unwrap();
    let reports = lines_of(&response);
    let rejected = reports
        .iter()
        .filter_map(|report| report["rejectedLines"].as_array())
        .flatten();
    let lines: Vec<u64> = rejected
        .map(|rejected| rejected["line"].as_u64().unwrap())
        .collect();
    assert!(
        lines.iter().copied().eq(1..=LINES as u64),
        "{} lines",
        lines.len()
    );
    let expected =
        json!({ "done": true, "throughLine": LINES, "changed": 0, "unchanged": 0, "rejected": LINES });
    assert_eq!(reports.last().unwrap(), &expected);
}

#[tokio::test]
async fn a_caller_that_sends_slowly_without_reading_is_not_cut() {
    let gateway = gateway_with_short_limits().await;
    let part = REJECTED_ROW.repeat(10_000);
    let mut connection = begin(&gateway, 8 * part.len()).await;
    let begun = Instant::now();
    for _ in 0..8 {
        timeout(CEILING, connection.write_all(part.as_bytes()))
            .await
            .unwrap()
            .unwrap();
        // Shorter than the limit for the next part. All pauses together are longer than the limit for a caller that does not read.
        sleep(READ_TIMEOUT * 9 / 10).await;
    }
    assert!(begun.elapsed() > READ_PAUSE_LIMIT, "{:?}", begun.elapsed());
    let mut response = String::new();
    timeout(CEILING, connection.read_to_string(&mut response))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(lines_of(&response).last().unwrap()["done"], true);
}

#[tokio::test]
async fn imports_of_callers_that_never_read_end_in_time() {
    let gateway = gateway_with_short_limits().await;
    // Each row is rejected for a different reason, so that the waiting reports soon reach their limit.
    let lines = (0..100_000).map(|number| format!("{{\"userId\":\"1\",\"m{number}\":1}}\n"));
    let body: String = lines.collect();
    let begun = Instant::now();
    let mut connections = Vec::new();
    for _ in 0..4 {
        connections.push(begin(&gateway, body.len()).await);
    }
    let ends = connections
        .iter_mut()
        .map(|connection| sends_until_cut(connection, body.as_bytes()));
    let ends = futures_util::future::join_all(ends);
    timeout(CEILING, ends).await.expect("each connection ends");
    assert!(begun.elapsed() > READ_PAUSE_LIMIT, "{:?}", begun.elapsed());
    assert!(begun.elapsed() < 5 * READ_PAUSE_LIMIT, "{:?}", begun.elapsed());
    wait_until_counted(&gateway, "hubsync_imports_total{result=\"unread\"} 4").await;
    let response = import(&gateway, NDJSON, "").send().await.unwrap();
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_caller_that_stops_sending_gets_the_reason() {
    let gateway = gateway_with_short_limits().await;
    let begun = Instant::now();
    let mut connection = begin(&gateway, 1_000).await;
    connection.write_all(REJECTED_ROW.as_bytes()).await.unwrap();
    let mut response = String::new();
    timeout(CEILING, connection.read_to_string(&mut response))
        .await
        .unwrap()
        .unwrap();
    assert!(begun.elapsed() >= READ_TIMEOUT, "{:?}", begun.elapsed());
    let reports = lines_of(&response);
    let summary = reports.last().unwrap();
    assert_eq!(
        (&summary["done"], &summary["throughLine"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(
        summary["detail"],
        "the next part of the body did not arrive in time"
    );
    wait_until_counted(&gateway, "hubsync_imports_total{result=\"stopped\"} 1").await;
}

#[tokio::test]
async fn a_caller_that_does_not_read_the_end_loses_its_connection() {
    const LINES: usize = 20_000;
    let gateway = gateway_with_short_limits().await;
    let mut connection = begin(&gateway, LINES * REJECTED_ROW.len()).await;
    connection
        .write_all(REJECTED_ROW.repeat(LINES).as_bytes())
        .await
        .unwrap();
    wait_until_counted(&gateway, "hubsync_imports_total{result=\"done\"} 1").await;
    let begun = Instant::now();
    let cut = sends_until_cut(&mut connection, b"");
    timeout(CEILING, cut).await.expect("the connection ends");
    assert!(begun.elapsed() < 4 * READ_PAUSE_LIMIT, "{:?}", begun.elapsed());
}
