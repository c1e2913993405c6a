//! Start, discovery and shutdown.

use contracts::ErrorCode;
use contracts::access;
use futures_util::future::join_all;

use crate::stack::{CEILING, Stack, ada};

#[tokio::test]
async fn the_services_framework_lists_the_endpoints() {
    let (stack, service) = Stack::serving(&[]).await;
    let answer = stack
        .client
        .request("$SRV.INFO.user", async_nats::HeaderMap::new(), "".into(), CEILING)
        .await
        .unwrap();
    let info: serde_json::Value = serde_json::from_slice(&answer.payload).unwrap();
    let endpoints = info["endpoints"].as_array().unwrap();
    let mut subjects: Vec<_> = endpoints
        .iter()
        .map(|endpoint| endpoint["subject"].as_str().unwrap())
        .collect();
    subjects.sort_unstable();
    let mut expected: Vec<&str> = access::USER.answers().collect();
    expected.sort_unstable();
    assert_eq!(subjects, expected);
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_shutdown_answers_all_and_wakes_users_it_accepted() {
    let (stack, service) = Stack::serving(&[]).await;
    let names: Vec<String> = (0..100).map(|user| format!("u{user}")).collect();
    let updates: Vec<_> = names.iter().map(|user| ada(user)).collect();
    let shutdown = service.shutdown.clone();
    let asks = updates.iter().map(|update| async {
        let answer = stack.update(update).await;
        // The first answer starts the shutdown while the other changes are in flight.
        shutdown.trigger();
        answer
    });
    let answers = join_all(asks).await;
    service.stop().await.unwrap();
    let mut accepted = Vec::new();
    for (name, answer) in names.iter().zip(&answers) {
        match answer {
            Ok(_) => accepted.push(name.as_str()),
            Err(error) => assert_eq!(error.code, ErrorCode::Unavailable, "{name}: {error:?}"),
        }
    }
    accepted.sort_unstable();
    stack.wait_for_wake_ups(&accepted).await;
    let service = stack.serve().await;
    for name in accepted {
        assert_eq!(stack.get(name).await.unwrap().version, 1);
    }
    service.stop().await.unwrap();
}
