//! Waits for states of the system.

use async_nats::jetstream;
use reqwest::Method;
use serde_json::Value;
use testing::wait::until;

use super::{CEILING, Stack};

impl Stack {
    /// Waits until the gateway reaches a user service and the hubspot service delivers.
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

    /// Waits until the hubspot service's readiness report contains this message about delivery.
    pub(crate) async fn wait_for_delivery(&self, message: &str) {
        let url = format!("http://{}/readyz", self.settings["HUBSPOT_HEALTH_LISTEN"]);
        until(&format!("delivery to be {message}"), CEILING, async || {
            let response = self
                .http
                .get(&url)
                .send()
                .await
                .map_err(|error| error.to_string())?;
            let body = response.text().await.unwrap_or_default();
            if body.contains(message) { Ok(()) } else { Err(body) }
        })
        .await;
    }

    /// Waits until one of the user service's checks succeeds or fails.
    pub(crate) async fn wait_for_user_service_check(&self, check: &str, ok: bool) {
        let url = format!("http://{}/readyz", self.settings["USER_HEALTH_LISTEN"]);
        until(&format!("the check {check} to be {ok}"), CEILING, async || {
            let response = self.http.get(&url).send().await;
            let response = response.map_err(|error| error.to_string())?;
            let body: Value = response.json().await.map_err(|error| error.to_string())?;
            let checks = body["checks"].as_array().ok_or("no checks")?;
            let found = checks.iter().find(|found| found["name"] == check);
            match found {
                Some(found) if found["ok"] == ok => Ok(()),
                _ => Err(body.to_string()),
            }
        })
        .await;
    }

    /// Waits until a user's latest version is in this state and nothing is being resent. Returns the receipt.
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

    /// Waits until the contact with this address has this property.
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

    /// Waits until no user is dirty.
    pub(crate) async fn wait_until_no_user_is_dirty(&self) {
        let opened = user::store::open(&self.database()).await.unwrap();
        until("no user to be dirty", CEILING, async || {
            let counts = opened.reader.count().await.unwrap();
            match counts.pending + counts.resending {
                0 => Ok(()),
                dirty => Err(dirty),
            }
        })
        .await;
        opened.close().await.unwrap();
    }

    /// Waits until the stream holds no wake-up.
    pub(crate) async fn wait_for_empty_stream(&self) {
        until("the stream to be empty", CEILING, async || {
            match self.wake_ups().await {
                Ok(0) => Ok(()),
                other => Err(other),
            }
        })
        .await;
    }

    /// The number of wake-ups in the stream.
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
