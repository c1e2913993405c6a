//! Commands that are interrupted print what they have done and how to continue.

use serde_json::{Value, json};

use super::{
    process::CommandResult,
    scripted_gateway::{Reply, ScriptedGateway},
};

/// A page of a comparison with one finding.
fn page(user: &str, next: Option<&str>) -> Reply {
    let mut page = json!({
        "checked": 99, "skipped": 1, "findings": [{ "userId": user, "kind": "changed", "contactId": "51" }]
    });
    if let Some(next) = next {
        page["next"] = next.into();
    }
    Reply::Answer(page)
}

impl CommandResult {
    #[track_caller]
    fn assert_prints(&self, output: &[&str], errors: &[&str]) {
        for words in output {
            assert!(self.output.contains(words), "{words}: {self:?}");
        }
        for words in errors {
            assert!(self.errors.contains(words), "{words}: {self:?}");
        }
    }
}

#[tokio::test]
async fn a_comparison_that_loses_its_gateway_prints_how_to_continue() {
    for json in [false, true] {
        let pages = [
            page("7", Some("u-1")),
            page("8", Some("u-2")),
            Reply::CloseWhileAnswering,
        ];
        let gateway = ScriptedGateway::start(pages).await;
        let format = if json { &["--json"][..] } else { &[] };
        let result = gateway.command(&[&["drift", "--values"], format].concat()).await;
        assert_eq!(result.code, 3, "{result:?}");
        result.assert_prints(
            &[],
            &[
                "no gateway at",
                "continue with: hubsync drift --values --after u-2",
            ],
        );
        if json {
            let found = result.json();
            let expected = json!({
                "checked": 198, "skipped": 2, "repaired": 0, "changedMeanwhile": 0, "partial": true, "next": "u-2",
                "findings": [
                    { "userId": "7", "kind": "changed", "contactId": "51" },
                    { "userId": "8", "kind": "changed", "contactId": "51" }
                ]
            });
            assert_eq!(found, expected);
        } else {
            result.assert_prints(
                &[
                    "Incomplete",
                    "198 users compared",
                    "2 changed in HubSpot",
                    "7 ",
                    "8 ",
                ],
                &[],
            );
        }
    }
}

#[tokio::test]
async fn a_comparison_stopped_by_ctrl_c_prints_how_to_continue() {
    let gateway = ScriptedGateway::start([page("7", Some("u-1")), Reply::NoAnswer]).await;
    let running = gateway.begin(&["dry-run", "--json"]);
    gateway.wait_for_requests(2).await;
    running.interrupt();
    let result = running.wait().await;
    assert_eq!(result.code, 1, "{result:?}");
    result.assert_prints(&[], &["stopped", "continue with: hubsync dry-run --after u-1"]);
    let found = result.json();
    assert_eq!(
        (&found["partial"], &found["next"], &found["checked"]),
        (&json!(true), &json!("u-1"), &json!(99))
    );
}

#[tokio::test]
async fn a_comparison_of_named_users_lists_the_remaining_ones() {
    let gateway = ScriptedGateway::start([page("1", None), Reply::CloseWhileAnswering]).await;
    let users: Vec<_> = (1..=102).map(|user| user.to_string()).collect();
    let mut arguments = vec!["drift", "--json"];
    arguments.extend(users.iter().map(String::as_str));
    let result = gateway.command(&arguments).await;
    assert_eq!(result.code, 3, "{result:?}");
    result.assert_prints(&[], &["the first 100 of the 102 named users", "from user 101 on"]);
    assert_eq!(result.json()["remaining"], json!(["101", "102"]));
}

#[tokio::test]
async fn a_command_that_did_nothing_prints_no_result() {
    let gateway = ScriptedGateway::start([Reply::CloseWhileAnswering]).await;
    let result = gateway.command(&["drift", "--json"]).await;
    assert_eq!((result.code, result.output.as_str()), (3, ""), "{result:?}");
    assert!(!result.errors.contains("continue"), "{result:?}");
}

