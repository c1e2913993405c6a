//! `POST /users/import`: sending and reading at the same time, and how an import ends.

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{NDJSON, changed, import, reports, results};
use crate::harness::{CEILING, Gateway};
use crate::scripted_user_service::ScriptedUserService;

#[tokio::test]
async fn a_caller_that_still_sends_when_an_import_ends_gets_the_reason() {
    let gateway = Gateway::start().await;
    // More than the buffers in between can hold.
    let body = format!("userId,phone\n{}", "1,2\n".repeat(8_000_000));
    let reports = reports(import(&gateway, "text/csv", body).send().await.unwrap()).await;
    assert_eq!(reports.last().unwrap()["done"], false);
}

#[tokio::test]
async fn a_caller_that_expects_100_gets_it_before_the_response() {
    let gateway = Gateway::start().await;
    let scripted_user_service = ScriptedUserService::start(&gateway, vec![results(&[changed()])]).await;
    let mut connection = TcpStream::connect(gateway.address).await.unwrap();
    let line = "{\"userId\":\"1\",\"email\":\"a@example.com\"}\n";
    let head = format!(
        "POST /users/import HTTP/1.1\r\nhost: gateway\r\ncontent-type: {NDJSON}\r\n\
         expect: 100-continue\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
        line.len()
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut first = [0; 12];
    timeout(CEILING, connection.read_exact(&mut first))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(&first, b"HTTP/1.1 100");
    connection.write_all(line.as_bytes()).await.unwrap();
    let mut response = String::new();
    let read = connection.read_to_string(&mut response);
    timeout(CEILING, read).await.unwrap().unwrap();
    assert!(
        response.contains("HTTP/1.1 200") && response.contains("\"done\":true"),
        "{response}"
    );
    assert_eq!(scripted_user_service.requests().len(), 1);
}

#[tokio::test]
async fn a_shutdown_says_where_to_continue() {
    let gateway = Gateway::start().await;
    let scripted_user_service = ScriptedUserService::start(&gateway, vec![results(&[changed()])]).await;
    let mut connection = TcpStream::connect(gateway.address).await.unwrap();
    let line = "{\"userId\":\"1\",\"email\":\"a@example.com\"}\n";
    let begun = format!(
        "POST /users/import HTTP/1.1\r\nhost: gateway\r\ncontent-type: {NDJSON}\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n{line}\r\n",
        line.len()
    );
    connection.write_all(begun.as_bytes()).await.unwrap();
    scripted_user_service.wait_for_requests(1).await;
    gateway.stop();
    let mut response = Vec::new();
    let read = connection.read_to_end(&mut response);
    timeout(CEILING, read).await.unwrap().unwrap();
    let response = String::from_utf8(response).unwrap();
    let summary = response.lines().find(|line| line.contains("\"done\""));
    let summary: Value = serde_json::from_str(summary.unwrap()).unwrap();
    assert_eq!(
        (&summary["done"], &summary["throughLine"]),
        (&json!(false), &json!(1))
    );
    assert_eq!(summary["detail"], "the gateway is stopping");
    gateway.stopped().await.unwrap();
}

#[tokio::test]
async fn rows_and_imports_are_counted_by_their_result() {
    let gateway = Gateway::start().await;
    let _scripted_user_service = ScriptedUserService::start(&gateway, vec![results(&[changed()])]).await;
    let body = "userId,email\n1,b@example.com\n2,nobody\n";
    reports(import(&gateway, "text/csv", body).send().await.unwrap()).await;
    reports(import(&gateway, "text/csv", "phone\n").send().await.unwrap()).await;
    let metrics = gateway.request(Method::GET, "/metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    for is_counted in [
        r#"hubsync_import_lines_total{result="changed"} 1"#,
        r#"hubsync_import_lines_total{result="rejected"} 1"#,
        r#"hubsync_imports_total{result="done"} 1"#,
        r#"hubsync_imports_total{result="stopped"} 1"#,
    ] {
        assert!(
            metrics.lines().any(|line| line == is_counted),
            "{is_counted} in {metrics}"
        );
    }
}
