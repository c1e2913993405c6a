//! `GET /sync/events`: the stream that browsers watch.

mod browser;
mod resuming;

use std::time::Duration;

use api_gateway::Limits;
use contracts::{AcceptedNotice, AcceptedUser, Notice, ResolvedNotice, ResolvedUser, SyncState};
use serde::Serialize;
use serde_json::{Value, json};
use testing::wait::until;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::harness::{CEILING, Gateway, problem, slug};
use crate::scripted_user_service::{Reaction, ScriptedUserService};
use browser::Browser;

/// Publishes notices in place of the services.
struct Publisher {
    client: async_nats::Client,
}

impl Publisher {
    async fn start(gateway: &Gateway) -> Self {
        let client = async_nats::connect(gateway.nats.url()).await.unwrap();
        Self { client }
    }

    async fn publish(&self, subject: &'static str, notice: &impl Serialize) {
        let payload = serde_json::to_vec(notice).unwrap();
        self.client.publish(subject, payload.into()).await.unwrap();
        self.client.flush().await.unwrap();
    }

    async fn accept(&self, user: &str, version: u64) {
        let user_id = user.parse().unwrap();
        let users = vec![AcceptedUser { user_id, version }];
        let notice = AcceptedNotice { changes: 1, users };
        self.publish(AcceptedNotice::SUBJECT, &notice).await;
    }

    async fn resolve(&self, user: &str, version: u64) {
        let user = ResolvedUser {
            user_id: user.parse().unwrap(),
            version,
            state: SyncState::Confirmed,
        };
        let notice = ResolvedNotice { users: vec![user] };
        self.publish(ResolvedNotice::SUBJECT, &notice).await;
    }
}

#[tokio::test]
async fn a_browser_sees_a_change_from_pending_to_its_result() {
    let gateway = Gateway::start().await;
    let publisher = Publisher::start(&gateway).await;
    let mut browser = Browser::open(&gateway).await;
    assert_eq!(browser.next_named("hello").await.data["resumed"], false);
    publisher.accept("u1", 7).await;
    let changes = without_time(browser.next_named("changes").await.data);
    let seen = json!([{ "userId": "u1", "version": 7, "state": "pending" }]);
    assert_eq!(changes, json!({ "accepted": 1, "resolved": {}, "users": seen }));
    publisher.resolve("u1", 7).await;
    let changes = without_time(browser.next_named("changes").await.data);
    let seen = json!([{ "userId": "u1", "version": 7, "state": "confirmed" }]);
    assert_eq!(
        changes,
        json!({ "accepted": 0, "resolved": { "confirmed": 1 }, "users": seen })
    );
}

#[tokio::test]
async fn a_browser_misses_nothing_after_its_greeting() {
    // The first browser starts the subscription. This is repeated, since a gap would be short.
    for _ in 0..12 {
        let gateway = Gateway::start().await;
        let publisher = Publisher::start(&gateway).await;
        let mut browser = Browser::open(&gateway).await;
        browser.next_named("hello").await;
        publisher.accept("u1", 1).await;
        let changes = timeout(CEILING, browser.next_named("changes")).await;
        assert_eq!(changes.expect("the change").data["accepted"], 1);
    }
}

fn without_time(mut data: Value) -> Value {
    let at = data.as_object_mut().unwrap().remove("at");
    assert!(at.is_some_and(|at| at.is_string()), "{data}");
    data
}

#[tokio::test]
async fn the_status_is_sent_every_second() {
    let gateway = Gateway::start().await;
    let summary = json!({
        "pending": 3, "resending": 0, "problems": [], "usersWithProblems": 0, "countedAt": "2026-11-26T12:00:00.000Z"
    });
    let _users = ScriptedUserService::start(&gateway, vec![Reaction::Answer(summary.clone())]).await;
    gateway.wait_until_check("user", true).await;
    let mut browser = Browser::open(&gateway).await;
    for _ in 0..2 {
        let status = browser.next_named("status").await.data;
        assert_eq!(status["users"], summary, "{status}");
        assert_eq!(status["gateway"]["ready"], true, "{status}");
        assert_eq!(status["delivery"]["workers"], 0, "{status}");
    }
}

