//! Known errors: every error that HubSpot, or a proxy in front of it, was seen to answer.
//! <https://developers.hubspot.com/docs/api-reference/error-handling>

use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// An error that HubSpot is known to answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum KnownError {
    /// 400: the error names neither an input nor a property.
    Unspecific,
    /// 401: the token is unknown.
    InvalidToken,
    /// 401: the token has expired.
    ExpiredToken,
    /// 403: a scope is missing.
    MissingScopes,
    /// 403: the token has every scope, but may not edit this contact.
    ContactForbidden,
    /// 404: the object or the path does not exist.
    NotFound,
    /// 408: the call took too long.
    RequestTimeout,
    /// 414: the contact was merged from too many others.
    TooManyIdentities,
    /// 423: another write holds the lock on a unique value; locks last two seconds.
    Locked,
    /// 429: the limit of the ten-second window.
    BurstLimit,
    /// 429: the limit of searches.
    SearchLimit,
    /// 429: the daily limit.
    DailyLimit,
    /// 429: the limit of the token endpoint.
    TokenLimit,
    /// 477: the account is being moved to another data centre. The response always has `Retry-After`.
    Migrating,
    /// Any 5xx: 500 from HubSpot itself, 502 to 504, 520 to 526 and 530 from a proxy in front of it.
    Server(u16),
}

const NAMED: [(&str, KnownError); 16] = [
    ("400", KnownError::Unspecific),
    ("401", KnownError::InvalidToken),
    ("401-expired", KnownError::ExpiredToken),
    ("403", KnownError::MissingScopes),
    ("403-contact", KnownError::ContactForbidden),
    ("404", KnownError::NotFound),
    ("408", KnownError::RequestTimeout),
    ("414", KnownError::TooManyIdentities),
    ("423", KnownError::Locked),
    ("429", KnownError::BurstLimit),
    ("429-search", KnownError::SearchLimit),
    ("429-daily", KnownError::DailyLimit),
    ("429-token", KnownError::TokenLimit),
    ("477", KnownError::Migrating),
    ("500", KnownError::Server(500)),
    ("503", KnownError::Server(503)),
];

impl FromStr for KnownError {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        if let Some((_, error)) = NAMED.iter().find(|(known, _)| *known == name) {
            return Ok(*error);
        }
        match name.parse() {
            Ok(status @ (500..=504 | 520..=526 | 530)) => Ok(Self::Server(status)),
            _ => Err(format!(
                "unknown error {name:?}; known are 400, 401, 401-expired, 403, 403-contact, 404, 408, 414, 423, 429, 429-search, 429-daily, 429-token, 477, 500 to 504, 520 to 526 and 530"
            )),
        }
    }
}

impl TryFrom<String> for KnownError {
    type Error = String;

    fn try_from(name: String) -> Result<Self, Self::Error> {
        name.parse()
    }
}

impl From<KnownError> for String {
    fn from(error: KnownError) -> Self {
        if let KnownError::Server(status) = error {
            return status.to_string();
        }
        NAMED
            .iter()
            .find(|(_, known)| *known == error)
            .map_or_else(String::new, |(name, _)| (*name).to_owned())
    }
}

impl KnownError {
    /// The HTTP status.
    pub fn status(self) -> u16 {
        match self {
            Self::Unspecific => 400,
            Self::InvalidToken | Self::ExpiredToken => 401,
            Self::MissingScopes | Self::ContactForbidden => 403,
            Self::NotFound => 404,
            Self::RequestTimeout => 408,
            Self::TooManyIdentities => 414,
            Self::Locked => 423,
            Self::BurstLimit | Self::SearchLimit | Self::DailyLimit | Self::TokenLimit => 429,
            Self::Migrating => 477,
            Self::Server(status) => status,
        }
    }

    /// The usual body of this error: HubSpot's own errors are JSON, those of proxies are HTML.
    pub fn usual_body(self) -> BodyKind {
        if self.status() > 500 {
            BodyKind::Html
        } else {
            BodyKind::Json
        }
    }
}

/// The kind of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BodyKind {
    /// JSON in HubSpot's form.
    Json,
    /// An HTML page of a proxy.
    Html,
    /// The response has no body.
    Empty,
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[test]
    fn every_name_is_parsed_and_written_alike() {
        let gateway = ["502", "504", "521", "522", "523", "524", "530"];
        for name in NAMED.iter().map(|(name, _)| *name).chain(gateway) {
            let error: KnownError = name.parse().unwrap();
            assert_eq!(String::from(error), name);
            assert!(name.starts_with(&error.status().to_string()));
        }
    }

    #[test]
    fn other_names_are_rejected() {
        for name in ["200", "418", "505", "529", "531", "five hundred", ""] {
            assert!(name.parse::<KnownError>().is_err(), "{name}");
        }
    }
}
