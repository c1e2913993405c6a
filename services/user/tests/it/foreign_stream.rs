//! A stream with other settings than ours, because another client deleted it and created it again.

use contracts::subjects::STREAM;
use serde_json::{Value, json};
use testing::{nats::Options, wait::until};

use crate::stack::{CEILING, Running, Stack, ada};

/// Each setting that would hold back, change or lose wake-ups.
fn differences() -> Vec<(&'static str, Value)> {
    vec![
        ("retention", json!({ "retention": "limits" })),
        (
            "retention and nothing else",
            json!({ "retention": "limits", "discard": "old", "discard_new_per_subject": false,
            "max_msgs_per_subject": -1, "max_msgs": -1 }),
        ),
        ("interest", json!({ "retention": "interest" })),
        ("storage", json!({ "storage": "memory" })),
        (
            "discard",
            json!({ "discard": "old", "discard_new_per_subject": false }),
        ),
        (
            "discard_new_per_subject",
            json!({ "discard_new_per_subject": false }),
        ),
        ("max_msgs_per_subject", json!({ "max_msgs_per_subject": 5 })),
        ("max_msgs", json!({ "max_msgs": 1 })),
        ("max_bytes", json!({ "max_bytes": 100 })),
        (
            "max_age",
            json!({ "max_age": 100_000_000, "duplicate_window": 100_000_000 }),
        ),
        ("max_msg_size", json!({ "max_msg_size": 10 })),
        ("subjects", json!({ "subjects": ["users.changed.1"] })),
        (
            "more subjects",
            json!({ "subjects": ["users.changed.>", "orders.*"] }),
        ),
        ("no_ack", json!({ "no_ack": true })),
        (
            "subject_transform",
            json!({ "subject_transform": { "src": "users.changed.*", "dest": "users.changed.x.{{wildcard(1)}}" } }),
        ),
        (
            "republish",
            json!({ "republish": { "src": "users.changed.*", "dest": "copies.{{wildcard(1)}}" } }),
        ),
        (
            "consumer_limits",
            json!({ "consumer_limits": { "max_ack_pending": 5 } }),
        ),
        ("sources", json!({ "sources": [{ "name": "OTHER" }] })),
        (
            "mirror",
            json!({ "mirror": { "name": "OTHER" }, "subjects": [], "discard": "old", "discard_new_per_subject": false,
            "max_msgs_per_subject": -1, "retention": "limits" }),
        ),
        ("sealed", json!({ "sealed": true })),
    ]
}

/// The settings that the service uses, with these changes.
fn settings(changes: &Value) -> Value {
    let mut settings = json!({
        "name": STREAM, "subjects": ["users.changed.*"], "retention": "workqueue", "storage": "file", "discard": "new",
        "discard_new_per_subject": true, "max_msgs_per_subject": 1, "max_msgs": 10_000, "num_replicas": 1
    });
    let members = settings.as_object_mut().unwrap();
    members.extend(changes.as_object().unwrap().clone());
    settings
}

/// A request to the API of streams, as administrators send it.
async fn ask(stack: &Stack, what: &str, payload: &Value) -> Value {
    let subject = format!("STREAM.{what}");
    stack.client.jetstream().request(subject, payload).await.unwrap()
}

/// Deletes the stream and creates it with other settings before the service does.
async fn make_again(stack: &Stack, changes: &Value) {
    let mut wanted = settings(changes);
    // A stream cannot be created sealed.
    let is_sealed = wanted.as_object_mut().unwrap().remove("sealed").is_some();
    until("the other stream", CEILING, async || {
        let _ = ask(stack, "DELETE.USERS", &json!({})).await;
        let made = ask(stack, "CREATE.USERS", &wanted).await;
        if made.get("error").is_some() || made["did_create"] != true {
            return Err(made);
        }
        Ok(())
    })
    .await;
    if is_sealed {
        let sealed = ask(stack, "UPDATE.USERS", &settings(changes)).await;
        assert!(sealed.get("error").is_none(), "{sealed}");
    }
}

async fn wait_until_repaired(stack: &Stack, service: &Running, name: &str) {
    until(
        &format!("a stream of ours instead of one with another {name}"),
        CEILING,
        async || {
            let differences = user::relay::stream::differences(&stack.client.jetstream(), None).await;
            let is_ours = matches!(&differences, Ok(Some(names)) if names.is_empty());
            if is_ours && service.is_well("stream") {
                Ok(())
            } else {
                Err(format!("{differences:?} {:?}", service.health.report()))
            }
        },
    )
    .await;
}

