//! Typed calls: the answer or the error, and the context that is passed along.

use std::{sync::Arc, time::Duration};

use contracts::{ErrorCode, GetUser, Request, RequestContext, ServiceError, User, Values};
use futures_util::StreamExt;
use runtime::nats::{CallError, Caller, Endpoints, Nats};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::support::{CEILING, connect_to, start_server};

fn ada() -> GetUser {
    GetUser {
        user_id: "ada".parse().unwrap(),
    }
}

fn context() -> RequestContext {
    RequestContext {
        request_id: "r-1".into(),
        traceparent: Some("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01".into()),
    }
}

/// Serves requests for users. The answer contains the context of the request.
async fn serve(nats: &Nats) -> CancellationToken {
    let stop = CancellationToken::new();
    let endpoints = Endpoints::start(nats, "user", "a test", "0.1.0", stop.clone())
        .await
        .unwrap();
    let answer = async |request: GetUser, caller: Caller| -> Result<User, ServiceError> {
        if request.user_id.as_str() != "ada" {
            return Err(ServiceError::new(ErrorCode::UserNotFound, "nobody"));
        }
        let context = caller
            .context
            .map(|context| format!("{} {:?}", context.request_id, context.traceparent));
        Ok(User {
            user_id: request.user_id,
            values: Values::new(),
            version: 1,
            updated_at: context.unwrap_or_default(),
        })
    };
    endpoints.add::<GetUser, _>(answer).await.unwrap();
    tokio::spawn(endpoints.finish());
    // Once the service answers a request of its own, the server has its subscriptions.
    nats.call(&ada(), CEILING, None).await.unwrap();
    stop
}

#[tokio::test]
async fn a_call_passes_its_context_and_gets_its_answer() {
    let server = start_server().await;
    let (service, nats) = (
        connect_to(&server, "service").await,
        connect_to(&server, "caller").await,
    );
    let _stop = serve(&service).await;
    let user = nats.call(&ada(), CEILING, Some(&context())).await.unwrap();
    assert_eq!(
        user.updated_at,
        "r-1 Some(\"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\")"
    );
    assert!(
        nats.clocks().ahead_ms(GetUser::SUBJECT).is_some(),
        "the answer has a time"
    );
}

#[tokio::test]
async fn an_error_of_the_service_keeps_its_code() {
    let server = start_server().await;
    let (service, nats) = (
        connect_to(&server, "service").await,
        connect_to(&server, "caller").await,
    );
    let _stop = serve(&service).await;
    let request = GetUser {
        user_id: "bob".parse().unwrap(),
    };
    let Err(CallError::Rejected { error, .. }) = nats.call(&request, CEILING, None).await else {
        panic!("bob exists")
    };
    assert_eq!(error.code, ErrorCode::UserNotFound);
}

#[tokio::test]
async fn an_expired_request_is_not_handled() {
    let server = start_server().await;
    let (service, nats) = (
        connect_to(&server, "service").await,
        connect_to(&server, "caller").await,
    );
    let _stop = serve(&service).await;
    let mut expired = async_nats::HeaderMap::new();
    expired.insert(contracts::headers::TIME_LEFT_MS, "0");
    let body = serde_json::to_vec(&ada()).unwrap();
    let answer = nats
        .request(GetUser::SUBJECT, expired, body.into(), CEILING)
        .await;
    let error = answer.unwrap_err().to_string();
    assert!(error.contains("expired"), "{error}");
}

#[tokio::test]
async fn an_error_says_whether_the_request_may_be_handled() {
    let server = start_server().await;
    let nats = connect_to(&server, "caller").await;
    let nobody = nats.call(&ada(), CEILING, None).await;
    assert!(matches!(nobody, Err(CallError::NotReceived(_))), "{nobody:?}");
    let mut silent = nats.client().subscribe(GetUser::SUBJECT).await.unwrap();
    let unanswered = nats.call(&ada(), Duration::from_millis(200), None).await;
    assert!(
        matches!(unanswered, Err(CallError::NoAnswer(_))),
        "{unanswered:?}"
    );
    silent.next().await.unwrap();
    let client = nats.client().clone();
    tokio::spawn(async move {
        let request = silent.next().await.unwrap();
        client
            .publish(request.reply.unwrap(), "nonsense".into())
            .await
            .unwrap();
    });
    let unreadable = nats.call(&ada(), CEILING, None).await;
    assert!(
        matches!(unreadable, Err(CallError::Unreadable(_))),
        "{unreadable:?}"
    );
}

#[tokio::test]
async fn a_running_request_is_answered_during_a_shutdown() {
    let server = start_server().await;
    // One connection for both, so that the server has the subscription before it gets the request.
    let nats = connect_to(&server, "service").await;
    let stop = CancellationToken::new();
    let endpoints = Endpoints::start(&nats, "user", "a test", "0.1.0", stop.clone())
        .await
        .unwrap();
    let (started, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let signals = (Arc::clone(&started), Arc::clone(&go_on));
    let answer = move |_: GetUser, _: Caller| {
        let (started, go_on) = signals.clone();
        async move {
            started.notify_one();
            go_on.notified().await;
            Err(ServiceError::new(ErrorCode::UserNotFound, "nobody"))
        }
    };
    endpoints.add::<GetUser, _>(answer).await.unwrap();
    let request = ada();
    let call = nats.call(&request, CEILING, None);
    let (answer, finished) = tokio::join!(call, async {
        let started = tokio::time::timeout(CEILING, started.notified());
        started.await.expect("the request arrives");
        stop.cancel();
        let finishing = endpoints.finish();
        go_on.notify_one();
        finishing.await
    });
    finished.unwrap();
    assert!(matches!(answer, Err(CallError::Rejected { .. })), "{answer:?}");
}
