//! Restarts of the nats-server, a lost disk, and changes that others make to the stream and the consumer.

use async_nats::jetstream::consumer::{Consumer, pull};
use contracts::Field;
use futures_util::StreamExt;
use serde_json::{Value, json};
use testing::{
    nats::{NatsServer, Options},
    wait::until,
};

use crate::harness::{CEILING, Stack};

async fn deliver(stack: &Stack, name: &str) {
    stack
        .users
        .change(
            "1",
            &[(Field::EMAIL, "bh@hubspot.com"), (Field::FIRST_NAME, name)],
        )
        .await;
    until("the name at HubSpot", CEILING, async || {
        stack.property("bh@hubspot.com", "firstname").as_deref() == Some(name)
    })
    .await;
}

#[tokio::test]
async fn delivery_resumes_after_nats_was_killed() {
    let mut stack = Stack::start().await;
    let worker = stack.worker().await;
    deliver(&stack, "before").await;
    stack.nats.kill().await.unwrap();
    stack.nats.restart().await.unwrap();
    stack.users.wait_until_it_answers().await;
    deliver(&stack, "after").await;
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn delivery_resumes_after_nats_lost_its_disk() {
    let mut stack = Stack::start().await;
    let worker = stack.worker().await;
    deliver(&stack, "before").await;
    stack.nats.kill().await.unwrap();
    stack.nats.wipe().unwrap();
    stack.nats.restart().await.unwrap();
    stack.users.wait_until_it_answers().await;
    deliver(&stack, "after").await;
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

#[tokio::test]
async fn a_message_that_is_not_a_wake_up_is_removed() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    let client = async_nats::connect(stack.nats.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    jetstream
        .publish("users.changed.1", "nonsense".into())
        .await
        .unwrap()
        .await
        .unwrap();
    stack.wait_until_acknowledged().await;
    deliver(&stack, "after").await;
    worker.stop().await;
}

#[tokio::test]
async fn messages_of_a_foreign_stream_are_not_removed() {
    let nats = NatsServer::start(Options::default()).await.unwrap();
    let client = async_nats::connect(nats.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let foreign = async_nats::jetstream::stream::Config {
        name: "USERS".to_owned(),
        subjects: vec!["orders.*".to_owned()],
        retention: async_nats::jetstream::stream::RetentionPolicy::WorkQueue,
        ..Default::default()
    };
    let mut stream = jetstream.create_stream(foreign).await.unwrap();
    for number in 0..3 {
        let sent = jetstream.publish(format!("orders.{number}"), "an order".into());
        sent.await.unwrap().await.unwrap();
    }
    let stack = Stack::start_on_server(nats).await;
    let worker = stack.worker().await;
    let mut consumer = until("the consumer", CEILING, async || {
        stream.get_consumer::<pull::Config>("hubspot").await
    })
    .await;
    let info = consumer.info().await.unwrap();
    // It was given no message and will be given none, so the worker can remove none.
    assert_eq!((info.num_pending, info.delivered.consumer_sequence), (0, 0));
    assert_eq!(stream.info().await.unwrap().state.messages, 3);
    worker.stop().await;
}

#[tokio::test]
async fn a_wake_up_that_a_superseded_worker_took_comes_again() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    deliver(&stack, "before").await;
    let client = async_nats::connect(stack.nats.url()).await.unwrap();
    let stream = async_nats::jetstream::new(client)
        .get_stream("USERS")
        .await
        .unwrap();
    let mut consumer: Consumer<pull::Config> = stream.get_consumer("hubspot").await.unwrap();
    // The server serves those that pull in turn. The wake-up that is pulled here is never acknowledged.
    let mut pulled = consumer
        .fetch()
        .max_messages(1)
        .expires(CEILING)
        .messages()
        .await
        .unwrap();
    let mut round = 0;
    loop {
        round += 1;
        let change = deliver_soon(&stack, round);
        tokio::select! {
            _ = pulled.next() => break,
            () = change => {}
        }
    }
    // As if that worker had made the consumer anew before it learned that its lease was over.
    let mut config = consumer.info().await.unwrap().config.clone();
    config.metadata.insert("made-as".to_owned(), "another".to_owned());
    stream.update_consumer(config).await.unwrap();
    until("the name of the wake-up that was pulled", CEILING, async || {
        stack.property("bh@hubspot.com", "firstname") == Some(format!("round {round}"))
    })
    .await;
    stack.wait_until_acknowledged().await;
    worker.stop().await;
}

async fn deliver_soon(stack: &Stack, round: u32) {
    deliver(stack, &format!("round {round}")).await;
    stack.wait_until_acknowledged().await;
}

/// Each of these changes would hold back wake-ups, while the worker reports that it delivers.
#[tokio::test]
async fn delivery_resumes_after_the_consumer_was_changed_or_paused() {
    let stack = Stack::start().await;
    let worker = stack.worker().await;
    deliver(&stack, "before").await;
    let client = async_nats::connect(stack.nats.url()).await.unwrap();
    let jetstream = async_nats::jetstream::new(client);
    let ask = async |subject: &str, payload: &Value| -> Result<Value, String> {
        let answer: Result<Value, _> = jetstream.request(subject.to_owned(), payload).await;
        let answer = answer.map_err(|error| error.to_string())?;
        match answer.get("error") {
            Some(error) => Err(error.to_string()),
            None => Ok(answer),
        }
    };
    // While it is made anew, there is none for a moment.
    let config = async || {
        until("the consumer", CEILING, async || {
            let info = ask("CONSUMER.INFO.USERS.hubspot", &json!({})).await;
            info.map(|info| info["config"].clone())
        })
        .await
    };
    let changes = [
        ("pause", json!({ "pause_until": "2100-01-01T00:00:00Z" })),
        ("filter", json!({ "filter_subjects": ["users.changed.another"] })),
        ("deliveries", json!({ "max_deliver": 1, "max_ack_pending": 1 })),
        ("pulls", json!({ "max_batch": 1 })),
    ];
    for (name, change) in changes {
        let before = config().await;
        if name == "pause" {
            ask("CONSUMER.PAUSE.USERS.hubspot", &change).await.unwrap();
        } else {
            let mut wanted = before.clone();
            let members = wanted.as_object_mut().unwrap();
            members.extend(change.as_object().unwrap().clone());
            let metadata = wanted["metadata"].as_object_mut().unwrap();
            metadata.retain(|name, _| !name.starts_with("_nats."));
            let payload = json!({ "stream_name": "USERS", "config": wanted, "action": "update" });
            let updated = ask("CONSUMER.DURABLE.CREATE.USERS.hubspot", &payload).await;
            updated.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        deliver(&stack, name).await;
        stack.wait_until_acknowledged().await;
        until(
            &format!("another consumer than one with another {name}"),
            CEILING,
            async || {
                let now = config().await;
                let is_new = now["metadata"]["made-as"] != before["metadata"]["made-as"];
                if is_new { Ok(()) } else { Err(now) }
            },
        )
        .await;
    }
    worker.stop().await;
}
