//! Commands with many requests, against a gateway that answers 503 with `Retry-After`.

use std::time::Duration;

use serde_json::{Value, json};

use super::scripted_gateway::{Reply, ScriptedGateway};

/// A page that is not the last one.
fn page() -> Reply {
    Reply::Answer(json!({ "checked": 100, "skipped": 0, "findings": [], "resynced": 100, "next": "u-1" }))
}

fn last_page() -> Reply {
    Reply::Answer(json!({ "checked": 1, "skipped": 0, "findings": [], "resynced": 1 }))
}

#[tokio::test]
async fn a_command_waits_as_long_as_the_gateway_says() {
    for arguments in [["drift", "--json"], ["dry-run", "--json"], ["resync", "--all"]] {
        let busy = [
            Reply::Unavailable("not-comparing", 1),
            Reply::Unavailable("overloaded", 0),
        ];
        let script = [page()].into_iter().chain(busy).chain([last_page()]);
        let gateway = ScriptedGateway::start(script).await;
        let yes = if arguments[0] == "resync" {
            &["--yes"][..]
        } else {
            &[]
        };
        let result = gateway.command(&[&arguments, yes].concat()).await;
        assert_eq!(result.code, 0, "{result:?}");
        assert!(result.output.contains("101"), "{result:?}");
        let requests = gateway.requests();
        let afters: Vec<_> = requests.iter().map(|requests| &requests.body["after"]).collect();
        let again = json!("u-1");
        assert_eq!(afters, [&Value::Null, &again, &again, &again]);
        assert_eq!(requests[3].path, format!("POST /sync/{}", arguments[0]));
        assert!(
            requests[2].at - requests[1].at >= Duration::from_secs(1),
            "{requests:?}"
        );
    }
}

#[tokio::test]
async fn retries_of_a_busy_gateway_end_and_the_result_so_far_is_printed() {
    let busy = (0..11).map(|_| Reply::Unavailable("not-comparing", 0));
    let gateway = ScriptedGateway::start([page()].into_iter().chain(busy)).await;
    let result = gateway.command(&["drift", "--json"]).await;
    assert_eq!(result.code, 3, "{result:?}");
    assert_eq!(result.json()["next"], "u-1");
    assert!(result.errors.contains("it is not-comparing"), "{result:?}");
    assert_eq!(gateway.requests().len(), 12);
}

#[tokio::test]
async fn a_first_request_and_a_long_pause_are_not_waited_for() {
    let gateway = ScriptedGateway::start([Reply::Unavailable("not-comparing", 1)]).await;
    let result = gateway.command(&["drift"]).await;
    assert_eq!((result.code, gateway.requests().len()), (3, 1), "{result:?}");
    let gateway = ScriptedGateway::start([page(), Reply::Unavailable("unavailable", 3_600)]).await;
    let result = gateway.command(&["drift"]).await;
    assert_eq!((result.code, gateway.requests().len()), (3, 2), "{result:?}");
}

#[tokio::test]
async fn a_retry_waits_between_two_pages_too() {
    let page = |next: Option<&str>| Reply::Answer(json!({ "retried": 1, "skipped": 0, "next": next }));
    let summary = Reply::Answer(json!({ "usersWithProblems": 2, "problems": [] }));
    let busy = Reply::Unavailable("unavailable", 0);
    let gateway = ScriptedGateway::start([summary, page(Some("3:A:1")), busy, page(None)]).await;
    let result = gateway
        .command(&["retry", "--state", "failed", "--yes", "--json"])
        .await;
    assert_eq!(
        (result.code, result.json()),
        (0, json!({ "retried": 2, "skipped": 0 }))
    );
}
