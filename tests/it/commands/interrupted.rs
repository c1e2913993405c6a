//! Long work that breaks off: what was done is told, and how to go on.

use serde_json::{Value, json};

use super::{
    scripted::{Reply, Scripted},
    typed::Typed,
};

/// A page of a comparison with one finding.
fn page(user: &str, next: Option<&str>) -> Reply {
    let mut page = json!({
        "checked": 99, "skipped": 1, "findings": [{ "userId": user, "finding": "changed", "contactId": "51" }]
    });
    if let Some(next) = next {
        page["next"] = next.into();
    }
    Reply::Page(page)
}

impl Typed {
    #[track_caller]
    fn assert_tells(&self, output: &[&str], errors: &[&str]) {
        for words in output {
            assert!(self.output.contains(words), "{words}: {self:?}");
        }
        for words in errors {
            assert!(self.errors.contains(words), "{words}: {self:?}");
        }
    }
}

#[tokio::test]
async fn a_comparison_that_loses_its_gateway_tells_what_it_found_and_how_to_go_on() {
    for json in [false, true] {
        let pages = [page("7", Some("u-1")), page("8", Some("u-2")), Reply::BreakOff];
        let gateway = Scripted::start(pages).await;
        let format = if json { &["--json"][..] } else { &[] };
        let typed = gateway.command(&[&["drift", "--values"], format].concat()).await;
        assert_eq!(typed.code, 3, "{typed:?}");
        typed.assert_tells(
            &[],
            &["no gateway at", "go on with: hubsync drift --values --after u-2"],
        );
        if json {
            let found = typed.json();
            let expected = json!({
                "checked": 198, "skipped": 2, "repaired": 0, "left": 0, "partial": true, "next": "u-2",
                "findings": [
                    { "userId": "7", "finding": "changed", "contactId": "51" },
                    { "userId": "8", "finding": "changed", "contactId": "51" }
                ]
            });
            assert_eq!(found, expected);
        } else {
            typed.assert_tells(
                &["so far", "198 users compared", "2 changed in HubSpot", "7 ", "8 "],
                &[],
            );
        }
    }
}

#[tokio::test]
async fn a_comparison_that_is_stopped_by_hand_tells_what_it_found_and_how_to_go_on() {
    let gateway = Scripted::start([page("7", Some("u-1")), Reply::Silence]).await;
    let running = gateway.begin(&["dry-run", "--json"]);
    gateway.wait_until_asked(2).await;
    running.interrupt();
    let typed = running.ended().await;
    assert_eq!(typed.code, 1, "{typed:?}");
    typed.assert_tells(&[], &["stopped", "go on with: hubsync dry-run --after u-1"]);
    let found = typed.json();
    assert_eq!(
        (&found["partial"], &found["next"], &found["checked"]),
        (&json!(true), &json!("u-1"), &json!(99))
    );
}

#[tokio::test]
async fn a_comparison_of_many_named_users_tells_which_of_them_are_done() {
    let gateway = Scripted::start([page("1", None), Reply::BreakOff]).await;
    let users: Vec<_> = (1..=102).map(|user| user.to_string()).collect();
    let mut arguments = vec!["drift", "--json"];
    arguments.extend(users.iter().map(String::as_str));
    let typed = gateway.command(&arguments).await;
    assert_eq!(typed.code, 3, "{typed:?}");
    typed.assert_tells(&[], &["the first 100 of the 102 users named", "from user 101 on"]);
    assert_eq!(typed.json()["remaining"], json!(["101", "102"]));
}

#[tokio::test]
async fn what_was_never_begun_has_nothing_to_tell() {
    let gateway = Scripted::start([Reply::BreakOff]).await;
    let typed = gateway.command(&["drift", "--json"]).await;
    assert_eq!((typed.code, typed.output.as_str()), (3, ""), "{typed:?}");
    assert!(!typed.errors.contains("go on"), "{typed:?}");
}

