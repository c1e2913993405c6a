//! Parameters of the query and of the path, as HubSpot reads them.

use std::convert::Infallible;

use axum::{
    extract::{FromRequestParts, Path},
    http::request::Parts,
};
use percent_encoding::percent_decode_str;

use crate::model::Rejection;

/// The parameters of a query or a form, in their order.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl<S: Sync> FromRequestParts<S> for Query {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        let pair = |pair: &str| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decoded(name), decoded(value))
        };
        Self(
            text.split('&')
                .filter(|part| !part.is_empty())
                .map(pair)
                .collect(),
        )
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The values of a list: separated by commas, or with the name repeated.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let values = self
            .0
            .iter()
            .filter(|(known, _)| known == name)
            .flat_map(|(_, value)| value.split(','));
        values
            .map(str::trim)
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// A boolean; false if it is absent. Python's clients write `True`, those of other languages `true`.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Rejection> {
        let text = self.get(name).unwrap_or_default();
        match text.to_ascii_lowercase().as_str() {
            "true" => Ok(true),
            "false" | "" => Ok(false),
            _ => Err(Rejection::InvalidParameter(format!(
                "{name} must be true or false"
            ))),
        }
    }

    /// A number; the default if it is absent.
    pub(crate) fn number(&self, name: &str, default: u64) -> Result<u64, Rejection> {
        let Some(text) = self.get(name) else {
            return Ok(default);
        };
        text.parse()
            .map_err(|_| Rejection::InvalidParameter(format!("{name} must be a number")))
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " "))
        .decode_utf8_lossy()
        .into_owned()
}

/// The name of a property or a group in the path, decoded.
#[derive(Debug)]
pub(crate) struct PathName(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathName {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Path(name) = Path::from_request_parts(parts, state)
            .await
            .map_err(|_| Rejection::InvalidParameter("the name in the path is not UTF-8".to_owned()))?;
        Ok(Self(name))
    }
}

/// The id or address in the path that names a contact, decoded.
#[derive(Debug)]
pub(crate) struct RecordId(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for RecordId {
    type Rejection = Rejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let Path(id) = Path::from_request_parts(parts, state)
            .await
            .map_err(|_| Rejection::InvalidParameter("the id in the path is not UTF-8".to_owned()))?;
        Ok(Self(id))
    }
}
