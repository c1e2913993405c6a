//! Requests over NATS: each gets its answer or an error in time.

use std::time::{Duration, Instant};

use async_nats::HeaderMap;
use async_nats::service::ServiceExt;
use futures_util::StreamExt;
use futures_util::future::join_all;
use runtime::nats::RequestError;
use testing::wait::until;
use tokio::time::timeout;

use crate::support::{CEILING, connect_to, serve_echo, start_server};

#[tokio::test]
async fn each_of_many_requests_gets_its_own_answer() {
    let server = start_server().await;
    let (service, nats) = (
        connect_to(&server, "service").await,
        connect_to(&server, "caller").await,
    );
    serve_echo(&service, "echo").await;
    let requests = (0..500).map(|number| {
        let payload = number.to_string();
        let nats = &nats;
        async move {
            let answer = nats
                .request("echo", HeaderMap::new(), payload.clone().into(), CEILING)
                .await
                .unwrap();
            assert_eq!(answer.payload, payload.as_bytes());
        }
    });
    join_all(requests).await;
    assert_eq!(nats.requests_in_flight(), 0);
}

#[tokio::test]
async fn headers_travel_with_the_request() {
    let server = start_server().await;
    let nats = connect_to(&server, "caller").await;
    let mut requests = nats.client().subscribe("headers").await.unwrap();
    let mut headers = HeaderMap::new();
    headers.insert("Deadline", "soon");
    let (answer, ()) = tokio::join!(nats.request("headers", headers, "x".into(), CEILING), async {
        let request = requests.next().await.unwrap();
        assert_eq!(request.headers.unwrap().get("Deadline").unwrap().as_str(), "soon");
        nats.client()
            .publish(request.reply.unwrap(), "y".into())
            .await
            .unwrap();
    });
    assert_eq!(answer.unwrap().payload, "y");
}

#[tokio::test]
async fn a_subject_without_responder_is_an_error_at_once() {
    let server = start_server().await;
    let nats = connect_to(&server, "caller").await;
    let error = nats
        .request("nobody", HeaderMap::new(), "x".into(), Duration::from_mins(10))
        .await
        .unwrap_err();
    assert!(
        matches!(&error, RequestError::NoResponders { subject } if subject == "nobody"),
        "{error}"
    );
    assert_eq!(nats.requests_in_flight(), 0);
}

#[tokio::test]
async fn service_errors_are_parsed() {
    let server = start_server().await;
    // Both sides use one connection, so that the server has the subscription before the request.
    let nats = connect_to(&server, "service").await;
    let builder = nats.client().service_builder();
    let service = builder.start("failing", "1.0.0").await.unwrap();
    let mut endpoint = service.endpoint("fail").await.unwrap();
    let (answer, ()) = tokio::join!(
        nats.request("fail", HeaderMap::new(), "x".into(), CEILING),
        async {
            let error = async_nats::service::error::Error {
                status: "version moved on".to_owned(),
                code: 412,
            };
            endpoint.next().await.unwrap().respond(Err(error)).await.unwrap();
        }
    );
    let error = answer.unwrap_err();
    assert!(
        matches!(&error, RequestError::Service { code: 412, error, .. } if error == "version moved on"),
        "{error}"
    );
}

#[tokio::test]
async fn a_late_answer_is_dropped() {
    let server = start_server().await;
    let nats = connect_to(&server, "caller").await;
    let mut requests = nats.client().subscribe("slow").await.unwrap();
    let limit = Duration::from_millis(50);
    let late = nats
        .request("slow", HeaderMap::new(), "first".into(), limit)
        .await
        .unwrap_err();
    assert!(matches!(late, RequestError::TimedOut { .. }), "{late}");
    assert_eq!(
        nats.requests_in_flight(),
        0,
        "a request that timed out leaves nothing behind"
    );
    let first = requests.next().await.unwrap();
    let (second, ()) = tokio::join!(
        nats.request("slow", HeaderMap::new(), "second".into(), CEILING),
        async {
            let request = requests.next().await.unwrap();
            nats.client()
                .publish(first.reply.unwrap(), "late".into())
                .await
                .unwrap();
            nats.client()
                .publish(request.reply.unwrap(), "in time".into())
                .await
                .unwrap();
        }
    );
    assert_eq!(second.unwrap().payload, "in time");
}

#[tokio::test]
async fn too_large_a_payload_is_an_error() {
    let server = start_server().await;
    let nats = connect_to(&server, "caller").await;
    let payload = vec![b'x'; nats.client().max_payload() + 1].into();
    let error = nats
        .request("echo", HeaderMap::new(), payload, CEILING)
        .await
        .unwrap_err();
    assert!(matches!(error, RequestError::Other { .. }), "{error}");
}

#[tokio::test]
async fn a_frozen_server_delays_no_request_beyond_its_limit() {
    let mut server = start_server().await;
    let nats = connect_to(&server, "caller").await;
    serve_echo(&nats, "echo").await;
    server.running().unwrap().pause().unwrap();
    let (start, limit) = (Instant::now(), Duration::from_millis(500));
    // These are more bytes than the queue of the client and the buffers of the socket can hold.
    let payload = bytes::Bytes::from(vec![b'x'; 64 * 1024]);
    let requests = (0..2_000).map(|_| nats.request("echo", HeaderMap::new(), payload.clone(), limit));
    let answers = timeout(CEILING, join_all(requests)).await.unwrap();
    let elapsed = start.elapsed();
    assert!(
        answers
            .iter()
            .all(|answer| matches!(answer, Err(RequestError::TimedOut { .. })))
    );
    assert!(elapsed < Duration::from_secs(10), "{elapsed:?}");
    assert_eq!(nats.requests_in_flight(), 0);
    server.running().unwrap().resume().unwrap();
    until("an answer after the server is resumed", CEILING, async || {
        nats.request("echo", HeaderMap::new(), "x".into(), Duration::from_secs(1))
            .await
            .map(drop)
    })
    .await;
}
