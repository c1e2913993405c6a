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
use crate::responder::Responder;

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
    let responder = Responder::start(&gateway, vec![results(&[changed()])]).await;
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
    let mut answer = String::new();
    let read = connection.read_to_string(&mut answer);
    timeout(CEILING, read).await.unwrap().unwrap();
    assert!(
        answer.contains("HTTP/1.1 200") && answer.contains("\"done\":true"),
        "{answer}"
    );
    assert_eq!(responder.asked().len(), 1);
}

#[tokio::test]
async fn a_shutdown_says_where_to_continue() {
    let gateway = Gateway::start().await;
    let responder = Responder::start(&gateway, vec![results(&[changed()])]).await;
    let mut connection = TcpStream::connect(gateway.address).await.unwrap();
    let line = "{\"userId\":\"1\",\"email\":\"a@example.com\"}\n";
    let begun = format!(
        "POST /users/import HTTP/1.1\r\nhost: gateway\r\ncontent-type: {NDJSON}\r\n\
         transfer-encoding: chunked\r\n\r\n{:x}\r\n{line}\r\n",
        line.len()
    );
    connection.write_all(begun.as_bytes()).await.unwrap();
    responder.wait_until_asked(1).await;
    gateway.stop();
    let mut answer = Vec::new();
    let read = connection.read_to_end(&mut answer);
    timeout(CEILING, read).await.unwrap().unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let summary = answer.lines().find(|line| line.contains("\"done\""));
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
    let _responder = Responder::start(&gateway, vec![results(&[changed()])]).await;
    let body = "userId,email\n1,b@example.com\n2,nobody\n";
    reports(import(&gateway, "text/csv", body).send().await.unwrap()).await;
    reports(import(&gateway, "text/csv", "phone\n").send().await.unwrap()).await;
    let metrics = gateway.request(Method::GET, "/metrics").send().await.unwrap();
    let metrics = metrics.text().await.unwrap();
    for counted in [
        r#"hubsync_import_lines_total{result="changed"} 1"#,
        r#"hubsync_import_lines_total{result="rejected"} 1"#,
        r#"hubsync_imports_total{result="done"} 1"#,
        r#"hubsync_imports_total{result="stopped"} 1"#,
    ] {
        assert!(
            metrics.lines().any(|line| line == counted),
            "{counted} in {metrics}"
        );
    }
}