#[tokio::test]
async fn each_setting_that_matters_is_repaired_during_changes() {
    let (stack, service) = Stack::serving(&[]).await;
    let other = json!({ "name": "OTHER", "subjects": ["other.*"], "storage": "file", "retention": "limits", "num_replicas": 1 });
    ask(&stack, "CREATE.OTHER", &other).await;
    let mut users = Vec::new();
    for (number, (name, changes)) in differences().into_iter().enumerate() {
        let [before, during, after] = ["a", "b", "c"].map(|part| format!("{number:02}{part}"));
        stack.update(&ada(&before)).await.unwrap();
        make_again(&stack, &changes).await;
        stack.update(&ada(&during)).await.unwrap();
        wait_until_repaired(&stack, &service, name).await;
        stack.update(&ada(&after)).await.unwrap();
        // Nothing is delivered here, so the users of earlier rounds are woken again too.
        users.extend([before, during, after]);
        until(&format!("wake-ups after another {name}"), CEILING, async || {
            let found = stack.wake_ups().await;
            let mut ids: Vec<_> = found.iter().map(|change| change.user_id.to_string()).collect();
            ids.sort();
            // A wake-up under another subject may be there too; workers remove it.
            ids.dedup();
            if ids == users { Ok(()) } else { Err(ids) }
        })
        .await;
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn settings_that_an_operator_chose_are_kept() {
    let (stack, service) = Stack::serving(&[]).await;
    let chosen = json!({
        "description": "mine", "metadata": { "team": "crm" }, "compression": "s2", "allow_direct": true, "deny_delete": true,
        "duplicate_window": 60_000_000_000_u64
    });
    make_again(&stack, &chosen).await;
    stack.update(&ada("1")).await.unwrap();
    stack.wait_for_wake_ups(&["1"]).await;
    // They are kept when another setting is repaired.
    let mut broken = settings(&chosen);
    broken["max_msgs"] = json!(7);
    ask(&stack, "UPDATE.USERS", &broken).await;
    wait_until_repaired(&stack, &service, "max_msgs").await;
    let found = ask(&stack, "INFO.USERS", &json!({})).await;
    assert_eq!(found["config"]["max_msgs"], 10_000);
    for (name, value) in chosen.as_object().unwrap() {
        let found = &found["config"][name];
        let is_kept = found == value || (name == "metadata" && found["team"] == "crm");
        assert!(is_kept, "{name}: {found}");
    }
    service.stop().await.unwrap();
}

#[tokio::test]
async fn a_stream_with_other_messages_is_kept_and_readyz_says_so() {
    let stack = Stack::new(&[]).await;
    ask(
        &stack,
        "CREATE.USERS",
        &settings(&json!({ "subjects": ["orders.*"], "retention": "limits" })),
    )
    .await;
    stack
        .client
        .jetstream()
        .publish("orders.1", "x".into())
        .await
        .unwrap()
        .await
        .unwrap();
    let service = stack.begin_serving().await;
    until("the reason on /readyz", CEILING, async || {
        let report = service.health.report();
        let stream = report.checks.iter().find(|check| check.name == "stream").cloned();
        let says_why = stream.as_ref().is_some_and(|check| {
            !check.ok && check.detail.contains("retention") && check.detail.contains("delete that stream")
        });
        if says_why { Ok(()) } else { Err(report) }
    })
    .await;
    // Changes are accepted meanwhile, and their users are woken once the stream is gone.
    until("an answer", CEILING, async || stack.update(&ada("1")).await).await;
    let found = ask(&stack, "INFO.USERS", &json!({})).await;
    assert_eq!(found["state"]["messages"], 1, "{found}");
    ask(&stack, "DELETE.USERS", &json!({})).await;
    stack.wait_for_wake_ups(&["1"]).await;
    service.stop().await.unwrap();
}

#[tokio::test]
async fn without_the_permission_to_delete_readyz_says_so() {
    let config = r#"
        authorization { users: [
            { user: admin, password: admin }
            { user: limited, password: limited, permissions: { publish: { deny: ["$JS.API.STREAM.DELETE.USERS"] } } }
        ] }
        no_auth_user: limited
    "#;
    let options = Options {
        config: config.to_owned(),
        ..Options::default()
    };
    let stack = Stack::on(options, &[]).await;
    let service = stack.serve().await;
    let address = stack.nats.url().replace("nats://", "nats://admin:admin@");
    let admin = stack.with_client(&address).await;
    make_again(&admin, &json!({ "retention": "limits" })).await;
    until("the reason on /readyz", CEILING, async || {
        let report = service.health.report();
        let stream = report.checks.iter().find(|check| check.name == "stream").cloned();
        if stream.is_some_and(|check| !check.ok && check.detail.contains("DELETE")) {
            Ok(())
        } else {
            Err(report)
        }
    })
    .await;
    admin.update(&ada("1")).await.unwrap();
    ask(&admin, "DELETE.USERS", &json!({})).await;
    admin.wait_for_wake_ups(&["1"]).await;
    service.stop().await.unwrap();
}
