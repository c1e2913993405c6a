//! JSON bodies of requests. JSON of another shape is rejected with HubSpot's error.

use axum::{
    extract::{FromRequest, Request},
    http::{HeaderMap, StatusCode, header},
};
use bytes::Bytes;
use serde::{Deserialize, de::DeserializeOwned};

use crate::{
    app::App,
    model::{Object, Rejection, Text, Values, WriteInput},
};

/// A JSON body, checked and parsed.
#[derive(Debug)]
pub(crate) struct Input<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Rejection;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        check_content_type(request.headers())?;
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Rejection::Internal)?;
        parse(&bytes).map(Self)
    }
}

/// Parses a JSON object, or rejects the body as HubSpot does.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Rejection> {
    let object: Result<Object<T>, _> = serde_json::from_slice(bytes);
    object
        .map(|Object(input)| input)
        .map_err(|error| Rejection::InvalidJson {
            line: error.line(),
            column: error.column(),
            reason: "Cannot deserialize value of the expected type".to_owned(),
        })
}

/// Rejects a body whose content type is not JSON. Parameters of the content type are ignored.
pub(crate) fn check_content_type(headers: &HeaderMap) -> Result<(), Rejection> {
    let declared = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = declared.split(';').next().unwrap_or_default();
    if essence.trim().eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(Rejection::NotJson)
    }
}

/// The body of a single write: `{ "properties": { ... } }`.
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

/// The body of a batch: `{ "inputs": [ ... ] }`.
#[derive(Debug, Deserialize)]
pub(crate) struct Inputs<T> {
    inputs: Vec<Object<T>>,
}

impl<T> Inputs<T> {
    /// The inputs in the order of the request.
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

/// The input of a create, single or in a batch.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewWrite {
    object_write_trace_id: Option<String>,
    associations: Option<Vec<Object<Association>>>,
    #[serde(flatten)]
    properties: PropertiesInput,
}

/// A record to associate with a new contact. The sandbox has only contacts, so it checks only the shape.
#[derive(Debug, Deserialize)]
#[expect(dead_code, reason = "only its shape is checked")]
struct Association {
    to: Object<Named>,
    types: Vec<Object<AssociationType>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(dead_code, reason = "only its shape is checked")]
struct AssociationType {
    association_category: String,
    association_type_id: i64,
}

impl NewWrite {
    /// Whether the input has `associations`, which may be empty.
    pub(crate) fn has_associations(&self) -> bool {
        self.associations.is_some()
    }
}

/// Rejects creates without `associations` if the switch requires them: HubSpot's specification and guide disagree.
pub(crate) fn check_associations(app: &App, are_given: bool) -> Result<(), Rejection> {
    if are_given || !app.state().switches.associations_required {
        return Ok(());
    }
    check_members(&[("associations", false)])
}

/// Rejects a body without some of the required members, given with whether the body has them.
pub(crate) fn check_members(members: &[(&str, bool)]) -> Result<(), Rejection> {
    let missing: Vec<&str> = members
        .iter()
        .filter(|(_, is_given)| !is_given)
        .map(|(name, _)| *name)
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Rejection::InvalidJson {
        line: 1,
        column: 1,
        reason: format!("Some required fields were not set: [{}]", missing.join(", ")),
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

/// The status of a success without a body.
pub(crate) const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;
