//! Another program deletes the stream and creates it with other settings while users change.

use serde_json::{Value, json};
use testing::wait::until;

use crate::stack::{CEILING, Callers, Stack};

#[tokio::test]
async fn changes_are_confirmed_after_the_stream_was_replaced() {
    let stack = Stack::start().await;
    let client = async_nats::connect(stack.nats.url().split(',').next().unwrap())
        .await
        .unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let request = async |action: &str, payload: &Value| -> Result<Value, String> {
        let answer: Result<Value, _> = jetstream.request(format!("STREAM.{action}.USERS"), payload).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.get("error").is_some() {
            Err(answer.to_string())
        } else {
            Ok(answer)
        }
    };
    let callers = Callers::start(&stack, 4);
    // The last setting causes no error when a message is published, so users would stay pending forever.
    for change in [
        json!({ "subjects": ["users.changed.caller-1"] }),
        json!({ "max_age": 100_000_000, "duplicate_window": 100_000_000 }),
        json!({ "storage": "memory" }),
        json!({ "retention": "limits", "discard": "old", "max_msgs": 1, "max_msgs_per_subject": -1, "discard_new_per_subject": false }),
        json!({ "retention": "limits" }),
    ] {
        callers.wait_for_accepted(20).await;
        let mut wanted = json!({
            "name": "USERS", "subjects": ["users.changed.*"], "retention": "workqueue", "storage": "file", "discard": "new",
            "discard_new_per_subject": true, "max_msgs_per_subject": 1, "max_msgs": 10_000, "num_replicas": 1
        });
        wanted
            .as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        // The requests are repeated, because the user service may create its own stream between them.
        until("the other stream", CEILING, async || {
            request("DELETE", &json!({})).await?;
            request("CREATE", &wanted).await
        })
        .await;
    }
    callers.wait_for_accepted(20).await;
    let results = callers.stop().await;
    stack.check_accepted_changes(&results).await;
    stack.wait_for_user_service_check("stream", true).await;
    stack.finish().await;
}
