//! The client of the sandbox: contacts with the history of their writes, limits, and faults.

use std::collections::BTreeMap;

use anyhow::Context;
use jiff::Timestamp;
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use testing::http::body_of;

use crate::callers::test_users::TestUser;

/// The most contacts that HubSpot creates in one call.
const MAX_CREATED_PER_CALL: usize = 100;

/// A contact in the sandbox.
#[derive(Debug, Clone, Deserialize)]
pub struct Contact {
    /// Its id. A contact that was merged into another one has that one's.
    pub id: String,
    /// Its properties.
    pub properties: BTreeMap<String, String>,
    /// Every write, in the order in which they took effect.
    pub writes: Vec<Write>,
}

/// A write to a contact.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Write {
    /// When it took effect.
    pub at: Timestamp,
    /// The mark that the worker sets: its id, the number of its call, and the place in the call.
    #[serde(default)]
    pub trace_id: Option<String>,
    /// The number of the call in the sandbox, in order of arrival.
    pub call: u64,
    /// The properties that were written.
    pub properties: BTreeMap<String, String>,
}

impl Contact {
    /// Its primary address; empty if it has none.
    pub fn primary_address(&self) -> &str {
        self.properties.get("email").map_or("", String::as_str)
    }

    /// Whether this is its primary address or a secondary one.
    pub fn has_address(&self, address: &str) -> bool {
        let secondary = self
            .properties
            .get("hs_additional_emails")
            .map_or("", String::as_str);
        self.primary_address() == address || secondary.split(';').any(|one| one == address)
    }
}

/// Talks to the sandbox directly, without a proxy.
#[derive(Debug, Clone)]
pub struct Hubspot {
    /// The client, which callers of the gateway can share.
    pub http: Client,
    url: String,
}

#[derive(Deserialize)]
struct Created {
    results: Vec<CreatedContact>,
}

#[derive(Deserialize)]
struct CreatedContact {
    id: String,
    properties: BTreeMap<String, Option<String>>,
}

impl Hubspot {
    /// A client of the sandbox at this address.
    pub fn new(http: Client, url: String) -> Self {
        Self { http, url }
    }

    /// Creates a contact for each user, and returns the contact ids by user id.
    pub async fn create_contacts(&self, users: &[TestUser]) -> anyhow::Result<BTreeMap<String, String>> {
        let mut ids = BTreeMap::new();
        for users in users.chunks(MAX_CREATED_PER_CALL) {
            let input = |user: &TestUser| json!({ "properties": { "email": user.email() } });
            let inputs: Vec<Value> = users.iter().map(input).collect();
            let url = format!("{}/crm/objects/2026-09/contacts/batch/create", self.url);
            let request = self.http.post(url).bearer_auth("sandbox-token");
            let body = body_of(request.json(&json!({ "inputs": inputs }))).await?;
            let created: Created = serde_json::from_str(&body).context("the sandbox's answer")?;
            for contact in created.results {
                let email = contact
                    .properties
                    .get("email")
                    .cloned()
                    .flatten()
                    .unwrap_or_default();
                let user = users.iter().find(|user| user.email() == email);
                let user = user.context("an unexpected contact")?;
                ids.insert(user.id(), contact.id);
            }
        }
        Ok(ids)
    }

    /// A contact with its history. A former id gives the contact into which it was merged.
    pub async fn contact(&self, id: &str) -> anyhow::Result<Contact> {
        let body = body_of(self.http.get(self.control(&format!("contacts/{id}")))).await?;
        serde_json::from_str(&body).with_context(|| format!("contact {id}"))
    }

    /// Merges a contact into another one, as a salesperson does in the browser.
    pub async fn merge(&self, primary: &str, other: &str) -> anyhow::Result<()> {
        let merge = json!({ "primaryObjectId": primary, "objectIdToMerge": other });
        body_of(self.http.post(self.control("merge")).json(&merge)).await?;
        Ok(())
    }

    /// Sets how many calls are allowed in ten seconds.
    pub async fn set_limit(&self, burst: u64) -> anyhow::Result<()> {
        let limits = json!({ "burst": burst, "window_ms": 10_000, "daily": 100_000_000 });
        body_of(self.http.put(self.control("limits")).json(&limits)).await?;
        Ok(())
    }

    /// Sets how long each call takes, and the most that is randomly added.
    pub async fn set_latency(&self, latency_ms: u64, jitter_ms: u64) -> anyhow::Result<()> {
        let latency = json!({ "latency_ms": latency_ms, "latency_jitter_ms": jitter_ms });
        body_of(self.http.patch(self.control("switches")).json(&latency)).await?;
        Ok(())
    }

    /// Adds a fault and returns its number.
    pub async fn add_fault(&self, fault: String) -> anyhow::Result<u64> {
        let body = body_of(self.http.post(self.control("faults")).body(fault)).await?;
        let body: Value = serde_json::from_str(&body)?;
        body["id"].as_u64().context("a fault without a number")
    }

    /// Removes a fault and returns how many calls it has affected.
    pub async fn remove_fault(&self, number: u64) -> anyhow::Result<u64> {
        let body = body_of(self.http.get(self.control("faults"))).await?;
        let faults: Vec<Value> = serde_json::from_str(&body)?;
        body_of(self.http.delete(self.control(&format!("faults/{number}")))).await?;
        let calls = faults.iter().find(|fault| fault["id"] == number);
        Ok(calls.and_then(|fault| fault["hits"].as_u64()).unwrap_or(0))
    }

    fn control(&self, name: &str) -> String {
        format!("{}/_sandbox/{name}", self.url)
    }
}
