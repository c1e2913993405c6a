//! The sandbox: its contacts, the history of writes, the trouble it makes.

use std::collections::BTreeMap;

use anyhow::Context;
use jiff::Timestamp;
use reqwest::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use testing::http::body_of;

use crate::people::Person;

/// So many contacts are created in a call, as many as HubSpot takes.
const CREATED_AT_ONCE: usize = 100;

/// A contact as the sandbox has it.
#[derive(Debug, Clone, Deserialize)]
pub struct Contact {
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
    /// The caller's own mark: the worker, its call, and the place in the call.
    #[serde(default)]
    pub trace_id: Option<String>,
    /// The number of the call in the sandbox, in the order in which calls came.
    pub call: u64,
    /// What was written.
    pub properties: BTreeMap<String, String>,
}

/// The sandbox, past every proxy.
#[derive(Debug, Clone)]
pub struct Hubspot {
    http: Client,
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
    /// The sandbox at this address.
    pub fn new(http: Client, url: String) -> Self {
        Self { http, url }
    }

    /// Adds a contact for each of them, and returns their ids by the user's id.
    pub async fn create_contacts(&self, people: &[Person]) -> anyhow::Result<BTreeMap<String, String>> {
        let mut ids = BTreeMap::new();
        for people in people.chunks(CREATED_AT_ONCE) {
            let input = |person: &Person| json!({ "properties": { "email": person.email() } });
            let inputs: Vec<Value> = people.iter().map(input).collect();
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
                let user = people.iter().find(|person| person.email() == email);
                let user = user.context("a contact that nobody asked for")?;
                ids.insert(user.id(), contact.id);
            }
        }
        Ok(ids)
    }

    /// A contact with its history.
    pub async fn contact(&self, id: &str) -> anyhow::Result<Contact> {
        let body = body_of(self.http.get(self.control(&format!("contacts/{id}")))).await?;
        serde_json::from_str(&body).with_context(|| format!("contact {id}"))
    }

    /// Sets how many calls are let through in ten seconds.
    pub async fn set_limit(&self, burst: u64) -> anyhow::Result<()> {
        let limits = json!({ "burst": burst, "window_ms": 10_000, "daily": 100_000_000 });
        body_of(self.http.put(self.control("limits")).json(&limits)).await?;
        Ok(())
    }

    /// How long each call takes, and how much longer at most.
    pub async fn set_latency(&self, latency_ms: u64, jitter_ms: u64) -> anyhow::Result<()> {
        let latency = json!({ "latency_ms": latency_ms, "latency_jitter_ms": jitter_ms });
        body_of(self.http.patch(self.control("switches")).json(&latency)).await?;
        Ok(())
    }

    /// Makes trouble from now on, and says its number.
    pub async fn make_trouble(&self, fault: String) -> anyhow::Result<u64> {
        let body = body_of(self.http.post(self.control("faults")).body(fault)).await?;
        let body: Value = serde_json::from_str(&body)?;
        body["id"].as_u64().context("a fault without a number")
    }

    /// How many calls the trouble has met; then it ends.
    pub async fn end_trouble(&self, number: u64) -> anyhow::Result<u64> {
        let body = body_of(self.http.get(self.control("faults"))).await?;
        let faults: Vec<Value> = serde_json::from_str(&body)?;
        body_of(self.http.delete(self.control(&format!("faults/{number}")))).await?;
        let met = faults.iter().find(|fault| fault["id"] == number);
        Ok(met.and_then(|fault| fault["hits"].as_u64()).unwrap_or(0))
    }

    fn control(&self, name: &str) -> String {
        format!("{}/_sandbox/{name}", self.url)
    }
}
