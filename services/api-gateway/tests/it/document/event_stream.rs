//! The events of the stream agree with the document.

use contracts::{
    CallLimits, DeliveryNotice, DeliveryStatus, Notice, ResolvedNotice, ResolvedUser, SyncState,
};
use reqwest::Response;
use tokio::time::timeout;

use super::complete_responses::{complete_response, id, time};
use super::spec::{Spec, events};
use crate::harness::{CEILING, Gateway};
use crate::scripted_user_service::{Reaction, ScriptedUserService};

#[tokio::test]
async fn events_with_all_optional_members_are_documented() {
    let spec = Spec::read();
    let schemas = &spec.0["paths"]["/sync/events"]["get"]["responses"]["200"]["content"]["text/event-stream"];
    let gateway = Gateway::start().await;
    let summary = complete_response("summarize").unwrap();
    ScriptedUserService::start(&gateway, vec![Reaction::Answer(summary)]).await;
    let mut response = gateway.get("/sync/events").await;
    let mut text = String::new();
    read_until(&mut response, &mut text, "event: hello").await;
    publish(&gateway).await;
    for piece in ["event: changes", "\"worker\":", "\"countedAt\":"] {
        read_until(&mut response, &mut text, piece).await;
    }
    for (name, data) in events(&text) {
        let schema_errors = spec.schema_errors(&schemas["x-events"][&name], &data);
        assert_eq!(schema_errors, [""; 0], "{name}: {data}");
    }
}

async fn read_until(response: &mut Response, text: &mut String, piece: &str) {
    while !text
        .split_once(piece)
        .is_some_and(|(_, rest)| rest.contains("\n\n"))
    {
        let chunk = timeout(CEILING, response.chunk()).await.expect(piece);
        text.push_str(std::str::from_utf8(&chunk.unwrap().unwrap()).unwrap());
    }
}

/// Publishes the notices of other services with all optional members.
async fn publish(gateway: &Gateway) {
    let line = DeliveryNotice {
        worker: "w".to_owned(),
        status: DeliveryStatus::Halted,
        message: "in words".to_owned(),
        cause: Some("token".to_owned()),
        code: Some("EXPIRED_AUTHENTICATION".to_owned()),
        correlation_id: Some("c-1".to_owned()),
        since: time(),
        calls: CallLimits {
            burst_max: Some(190),
            burst_left: Some(188),
            day_max: Some(625_000),
            day_left: Some(624_000),
        },
    };
    let resolved = ResolvedNotice {
        users: vec![ResolvedUser {
            user_id: id("1"),
            version: 7,
            state: SyncState::Confirmed,
        }],
    };
    let client = async_nats::connect(gateway.nats.url()).await.unwrap();
    for (subject, notice) in [
        (DeliveryNotice::SUBJECT, serde_json::to_vec(&line)),
        (ResolvedNotice::SUBJECT, serde_json::to_vec(&resolved)),
    ] {
        client.publish(subject, notice.unwrap().into()).await.unwrap();
    }
    client.flush().await.unwrap();
}