#[tokio::test]
async fn a_missing_user_service_is_reported() {
    let gateway = Gateway::start().await;
    let mut browser = Browser::open(&gateway).await;
    let status = browser.next_named("status").await.data;
    assert_eq!(status["gateway"]["ready"], false, "{status}");
    assert!(
        status["problem"].as_str().unwrap().contains("user service"),
        "{status}"
    );
    assert!(status.get("users").is_none(), "{status}");
}

#[tokio::test]
async fn a_silent_user_service_does_not_silence_the_gateway() {
    let gateway = Gateway::start().await;
    let _users = ScriptedUserService::start(&gateway, vec![Reaction::Silence]).await;
    let mut browser = Browser::open(&gateway).await;
    for _ in 0..2 {
        let status = browser.next_named("status").await.data;
        assert!(
            status["problem"].as_str().unwrap().contains("in time"),
            "{status}"
        );
    }
}

#[tokio::test]
async fn a_browser_that_does_not_read_misses_events() {
    // A browser that reads nothing for this time would lose its connection.
    let gateway = Gateway::start_with(Limits {
        read_timeout: CEILING,
        ..Limits::default()
    })
    .await;
    let publisher = Publisher::start(&gateway).await;
    let mut slow = slow_browser(&gateway).await;
    let mut other = Browser::open(&gateway).await;
    other.next_named("hello").await;
    // An event has a few kilobytes; the buffers of the slow browser hold some dozens of them.
    let mut seen = 0;
    let mut number = 0;
    while seen < 120 {
        number += 1;
        publisher
            .publish(ResolvedNotice::SUBJECT, &many_resolved(number))
            .await;
        other.next_named("changes").await;
        seen += 1;
    }
    let text = read_until(&mut slow, "event: dropped").await;
    assert!(
        text.matches("event: changes").count() < seen,
        "nothing was left out"
    );
}

/// Users with the longest ids, so that events are large.
fn many_resolved(number: usize) -> ResolvedNotice {
    let user = |index: usize| ResolvedUser {
        user_id: format!("{number:032}{index:032}").parse().unwrap(),
        version: 1,
        state: SyncState::Confirmed,
    };
    ResolvedNotice {
        users: (0..100).map(user).collect(),
    }
}

/// Opens a connection with the smallest buffers, which reads nothing.
async fn slow_browser(gateway: &Gateway) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(gateway.address).await.unwrap();
    let request = "GET /sync/events HTTP/1.1\r\nHost: gateway\r\n\r\n";
    stream.write_all(request.as_bytes()).await.unwrap();
    read_until(&mut stream, "event: hello").await;
    stream
}

/// Reads from the gateway until this text arrives.
async fn read_until(stream: &mut TcpStream, text_to_find: &str) -> String {
    let mut text = Vec::new();
    let reading = async {
        while !String::from_utf8_lossy(&text).contains(text_to_find) {
            let read = stream.read_buf(&mut text).await.unwrap();
            assert!(read > 0, "the stream ended without {text_to_find:?}");
        }
    };
    timeout(CEILING, reading).await.expect("the text arrives in time");
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn browsers_above_the_limit_get_503_until_a_place_is_free() {
    let gateway = Gateway::start().await;
    let mut browsers = Vec::new();
    for _ in 0..256 {
        browsers.push(Browser::open(&gateway).await);
    }
    let rejected = gateway.get("/sync/events").await;
    assert_eq!(rejected.status(), 503);
    assert_eq!(slug(&problem(rejected).await), "overloaded");
    browsers.pop();
    until("a place to be free", CEILING, async || {
        let status = gateway.get("/sync/events").await.status();
        if status == 200 { Ok(()) } else { Err(status) }
    })
    .await;
}

#[tokio::test]
async fn open_streams_do_not_delay_the_shutdown() {
    let gateway = Gateway::start().await;
    let mut browser = Browser::open(&gateway).await;
    browser.next_named("hello").await;
    gateway.stop();
    while browser.next().await.is_some() {}
    timeout(Duration::from_secs(5), gateway.stopped())
        .await
        .expect("it stops before requests are cut off")
        .unwrap();
}