#[tokio::test]
async fn json_findings_are_printed_page_by_page() {
    let pages = [page("7", Some("u-1")), page("8", Some("u-2")), Reply::NoAnswer];
    let gateway = ScriptedGateway::start(pages).await;
    let mut running = gateway.begin(&["drift", "--json"]);
    let lines = [running.next_line().await, running.next_line().await];
    running.interrupt();
    let rest = running.wait().await.output;
    let found: Value = serde_json::from_str(&format!("{}{rest}", lines.concat())).unwrap();
    assert_eq!(found["findings"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_repair_stops_when_its_output_is_closed() {
    let pages = [page("7", Some("u-1")), page("8", Some("u-2")), page("9", None)];
    let gateway = ScriptedGateway::start(pages).await;
    let mut running = gateway.begin(&["drift", "--repair", "--yes", "--json"]);
    running.close_output();
    let result = running.wait().await;
    assert_eq!(result.code, 1, "{result:?}");
    let advice = format!("continue with: hubsync drift --repair --url {}", gateway.url);
    result.assert_prints(&[], &[&advice]);
    assert_eq!(gateway.requests().len(), 1);
}

#[tokio::test]
async fn a_complete_comparison_is_not_marked_as_partial() {
    let gateway = ScriptedGateway::start([page("7", Some("u-1")), page("8", None)]).await;
    let result = gateway.command(&["drift", "--json"]).await;
    assert_eq!(result.code, 1, "{result:?}");
    let found = result.json();
    assert_eq!(
        (&found["partial"], &found["checked"]),
        (&Value::Null, &json!(198))
    );
    let requests = gateway.requests().into_iter();
    let afters: Vec<_> = requests.map(|requests| requests.body["after"].clone()).collect();
    assert_eq!(afters, [Value::Null, json!("u-1")]);
}

/// The summary that a retry requests first.
fn summary() -> Reply {
    Reply::Answer(
        json!({ "usersWithProblems": 9, "problems": [{ "state": "failed", "reason": "A B", "users": 9 }] }),
    )
}

fn retried(next: Option<&str>) -> Reply {
    Reply::Answer(json!({ "retried": 4, "skipped": 1, "next": next }))
}

#[tokio::test]
async fn a_retry_continues_where_it_was_interrupted() {
    let gateway =
        ScriptedGateway::start([summary(), retried(Some("3:A B:7")), Reply::CloseWhileAnswering]).await;
    let retry = ["retry", "--yes", "--state", "failed", "--reason", "A B"];
    let result = gateway.command(&retry).await;
    assert_eq!(result.code, 3, "{result:?}");
    let advice = "continue with: hubsync retry --state failed --reason 'A B' --after '3:A B:7'";
    result.assert_prints(&["Incomplete", "4 users will be retried, 1 skipped"], &[advice]);

    let gateway = ScriptedGateway::start([summary(), retried(None)]).await;
    let result = gateway
        .command(&[&retry[..], &["--after", "3:A B:7", "--json"]].concat())
        .await;
    assert_eq!(
        (result.code, result.json()),
        (0, json!({ "retried": 4, "skipped": 1 }))
    );
    assert_eq!(
        gateway.requests()[1].body,
        json!({ "state": "failed", "reason": "A B", "after": "3:A B:7" })
    );
}

#[tokio::test]
async fn a_stopped_retry_of_all_names_each_remaining_state() {
    let gateway = ScriptedGateway::start([summary(), retried(None), retried(None), Reply::NoAnswer]).await;
    let running = gateway.begin(&["retry", "--all", "--yes", "--json"]);
    gateway.wait_for_requests(4).await;
    running.interrupt();
    let result = running.wait().await;
    assert_eq!(result.code, 1, "{result:?}");
    let url = &gateway.url;
    let advice = format!(
        "continue with: hubsync retry --state failed --url {url}\nthen with: hubsync retry --state notFound --url {url}\n"
    );
    result.assert_prints(&[], &[&advice]);
    let expected = json!({ "retried": 8, "skipped": 2, "partial": true, "state": "failed" });
    assert_eq!(result.json(), expected);
}

#[tokio::test]
async fn interrupted_commands_list_the_remaining_named_users() {
    let users: Vec<_> = (1..=402).map(|user| user.to_string()).collect();
    for command in ["retry", "resync"] {
        let done = || Reply::Answer(json!({ "retried": 200, "resynced": 200, "skipped": 0, "shared": 0 }));
        let gateway = ScriptedGateway::start([done(), done(), Reply::CloseWhileAnswering]).await;
        let mut arguments = vec![command, "--json"];
        arguments.extend(users.iter().map(String::as_str));
        let result = gateway.command(&arguments).await;
        assert_eq!(result.code, 3, "{result:?}");
        result.assert_prints(
            &["400"],
            &[
                "the first 400 of the 402 named users are done",
                "from user 401 on",
            ],
        );
        let done = result.json();
        assert_eq!(
            (&done["partial"], &done["remaining"]),
            (&json!(true), &json!(["401", "402"]))
        );
    }
}

#[tokio::test]
async fn an_interrupted_resync_prints_what_it_did() {
    let page = Reply::Answer(json!({ "resynced": 5, "shared": 0, "skipped": 0, "next": "-7" }));
    let gateway = ScriptedGateway::start([page, Reply::CloseWhileAnswering]).await;
    let result = gateway.command(&["resync", "--all", "--yes"]).await;
    assert_eq!(result.code, 3, "{result:?}");
    result.assert_prints(
        &["Incomplete", "5 users will be sent again"],
        &["continue with: hubsync resync --all --after=-7"],
    );
}
