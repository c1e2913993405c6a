//! Waiting for what must come true.

use async_nats::jetstream;
use reqwest::Method;
use serde_json::Value;
use testing::wait::until;

use super::{CEILING, Stack};

impl Stack {
    /// Waits until the gateway reaches a user service and the hubspot service has its line.
    pub(crate) async fn wait_until_ready(&self) {
        let hubspot = format!("http://{}/readyz", self.settings["HUBSPOT_HEALTH_LISTEN"]);
        for url in [format!("{}/readyz", self.gateway), hubspot] {
            until(&format!("{url} to say ready"), CEILING, async || {
                let response = self
                    .http
                    .get(&url)
                    .send()
                    .await
                    .map_err(|error| error.to_string())?;
                let (status, body) = (response.status(), response.text().await.unwrap_or_default());
                if status == 200 { Ok(()) } else { Err(body) }
            })
            .await;
        }
    }

    /// Waits until the hubspot service says that of its line.
    pub(crate) async fn wait_for_line(&self, sentence: &str) {
        let url = format!("http://{}/readyz", self.settings["HUBSPOT_HEALTH_LISTEN"]);
        until(&format!("the line to be {sentence}"), CEILING, async || {
            let response = self
                .http
                .get(&url)
                .send()
                .await
                .map_err(|error| error.to_string())?;
            let body = response.text().await.unwrap_or_default();
            if body.contains(sentence) {
                Ok(())
            } else {
                Err(body)
            }
        })
        .await;
    }

    /// Waits until the user service says of one of its checks that it is well, or that it is not.
    pub(crate) async fn wait_until_user_service_says(&self, check: &str, well: bool) {
        let url = format!("http://{}/readyz", self.settings["USER_HEALTH_LISTEN"]);
        until(&format!("{check} to be well: {well}"), CEILING, async || {
            let response = self.http.get(&url).send().await;
            let response = response.map_err(|error| error.to_string())?;
            let body: Value = response.json().await.map_err(|error| error.to_string())?;
            let checks = body["checks"].as_array().ok_or("no checks")?;
            let found = checks.iter().find(|found| found["name"] == check);
            match found {
                Some(found) if found["ok"] == well => Ok(()),
                _ => Err(body.to_string()),
            }
        })
        .await;
    }

    /// Waits until the latest receipt of a user says so and nothing is being sent again, and returns it.
    pub(crate) async fn wait_for_state(&self, user: &str, state: &str) -> Value {
        until(
            &format!("the receipt of user {user} to say {state}"),
            CEILING,
            async || match self.receipt(user).await {
                Some(receipt) if receipt["state"] == state && receipt["resending"] == false => Ok(receipt),
                other => Err(other),
            },
        )
        .await
    }

    /// Waits until the sandbox's contact with that address has that property.
    pub(crate) async fn wait_for_property(&self, email: &str, property: &str, value: &str) {
        until(
            &format!("{property} of a contact to be {value}"),
            CEILING,
            async || {
                let found = self
                    .sandbox
                    .contact_by_email(email)
                    .and_then(|contact| contact.value(property));
                if found.as_deref() == Some(value) {
                    Ok(())
                } else {
                    Err(found)
                }
            },
        )
        .await;
    }

    /// Waits until nobody is unsettled.
    pub(crate) async fn wait_until_nobody_owes(&self) {
        let opened = user::store::open(&self.database()).await.unwrap();
        until("nobody to be unsettled", CEILING, async || {
            let counts = opened.reader.count().await.unwrap();
            match counts.pending + counts.resending {
                0 => Ok(()),
                unsettled => Err(unsettled),
            }
        })
        .await;
        opened.close().await.unwrap();
    }

    /// Waits until no wake-up waits in the stream.
    pub(crate) async fn wait_for_empty_stream(&self) {
        until("the stream to be empty", CEILING, async || {
            match self.wake_ups().await {
                Ok(0) => Ok(()),
                other => Err(other),
            }
        })
        .await;
    }

    /// How many wake-ups the stream holds.
    pub(crate) async fn wake_ups(&self) -> Result<u64, String> {
        let client = async_nats::connect(self.nats.url().split(',').collect::<Vec<_>>())
            .await
            .map_err(|error| error.to_string())?;
        let stream = jetstream::new(client)
            .get_stream("USERS")
            .await
            .map_err(|error| error.to_string())?;
        Ok(stream.cached_info().state.messages)
    }

    /// Waits until the gateway accepts changes again.
    pub(crate) async fn wait_until_gateway_is_ready(&self) {
        until("the gateway to be ready", CEILING, async || {
            let response = self.request(Method::GET, "/readyz").send().await;
            response.is_ok_and(|response| response.status() == 200)
        })
        .await;
    }
}
