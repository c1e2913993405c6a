//! Query parameters: each known one is taken once. One that is misspelt, or given twice, would silently ask for something else.

use axum::extract::{FromRequestParts, Query};
use axum::http::Uri;
use axum::http::request::Parts;

use crate::problem::ApiError;

/// The parameters of a request, by name.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Parameters(Vec<(&'static str, String)>);

/// For routes that take no parameters.
#[derive(Debug)]
pub(crate) struct NoQuery;

impl Parameters {
    /// Takes those that are known.
    pub(super) fn read(uri: &Uri, known: &[&'static str]) -> Result<Self, ApiError> {
        let pairs = Query::<Vec<(String, String)>>::try_from_uri(uri)
            .map_err(|_| invalid("query", "it is not text in UTF-8, percent-encoded"))?;
        Self::take(pairs.0, known)
    }

    /// Takes pairs of names and values.
    pub(super) fn take(pairs: Vec<(String, String)>, known: &[&'static str]) -> Result<Self, ApiError> {
        let mut taken: Vec<(&'static str, String)> = Vec::with_capacity(pairs.len());
        for (name, value) in pairs {
            let Some(known) = known.iter().find(|known| **known == name) else {
                return Err(unknown(known));
            };
            if taken.iter().any(|(before, _)| before == known) {
                return Err(invalid(known, "it is given more than once"));
            }
            taken.push((known, value));
        }
        Ok(Self(taken))
    }

    /// The value of a parameter.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        let pair = self.0.iter().find(|(known, _)| *known == name);
        pair.map(|(_, value)| value.as_str())
    }

    /// A whole number in digits only.
    pub(super) fn number(&self, name: &'static str) -> Result<Option<u64>, ApiError> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|_| is_digits);
        let rule = || invalid(name, &format!("it takes one whole number, such as ?{name}=7"));
        number.ok_or_else(rule).map(Some)
    }
}

fn unknown(known: &[&'static str]) -> ApiError {
    if known.is_empty() {
        return invalid("query", "this takes no query parameters");
    }
    let known = known.join(", ");
    invalid("query", &format!("it takes {known}, and nothing else"))
}

/// A parameter that breaks a rule.
pub(super) fn invalid(part: &'static str, rule: &str) -> ApiError {
    ApiError::InvalidParameter {
        part,
        rule: rule.to_owned(),
    }
}

impl<S: Send + Sync> FromRequestParts<S> for NoQuery {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, ApiError> {
        Parameters::read(&parts.uri, &[]).map(|_| Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str) -> Result<Parameters, ApiError> {
        Parameters::read(&path.parse().expect("a path"), &["after", "last"])
    }

    #[test]
    fn known_parameters_are_taken_once() {
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
    fn numbers_are_digits() {
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
