//! Reads query parameters. An unknown or repeated parameter is rejected. If it were ignored, the caller would silently get
//! something else than it meant.

use aide::OperationInput;
use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;

use crate::response::ApiError;

/// The parameters of a request, by name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct QueryParameters(Vec<(&'static str, String)>);

/// Extractor for routes that take no parameters.
#[derive(Debug)]
pub(crate) struct NoQuery;

impl QueryParameters {
    /// Reads the parameters of a URI. Names that are not in `known` are rejected.
    pub(crate) fn read(uri: &Uri, known: &[&'static str]) -> Result<Self, ApiError> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| invalid_parameter("query", "it is not percent-encoded UTF-8"))?;
        Self::from_pairs(pairs.0, known)
    }

    /// Checks pairs of names and values.
    pub(crate) fn from_pairs(pairs: Vec<(String, String)>, known: &[&'static str]) -> Result<Self, ApiError> {
        let mut parameters: Vec<(&'static str, String)> = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            let Some(known) = known.iter().find(|known| **known == name) else {
                return Err(unknown_parameter(known));
            };
            if parameters.iter().any(|(earlier, _)| earlier == known) {
                return Err(invalid_parameter(known, "it is given more than once"));
            }
            parameters.push((known, value));
        }
        Ok(Self(parameters))
    }

    /// The value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(known, _)| *known == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// The value of a parameter that is a whole number in digits.
    pub(crate) fn number(&self, name: &'static str) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        // The parser of the standard library also accepts a plus sign.
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_digits);
        let error = || invalid_parameter(name, &format!("it takes one whole number, such as ?{name}=7"));
        number.ok_or_else(error).map(Some)
    }
}

fn unknown_parameter(known: &[&'static str]) -> ApiError {
    if known.is_empty() {
        return invalid_parameter("query", "this path takes no query parameters");
    }
    let known = known.join(", ");
    invalid_parameter("query", &format!("it takes only {known}"))
}

/// The error for a part of a request that breaks a rule.
pub(crate) fn invalid_parameter(part: &'static str, rule: &str) -> ApiError {
    ApiError::InvalidParameter {
        part,
        rule: rule.to_owned(),
    }
}

/// The extractor reads no parameters, so it adds none to the document.
impl OperationInput for NoQuery {}

impl<S: Send + Sync> FromRequestParts<S> for NoQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        QueryParameters::read(&parts.uri, &[]).map(|_| Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Result<QueryParameters, ApiError> {
        QueryParameters::read(&path.parse().expect("a path"), &["after", "last"])
    }

    #[test]
    fn known_parameters_are_accepted_once() {
        let parameters = read("/?after=7&last=a%20b").expect("good");
        assert_eq!(parameters.get("last"), Some("a b"));
        assert_eq!(parameters.number("after"), Ok(Some(7)));
        assert_eq!(read("/").expect("good").number("after"), Ok(None));
        for path in [
            "/?aftr=7",
            "/?after=7&after=7",
            "/?After=7",
            "/?after=7&x",
            "/?=7",
        ] {
            assert!(read(path).is_err(), "{path}");
        }
    }

    #[test]
    fn numbers_have_only_digits() {
        for text in [
            "",
            "x",
            "-1",
            "%2B1",
            "1.5",
            "%201",
            "18446744073709551616",
            "%FF",
        ] {
            let parameters = read(&format!("/?after={text}")).expect("a known name");
            assert!(parameters.number("after").is_err(), "{text}");
        }
    }
}
