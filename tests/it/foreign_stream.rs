//! A stream that somebody deletes and makes again with other settings while changes flow.

use serde_json::{Value, json};
use testing::wait::until;

use crate::stack::{CEILING, Callers, Stack};

#[tokio::test]
async fn every_change_is_confirmed_although_the_stream_is_made_again_with_other_settings() {
    let stack = Stack::start().await;
    let client = async_nats::connect(stack.nats.url().split(',').next().unwrap())
        .await
        .unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let ask = async |what: &str, payload: &Value| -> Result<Value, String> {
        let answer: Result<Value, _> = jetstream.request(format!("STREAM.{what}.USERS"), payload).await;
        let answer = answer.map_err(|error| error.to_string())?;
        if answer.get("error").is_some() {
            Err(answer.to_string())
        } else {
            Ok(answer)
        }
    };
    let callers = Callers::start(&stack, 4);
    // The last one is not noticed by publishing to it, and would leave users pending for good.
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
        // Faster than the user service, which makes its own where it finds none.
        until("the other stream", CEILING, async || {
            ask("DELETE", &json!({})).await?;
            ask("CREATE", &wanted).await
        })
        .await;
    }
    callers.wait_for_accepted(20).await;
    let told = callers.stop().await;
    stack.check_kept(&told).await;
    stack.wait_until_user_service_says("stream", true).await;
    stack.finish().await;
}
