//! Bodies of requests. JSON of another shape is refused in HubSpot's words.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    app::App,
    model::{Object, Refusal, Text, Values, WriteInput},
};

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Input<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        check_content_type(request.headers())?;
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Refusal::Internal)?;
        parsed(&bytes).map(Self)
    }
}

pub(crate) fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let object: Result<Object<T>, _> = serde_json::from_slice(bytes);
    object
        .map(|Object(input)| input)
        .map_err(|error| Refusal::InvalidJson {
            line: error.line(),
            column: error.column(),
            reason: "Cannot deserialize value of the expected type".to_owned(),
        })
}

/// Refuses a body that is not declared to be JSON. Parameters of the type do not matter.
pub(crate) fn check_content_type(headers: &HeaderMap) -> Result<(), Refusal> {
    let declared = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default();
    if essence.trim().eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Refusal::NotJson)
    }
}

/// `{ "properties": { ... } }`.
#[derive(Debug, Deserialize)]
pub(crate) struct PropertiesInput {
    properties: std::collections::BTreeMap<String, Text>,
}

impl PropertiesInput {
    pub(crate) fn into_values(self) -> Values {
        self.properties
            .into_iter()
            .map(|(name, value)| (name, value.0))
            .collect()
    }
}

/// `{ "inputs": [ ... ] }`.
#[derive(Debug, Deserialize)]
pub(crate) struct Inputs<T> {
    inputs: Vec<Object<T>>,
}

impl<T> Inputs<T> {
    /// The inputs in their order.
    pub(crate) fn into_iter(self) -> impl Iterator<Item = T> {
        self.inputs.into_iter().map(|Object(input)| input)
    }
}

/// An input of a batch write that names a contact.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NamedWrite {
    id: Text,
    id_property: Option<String>,
    object_write_trace_id: Option<String>,
    #[serde(flatten)]
    properties: PropertiesInput,
}

/// An input of a create, alone or in a batch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewWrite {
    object_write_trace_id: Option<String>,
    associations: Option<Vec<Object<Association>>>,
    #[serde(flatten)]
    properties: PropertiesInput,
}

/// A record to associate with a new contact. The sandbox has no records but contacts, so it only checks the shape.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "read for its shape only")]
struct Association {
    to: Object<Named>,
    types: Vec<Object<AssociationType>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "read for its shape only")]
struct AssociationType {
    association_category: String,
    association_type_id: i64,
}

impl NewWrite {
    /// Whether it says with what the contact is associated, be it with nothing.
    pub(crate) fn has_associations(&self) -> bool {
        self.associations.is_some()
    }
}

/// Refuses creates without associations where they are required: the specification and the guide of HubSpot disagree.
pub(crate) fn check_associations(app: &App, are_given: bool) -> Result<(), Refusal> {
    if are_given || !app.state().switches.associations_required {
        return Ok(());
    }
    Err(Refusal::InvalidJson {
        line: 1,
        column: 1,
        reason: "Some required fields were not set: [associations]".to_owned(),
    })
}

impl From<NamedWrite> for WriteInput {
    fn from(input: NamedWrite) -> Self {
        Self {
            id: input.id.0,
            id_property: input.id_property,
            properties: input.properties.into_values(),
            trace_id: input.object_write_trace_id,
        }
    }
}

impl From<NewWrite> for WriteInput {
    fn from(input: NewWrite) -> Self {
        let properties = input.properties.into_values();
        Self {
            properties,
            trace_id: input.object_write_trace_id,
            ..Self::default()
        }
    }
}

/// An input that only names a contact.
#[derive(Debug, Deserialize)]
pub(crate) struct Named {
    pub(crate) id: Text,
}

/// The status of a call that has nothing to say.
pub(crate) const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;
