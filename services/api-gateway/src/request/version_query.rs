//! The `version` query parameter of a receipt.

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use crate::problem::ApiError;

const RULE: &str = "it takes one whole number, such as ?version=7";

/// The version asked for; `None` means the latest.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct VersionQuery(pub(crate) Option<u64>);

impl<S: Send + Sync> FromRequestParts<S> for VersionQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri).map_err(|_| invalid())?;
        parse(&pairs.0)
    }
}

fn parse(pairs: &[(String, String)]) -> Result<VersionQuery, ApiError> {
    let mut versions = pairs.iter().filter(|(name, _)| name == "version");
    let (first, second) = (versions.next(), versions.next());
    let Some((_, text)) = first else {
        return Ok(VersionQuery(None));
    };
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let version = text.parse().ok().filter(|_| is_digits && second.is_none());
    version
        .map(|version| VersionQuery(Some(version)))
        .ok_or_else(invalid)
}

fn invalid() -> ApiError {
    ApiError::InvalidParameter {
        part: "version",
        rule: RULE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(pairs: &[(&str, &str)]) -> Result<VersionQuery, ApiError> {
        let pairs: Vec<_> = pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        parse(&pairs)
    }

    #[test]
    fn a_whole_number_or_nothing_is_taken() {
        assert_eq!(version(&[]), Ok(VersionQuery(None)));
        assert_eq!(version(&[("other", "x")]), Ok(VersionQuery(None)));
        assert_eq!(
            version(&[("version", "7"), ("other", "x")]),
            Ok(VersionQuery(Some(7)))
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for text in ["", "x", "-1", "+1", "1.5", " 1", "18446744073709551616"] {
            assert!(version(&[("version", text)]).is_err(), "{text}");
        }
        assert!(version(&[("version", "1"), ("version", "1")]).is_err());
    }
}
