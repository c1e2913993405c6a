//! Without NATS or a user service, the response is 503 at once.

use std::time::{Duration, Instant};

use api_gateway::Limits;
use contracts::access::API_GATEWAY;
use contracts::{Request, UpdateUser};
use testing::nats::{NatsServer, Options};
use testing::wait::until;

use crate::harness::{CEILING, Gateway, problem, slug};
use crate::scripted_user_service::{Reaction, ScriptedUserService, updated};

/// Far shorter than the deadline, and far longer than a rejection takes on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(2);

async fn assert_rejected_at_once(gateway: &Gateway) {
    let start = Instant::now();
    let response = gateway.valid_change().send().await.unwrap();
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
    assert_eq!(response.status(), 503);
    assert_eq!(response.headers()["retry-after"], "1");
    assert_eq!(slug(&problem(response).await), "unavailable");
}

#[tokio::test]
async fn without_a_user_service_changes_get_503_at_once() {
    let gateway = Gateway::start().await;
    assert_rejected_at_once(&gateway).await;
}

#[tokio::test]
async fn while_nats_is_down_changes_get_503_and_are_not_sent_later() {
    let mut gateway = Gateway::start().await;
    gateway.nats.kill().await.unwrap();
    gateway.wait_until_check("nats", false).await;
    for _ in 0..3 {
        assert_rejected_at_once(&gateway).await;
    }
    gateway.nats.restart().await.unwrap();
    let scripted_user_service =
        ScriptedUserService::start(&gateway, vec![Reaction::Answer(updated(7))]).await;
    until("a change to be accepted again", CEILING, async || {
        gateway.valid_change().send().await.unwrap().status() == 200
    })
    .await;
    assert_eq!(scripted_user_service.requests().len(), 1);
}

#[tokio::test]
async fn before_nats_starts_changes_get_503() {
    let mut nats = NatsServer::start(Options::default()).await.unwrap();
    nats.stop().await.unwrap();
    let mut gateway = Gateway::start_before_nats(Limits::default(), nats).await;
    assert_rejected_at_once(&gateway).await;
    assert_eq!(gateway.get("/healthz").await.status(), 200);
    assert_eq!(gateway.get("/readyz").await.status(), 503);
    gateway.nats.restart().await.unwrap();
    gateway.wait_until_check("nats", true).await;
}

#[tokio::test]
async fn rejected_credentials_stop_the_gateway_with_the_reason() {
    let options = Options {
        token: Some("right".to_owned()),
        ..Options::default()
    };
    let nats = NatsServer::start(options).await.unwrap();
    let gateway = Gateway::start_before_nats(Limits::default(), nats).await;
    let error = gateway.stopped().await.unwrap_err();
    assert!(error.to_string().contains("refused the credentials"), "{error}");
}

#[tokio::test]
async fn a_forbidden_subject_stops_the_gateway_with_its_name() {
    let mut everything: Vec<&str> = API_GATEWAY.requests().collect();
    everything.push("$SRV.PING.user");
    let mut without_update = everything.clone();
    without_update.retain(|subject| *subject != UpdateUser::SUBJECT);
    let inbox = "_INBOX_api-gateway.>";
    let all_heard: Vec<&str> = API_GATEWAY.listens().chain([inbox]).collect();
    let all_but = |left_out| {
        let heard = all_heard.iter().copied();
        heard.filter(|subject| *subject != left_out).collect::<Vec<_>>()
    };
    for (publish, subscribe, forbidden) in [
        (&without_update, all_heard.clone(), Some("users.update")),
        (&everything, all_but(inbox), Some("_INBOX")),
        (&everything, all_but("hubspot.delivery"), Some("hubspot.delivery")),
        (&everything, all_but("users.accepted"), Some("users.accepted")),
        (&everything, all_but("users.resolved"), Some("users.resolved")),
        (
            &everything,
            all_but("users.fields.changed"),
            Some("users.fields.changed"),
        ),
        (&everything, all_heard.clone(), None),
    ] {
        let config = format!(
            r"authorization {{ users = [{{ user: gw, password: gw, permissions: {{
                publish: {publish:?}, subscribe: {subscribe:?} }} }}] }}"
        );
        let nats = NatsServer::start(Options {
            config,
            ..Options::default()
        })
        .await
        .unwrap();
        let credentials = [("NATS_USER", "gw"), ("NATS_PASSWORD", "gw")];
        let gateway = Gateway::start_as(Limits::default(), nats, &credentials).await;
        match forbidden {
            Some(subject) => {
                let error = gateway.stopped().await.unwrap_err().to_string();
                assert!(error.contains("forbids") && error.contains(subject), "{error}");
            }
            None => gateway.wait_until_check("nats", true).await,
        }
    }
}
