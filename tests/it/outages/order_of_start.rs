//! Services can be started in any order, and before NATS.

use serde_json::json;

use crate::stack::{CEILING, Service, Stack};

#[tokio::test]
async fn services_can_be_started_in_any_order() {
    use Service::{Gateway, Hubspot, User};
    let orders = [
        [Gateway, Hubspot, User],
        [Gateway, User, Hubspot],
        [Hubspot, Gateway, User],
        [User, Gateway, Hubspot],
    ];
    for order in orders {
        let mut stack = Stack::without_services().await;
        for service in order {
            stack.start_service(service).await;
        }
        stack.wait_until_ready().await;
        stack
            .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
            .await;
        stack.wait_for_state("1", "confirmed").await;
        stack.finish().await;
    }
}

#[tokio::test]
async fn services_wait_for_nats_to_start() {
    let mut stack = Stack::without_services().await;
    stack.nats.stop().await.unwrap();
    for service in Service::ALL {
        stack.start_service(service).await;
    }
    for service in Service::ALL {
        let line = "no connection to NATS yet";
        stack.process(service).wait_for_line(line, CEILING).await.unwrap();
    }
    stack.nats.restart().await.unwrap();
    stack.wait_until_ready().await;
    stack
        .change("1", json!({ "email": "bh@hubspot.com", "firstName": "Ada" }))
        .await;
    stack.wait_for_state("1", "confirmed").await;
    stack.finish().await;
}

#[tokio::test]
async fn a_service_that_waits_for_nats_stops_cleanly() {
    let mut stack = Stack::without_services().await;
    stack.nats.stop().await.unwrap();
    for service in Service::ALL {
        stack.start_service(service).await;
        stack
            .process(service)
            .wait_for_line("no connection to NATS yet", CEILING)
            .await
            .unwrap();
        stack.stop_service(service).await;
    }
}