#[tokio::test]
async fn findings_are_printed_as_json_while_others_are_looked_for() {
    let pages = [page("7", Some("u-1")), page("8", Some("u-2")), Reply::Silence];
    let gateway = Scripted::start(pages).await;
    let mut running = gateway.begin(&["drift", "--json"]);
    let lines = [running.next_line().await, running.next_line().await];
    running.interrupt();
    let rest = running.ended().await.output;
    let found: Value = serde_json::from_str(&format!("{}{rest}", lines.concat())).unwrap();
    assert_eq!(found["findings"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn nothing_more_is_repaired_once_nobody_reads_what_was() {
    let pages = [page("7", Some("u-1")), page("8", Some("u-2")), page("9", None)];
    let gateway = Scripted::start(pages).await;
    let mut running = gateway.begin(&["drift", "--repair", "--yes", "--json"]);
    running.stop_reading();
    let typed = running.ended().await;
    assert_eq!(typed.code, 1, "{typed:?}");
    let go_on = format!("go on with: hubsync drift --repair --url {}", gateway.url);
    typed.assert_tells(&[], &[&go_on]);
    assert_eq!(gateway.asked().len(), 1);
}

#[tokio::test]
async fn a_comparison_that_came_to_its_end_is_not_marked_as_a_part() {
    let gateway = Scripted::start([page("7", Some("u-1")), page("8", None)]).await;
    let typed = gateway.command(&["drift", "--json"]).await;
    assert_eq!(typed.code, 1, "{typed:?}");
    let found = typed.json();
    assert_eq!(
        (&found["partial"], &found["checked"]),
        (&Value::Null, &json!(198))
    );
    let asked = gateway.asked().into_iter();
    let afters: Vec<_> = asked.map(|asked| asked.body["after"].clone()).collect();
    assert_eq!(afters, [Value::Null, json!("u-1")]);
}

/// What is counted before anybody is tried again.
fn summary() -> Reply {
    Reply::Page(json!({ "troubled": 9, "troubles": [{ "state": "parked", "reason": "A B", "users": 9 }] }))
}

fn retried(next: Option<&str>) -> Reply {
    Reply::Page(json!({ "retried": 4, "left": 1, "next": next }))
}

#[tokio::test]
async fn a_retry_that_breaks_off_tells_what_it_did_and_goes_on_from_there() {
    let gateway = Scripted::start([summary(), retried(Some("3:A B:7")), Reply::BreakOff]).await;
    let retry = ["retry", "--yes", "--state", "parked", "--reason", "A B"];
    let typed = gateway.command(&retry).await;
    assert_eq!(typed.code, 3, "{typed:?}");
    let advice = "go on with: hubsync retry --state parked --reason 'A B' --after '3:A B:7'";
    typed.assert_tells(&["so far", "4 users tried again, 1 left alone"], &[advice]);

    let gateway = Scripted::start([summary(), retried(None)]).await;
    let typed = gateway
        .command(&[&retry[..], &["--after", "3:A B:7", "--json"]].concat())
        .await;
    assert_eq!(
        (typed.code, typed.json()),
        (0, json!({ "retried": 4, "left": 1 }))
    );
    assert_eq!(
        gateway.asked()[1].body,
        json!({ "state": "parked", "reason": "A B", "after": "3:A B:7" })
    );
}

#[tokio::test]
async fn a_retry_of_all_that_is_stopped_by_hand_tells_of_each_state_that_is_left() {
    let gateway = Scripted::start([summary(), retried(None), retried(None), Reply::Silence]).await;
    let running = gateway.begin(&["retry", "--all", "--yes", "--json"]);
    gateway.wait_until_asked(4).await;
    running.interrupt();
    let typed = running.ended().await;
    assert_eq!(typed.code, 1, "{typed:?}");
    let url = &gateway.url;
    let advice = format!(
        "go on with: hubsync retry --state parked --url {url}\nthen with: hubsync retry --state missing --url {url}\n"
    );
    typed.assert_tells(&[], &[&advice]);
    let expected = json!({ "retried": 8, "left": 2, "partial": true, "state": "parked" });
    assert_eq!(typed.json(), expected);
}

#[tokio::test]
async fn named_users_of_whom_some_are_done_are_told_from_the_others() {
    let users: Vec<_> = (1..=402).map(|user| user.to_string()).collect();
    for command in ["retry", "resync"] {
        let done = || Reply::Page(json!({ "retried": 200, "owed": 200, "left": 0, "shared": 0 }));
        let gateway = Scripted::start([done(), done(), Reply::BreakOff]).await;
        let mut arguments = vec![command, "--json"];
        arguments.extend(users.iter().map(String::as_str));
        let typed = gateway.command(&arguments).await;
        assert_eq!(typed.code, 3, "{typed:?}");
        typed.assert_tells(
            &["400"],
            &[
                "the first 400 of the 402 users named are done",
                "from user 401 on",
            ],
        );
        let done = typed.json();
        assert_eq!(
            (&done["partial"], &done["remaining"]),
            (&json!(true), &json!(["401", "402"]))
        );
    }
}

#[tokio::test]
async fn a_resync_that_breaks_off_tells_what_it_did() {
    let page = Reply::Page(json!({ "owed": 5, "shared": 0, "left": 0, "next": "-7" }));
    let gateway = Scripted::start([page, Reply::BreakOff]).await;
    let typed = gateway.command(&["resync", "--all", "--yes"]).await;
    assert_eq!(typed.code, 3, "{typed:?}");
    typed.assert_tells(
        &["so far", "5 users sent once more"],
        &["go on with: hubsync resync --all --after=-7"],
    );
}
