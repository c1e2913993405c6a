//! How long the gateway waits for the user service, and its response if there is no answer.

use std::time::{Duration, Instant};

use api_gateway::Limits;
use contracts::{ErrorCode, SenderTry, headers};

use crate::harness::{Gateway, problem, slug};
use crate::scripted_user_service::{Reaction, ReceivedRequest, ScriptedUserService, reject, updated, user};

const DEADLINE: Duration = Duration::from_millis(1_500);

async fn gateway() -> Gateway {
    Gateway::start_with(Limits {
        deadline: DEADLINE,
        ..Limits::default()
    })
    .await
}

#[tokio::test]
async fn after_two_silent_tries_the_outcome_is_unknown() {
    let gateway = gateway().await;
    let scripted_user_service = ScriptedUserService::start(&gateway, vec![Reaction::Silence]).await;
    let start = Instant::now();
    let response = gateway.valid_change().send().await.unwrap();
    assert_eq!(response.status(), 504);
    assert!(start.elapsed() >= DEADLINE, "{:?}", start.elapsed());
    let document = problem(response).await;
    assert_eq!(slug(&document), "outcome-unknown");
    assert!(
        document["detail"]
            .as_str()
            .unwrap()
            .contains("may have been accepted"),
        "{document}"
    );

    let requests = scripted_user_service.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[0].body.get("idempotencyKey").is_none());
    let tries: Vec<SenderTry> = requests
        .iter()
        .map(|request| serde_json::from_value(request.body["senderTry"].clone()).unwrap())
        .collect();
    assert_eq!(tries[0].number, tries[1].number);
    assert_eq!(tries[0].first_try_age_ms, None);
    let age_ms = tries[1].first_try_age_ms.unwrap();
    assert!((900..1_500).contains(&age_ms), "{age_ms}");
    let without_try = |request: &ReceivedRequest| {
        let mut body = request.body.clone();
        body.as_object_mut().unwrap().remove("senderTry");
        body
    };
    assert_eq!(without_try(&requests[0]), without_try(&requests[1]));
}

#[tokio::test]
async fn each_change_has_a_number_and_both_tries_the_callers_key() {
    let gateway = gateway().await;
    let script = vec![
        Reaction::Answer(updated(7)),
        Reaction::Silence,
        Reaction::Answer(updated(8)),
    ];
    let scripted_user_service = ScriptedUserService::start(&gateway, script).await;
    for _ in 0..2 {
        let change = gateway.valid_change().header("idempotency-key", "my-key");
        assert_eq!(change.send().await.unwrap().status(), 200);
    }
    let requests = scripted_user_service.requests();
    assert!(
        requests
            .iter()
            .all(|request| request.body["idempotencyKey"] == "my-key")
    );
    let numbers: Vec<_> = requests
        .iter()
        .map(|request| &request.body["senderTry"]["number"])
        .collect();
    assert_ne!(numbers[0], numbers[1], "two changes");
    assert_eq!(numbers[1], numbers[2], "two tries of one change");
}

#[tokio::test]
async fn both_tries_have_remaining_and_sending_time() {
    let gateway = gateway().await;
    let scripted_user_service =
        ScriptedUserService::start(&gateway, vec![Reaction::Silence, Reaction::Answer(updated(7))]).await;
    assert_eq!(gateway.valid_change().send().await.unwrap().status(), 200);

    let requests = scripted_user_service.requests();
    let left: Vec<_> = requests
        .iter()
        .map(|requests| requests.number(headers::TIME_LEFT_MS))
        .collect();
    assert_eq!(left[0], 900);
    assert!(left[1] <= 600, "{left:?}");
    let (first, second) = (requests[0].sent(), requests[1].sent());
    assert_eq!(first.0, second.0, "one clock");
    assert!(second.1 >= first.1 + 900, "{first:?}, {second:?}");
}

#[tokio::test]
async fn a_second_try_that_did_nothing_leaves_the_outcome_unknown() {
    for second in [
        reject(ErrorCode::Unavailable),
        reject(ErrorCode::Expired),
        reject(ErrorCode::OutcomeUnknown),
        Reaction::Nonsense,
    ] {
        let gateway = gateway().await;
        ScriptedUserService::start(&gateway, vec![Reaction::Silence, second]).await;
        let response = gateway.valid_change().send().await.unwrap();
        assert_eq!(slug(&problem(response).await), "outcome-unknown");
    }
    let gateway = gateway().await;
    ScriptedUserService::start(&gateway, vec![Reaction::Leave]).await;
    let response = gateway.valid_change().send().await.unwrap();
    assert_eq!(slug(&problem(response).await), "outcome-unknown");
}

#[tokio::test]
async fn a_decision_on_the_second_try_is_the_outcome() {
    let gateway = gateway().await;
    ScriptedUserService::start(&gateway, vec![Reaction::Silence, reject(ErrorCode::KeyReused)]).await;
    let response = gateway.valid_change().send().await.unwrap();
    assert_eq!(response.status(), 422);
}

#[tokio::test]
async fn an_expired_request_is_sent_once_more() {
    let gateway = gateway().await;
    let script = vec![
        reject(ErrorCode::Expired),
        Reaction::Answer(updated(7)),
        reject(ErrorCode::Expired),
    ];
    let scripted_user_service = ScriptedUserService::start(&gateway, script).await;
    assert_eq!(gateway.valid_change().send().await.unwrap().status(), 200);
    let requests = scripted_user_service.requests();
    assert_ne!(
        requests[0].sent().0,
        requests[1].sent().0,
        "what was said to be late in time is not compared again"
    );
    let response = gateway.valid_change().send().await.unwrap();
    assert_eq!(
        (response.status().as_u16(), slug(&problem(response).await)),
        (503, "expired")
    );
    assert_eq!(scripted_user_service.requests().len(), 4);
}

#[tokio::test]
async fn a_get_without_a_response_gets_504() {
    let gateway = gateway().await;
    ScriptedUserService::start(
        &gateway,
        vec![Reaction::Silence, Reaction::Answer(user(7)), Reaction::Silence],
    )
    .await;
    assert_eq!(gateway.get("/users/1").await.status(), 200);
    let response = gateway.get("/users/1").await;
    assert_eq!(response.status(), 504);
    assert_eq!(slug(&problem(response).await), "no-answer");
}
