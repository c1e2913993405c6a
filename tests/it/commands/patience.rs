//! Long work that meets a gateway that says when to come back.

use std::time::Duration;

use serde_json::{Value, json};

use super::scripted::{Reply, Scripted};

/// A page of which there are more.
fn page() -> Reply {
    Reply::Page(json!({ "checked": 100, "skipped": 0, "findings": [], "owed": 100, "next": "u-1" }))
}

fn last_page() -> Reply {
    Reply::Page(json!({ "checked": 1, "skipped": 0, "findings": [], "owed": 1 }))
}

#[tokio::test]
async fn long_work_comes_back_after_the_pause_that_the_gateway_names() {
    for arguments in [["drift", "--json"], ["dry-run", "--json"], ["resync", "--all"]] {
        let busy = [Reply::Not("not-comparing", 1), Reply::Not("overloaded", 0)];
        let script = [page()].into_iter().chain(busy).chain([last_page()]);
        let gateway = Scripted::start(script).await;
        let yes = if arguments[0] == "resync" {
            &["--yes"][..]
        } else {
            &[]
        };
        let typed = gateway.command(&[&arguments, yes].concat()).await;
        assert_eq!(typed.code, 0, "{typed:?}");
        assert!(typed.output.contains("101"), "{typed:?}");
        let asked = gateway.asked();
        let afters: Vec<_> = asked.iter().map(|asked| &asked.body["after"]).collect();
        let again = json!("u-1");
        assert_eq!(afters, [&Value::Null, &again, &again, &again]);
        assert_eq!(asked[3].path, format!("POST /sync/{}", arguments[0]));
        assert!(asked[2].at - asked[1].at >= Duration::from_secs(1), "{asked:?}");
    }
}

#[tokio::test]
async fn a_gateway_that_stays_busy_is_asked_a_few_times_and_what_was_done_is_told() {
    let busy = (0..11).map(|_| Reply::Not("not-comparing", 0));
    let gateway = Scripted::start([page()].into_iter().chain(busy)).await;
    let typed = gateway.command(&["drift", "--json"]).await;
    assert_eq!(typed.code, 3, "{typed:?}");
    assert_eq!(typed.json()["next"], "u-1");
    assert!(typed.errors.contains("it is not-comparing"), "{typed:?}");
    assert_eq!(gateway.asked().len(), 12);
}

#[tokio::test]
async fn who_has_only_begun_or_would_have_to_wait_for_long_is_told_at_once() {
    let gateway = Scripted::start([Reply::Not("not-comparing", 1)]).await;
    let typed = gateway.command(&["drift"]).await;
    assert_eq!((typed.code, gateway.asked().len()), (3, 1), "{typed:?}");
    let gateway = Scripted::start([page(), Reply::Not("unavailable", 3_600)]).await;
    let typed = gateway.command(&["drift"]).await;
    assert_eq!((typed.code, gateway.asked().len()), (3, 2), "{typed:?}");
}

#[tokio::test]
async fn a_retry_comes_back_in_the_middle_too() {
    let page = |next: Option<&str>| Reply::Page(json!({ "retried": 1, "left": 0, "next": next }));
    let summary = Reply::Page(json!({ "troubled": 2, "troubles": [] }));
    let busy = Reply::Not("unavailable", 0);
    let gateway = Scripted::start([summary, page(Some("3:A:1")), busy, page(None)]).await;
    let typed = gateway
        .command(&["retry", "--state", "parked", "--yes", "--json"])
        .await;
    assert_eq!(
        (typed.code, typed.json()),
        (0, json!({ "retried": 2, "left": 0 }))
    );
}
