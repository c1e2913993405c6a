//! Bodies of requests. JSON of another shape is refused in HubSpot's words.

use std::fmt;

use axum::{
    extract::{FromRequest, Request},
    http::{StatusCode, header},
};
use bytes::Bytes;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Visitor},
};

use crate::model::{Refusal, Values, WriteInput};

/// A JSON body.
#[derive(Debug)]
pub(crate) struct Input<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Input<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        let content_type = request
            .headers()
            .get(header::CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        if !content_type.is_some_and(|value| value.to_ascii_lowercase().starts_with("application/json")) {
            return Err(Refusal::NotJson);
        }
        let bytes = Bytes::from_request(request, state)
            .await
            .map_err(|_| Refusal::Internal)?;
        parsed(&bytes).map(Self)
    }
}

pub(crate) fn parsed<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(bytes).map_err(|error| Refusal::InvalidJson {
        line: error.line(),
        column: error.column(),
        reason: "Cannot deserialize value of the expected type".to_owned(),
    })
}

/// Text; numbers and booleans are taken as text, as HubSpot does. `null`, lists and objects are not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text(pub(crate) String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("text")
    }

    fn visit_str<E>(self, value: &str) -> Result<Text, E> {
        Ok(Text(value.to_owned()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Text, E> {
        Ok(Text(value.to_string()))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Text, E> {
        Ok(Text(value.to_string()))
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
    pub(crate) inputs: Vec<T>,
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

/// An input of a batch create.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct NewWrite {
    object_write_trace_id: Option<String>,
    #[serde(flatten)]
    properties: PropertiesInput,
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
