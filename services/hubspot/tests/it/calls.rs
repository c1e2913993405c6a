//! Short forms for calls of the client and their responses.

use std::time::Duration;

use contracts::{FieldDefinitions, Value, Values};
use hubspot::{
    client::{ApiVersion, Credentials, HubspotClient, Target},
    engine::{Call, CallError, CallErrorKind, CallResponse, Contact, Response, UpdateInput, WrittenContact},
};
use sandbox::Sandbox;

pub(crate) struct Caller {
    pub(crate) sandbox: Sandbox,
    client: HubspotClient,
}

impl Caller {
    pub(crate) async fn start() -> Self {
        Self::with(ApiVersion::default(), Duration::from_secs(10)).await
    }

    pub(crate) async fn with(version: ApiVersion, timeout: Duration) -> Self {
        let settings = sandbox::Settings {
            seed: Some(7),
            ..sandbox::Settings::default()
        };
        let sandbox = Sandbox::start(settings).await.unwrap();
        let target = Target::sandbox(&sandbox.url(), version).unwrap();
        let client = HubspotClient::new(target, Credentials::fixed("sandbox-token"), timeout).unwrap();
        Self { sandbox, client }
    }

    pub(crate) async fn answered(&self, call: &Call) -> CallResponse {
        self.client.perform(call, FieldDefinitions::built_in()).await
    }

    pub(crate) async fn answer(&self, call: &Call) -> Response {
        self.answered(call).await.response
    }

    pub(crate) async fn problem(&self, call: &Call) -> CallError {
        match self.answer(call).await {
            Response::Error(problem) => problem,
            other => panic!("not a problem: {other:?}"),
        }
    }

    pub(crate) async fn kind(&self, call: &Call) -> CallErrorKind {
        self.problem(call).await.kind
    }

    pub(crate) async fn contact(&self, call: &Call) -> Contact {
        match self.answer(call).await {
            Response::Contact(contact) => contact,
            other => panic!("not a contact: {other:?}"),
        }
    }

    /// The contact that an update of a single one was answered with.
    pub(crate) async fn updated(&self, call: &Call) -> WrittenContact {
        match self.answer(call).await {
            Response::UpdatedSingle(contact) => contact,
            other => panic!("not an updated contact: {other:?}"),
        }
    }

    /// Adds a contact and returns its id.
    pub(crate) fn add(&self, email: &str) -> String {
        self.sandbox
            .create_contact([("email", email)])
            .unwrap()
            .id
            .to_string()
    }
}

pub(crate) fn find(addresses: &[&str]) -> Call {
    Call::Find {
        addresses: addresses.iter().map(|address| (*address).to_owned()).collect(),
    }
}

pub(crate) fn read(contact_id: &str) -> Call {
    Call::Read {
        contact_id: contact_id.to_owned(),
    }
}

pub(crate) fn patch(contact_id: &str, property: &'static str, value: &str) -> Call {
    Call::UpdateSingle {
        contact_id: contact_id.to_owned(),
        values: values(property, value),
    }
}

/// The value of the field that is written to a property. An empty text clears it.
fn values(property: &str, value: &str) -> Values {
    let field = FieldDefinitions::built_in().by_property(property);
    let value = Some(value).filter(|value| !value.is_empty());
    Values::from([(field.expect("a field"), value.map(Value::from))])
}

pub(crate) fn update(inputs: &[(&str, &'static str, &str)]) -> Call {
    let input = |(index, (contact_id, property, value)): (usize, &(&str, &'static str, &str))| UpdateInput {
        contact_id: (*contact_id).to_owned(),
        values: values(property, value),
        trace_id: format!("t-{index}"),
    };
    Call::Update {
        inputs: inputs.iter().enumerate().map(input).collect(),
    }
}
