//! The API that is called: its host, its version and its paths.

use std::fmt;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

/// The address of HubSpot's API.
const HUBSPOT: &str = "https://api.hubapi.com";

/// The version of HubSpot's API. It is part of every path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ApiVersion {
    /// The version of September 2026.
    #[default]
    September2026,
    /// The version of March 2026.
    March2026,
    /// The last version without a date.
    V3,
}

impl ApiVersion {
    /// Each version with the word that selects it in the settings.
    pub const CHOICES: [(&str, Self); 3] = [
        ("2026-09", Self::September2026),
        ("2026-03", Self::March2026),
        ("v3", Self::V3),
    ];

    fn word(self) -> &'static str {
        match self {
            Self::September2026 => "2026-09",
            Self::March2026 => "2026-03",
            Self::V3 => "v3",
        }
    }

    fn contacts(self) -> String {
        match self {
            Self::V3 => "crm/v3/objects/contacts".to_owned(),
            Self::September2026 | Self::March2026 => format!("crm/objects/{}/contacts", self.word()),
        }
    }

    fn properties(self) -> String {
        match self {
            Self::V3 => "crm/v3/properties".to_owned(),
            Self::September2026 | Self::March2026 => format!("crm/properties/{}", self.word()),
        }
    }
}

/// An address that cannot be a target.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TargetError {
    /// It is not a URL.
    #[error("is not an address such as http://127.0.0.1:3031: {0}")]
    NotAnAddress(String),
    /// It has no host, or its scheme is neither `http` nor `https`.
    #[error("must begin with http:// or https:// and name a host")]
    NotHttp,
    /// It is HubSpot's own address, which must not be used as a sandbox.
    #[error("names HubSpot itself; for that, set a token instead")]
    IsHubspot,
}

/// The API that is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    base: Url,
    version: ApiVersion,
}

impl Target {
    /// HubSpot's own API.
    pub fn hubspot(version: ApiVersion) -> Self {
        let base = Url::parse(HUBSPOT).expect("the constant is an address");
        Self { base, version }
    }

    /// A sandbox. Only the sandbox's own token is ever sent to it.
    pub fn sandbox(address: &str, version: ApiVersion) -> Result<Self, TargetError> {
        let base = Url::parse(address).map_err(|error| TargetError::NotAnAddress(error.to_string()))?;
        let host = base.host_str().unwrap_or_default().to_lowercase();
        if !matches!(base.scheme(), "http" | "https") || host.is_empty() {
            return Err(TargetError::NotHttp);
        }
        if ["hubapi.com", "hubspot.com"]
            .iter()
            .any(|name| host == *name || host.ends_with(&format!(".{name}")))
        {
            return Err(TargetError::IsHubspot);
        }
        Ok(Self { base, version })
    }

    /// The host, with the port unless it is the default one of the scheme.
    pub fn host(&self) -> String {
        let host = self.base.host_str().unwrap_or_default();
        self.base
            .port()
            .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// Whether the host is this machine.
    pub(super) fn is_loopback(&self) -> bool {
        match self.base.host() {
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost",
            None => false,
        }
    }

    pub(super) fn account(&self) -> String {
        self.url(&format!("account-info/{}/details", self.version.word()))
    }

    /// The address of the token endpoint.
    pub(super) fn token(&self) -> String {
        self.url(&format!("oauth/{}/token", self.version.word()))
    }

    /// The address of the list of contacts.
    pub(super) fn contacts(&self) -> String {
        self.url(&self.version.contacts())
    }

    pub(super) fn batch(&self, what: &str) -> String {
        self.url(&format!("{}/batch/{what}", self.version.contacts()))
    }

    /// The address of the definition of a contact's property.
    pub(super) fn property(&self, name: &str) -> String {
        self.url(&format!(
            "{}/contacts/{}",
            self.version.properties(),
            utf8_percent_encode(name, NON_ALPHANUMERIC)
        ))
    }

    pub(super) fn contact(&self, id: &str) -> String {
        self.url(&format!(
            "{}/{}",
            self.version.contacts(),
            utf8_percent_encode(id, NON_ALPHANUMERIC)
        ))
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base.as_str().trim_end_matches('/'))
    }
}

impl fmt::Display for Target {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} ({})", self.host(), self.version.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_follows_from_the_version() {
        let cases = [
            (
                ApiVersion::September2026,
                "crm/objects/2026-09/contacts",
                "crm/properties/2026-09/contacts",
                "account-info/2026-09/details",
                "oauth/2026-09/token",
            ),
            (
                ApiVersion::March2026,
                "crm/objects/2026-03/contacts",
                "crm/properties/2026-03/contacts",
                "account-info/2026-03/details",
                "oauth/2026-03/token",
            ),
            (
                ApiVersion::V3,
                "crm/v3/objects/contacts",
                "crm/v3/properties/contacts",
                "account-info/v3/details",
                "oauth/v3/token",
            ),
        ];
        for (version, contacts, properties, account, token) in cases {
            let target = Target::hubspot(version);
            assert_eq!(target.account(), format!("https://api.hubapi.com/{account}"));
            assert_eq!(target.token(), format!("https://api.hubapi.com/{token}"));
            assert_eq!(
                target.batch("update"),
                format!("https://api.hubapi.com/{contacts}/batch/update")
            );
            assert_eq!(
                target.property("firstname"),
                format!("https://api.hubapi.com/{properties}/firstname")
            );
            assert_eq!(
                target.contact("512"),
                format!("https://api.hubapi.com/{contacts}/512")
            );
        }
    }

    #[test]
    fn an_address_becomes_one_segment_of_a_path() {
        let target = Target::hubspot(ApiVersion::V3);
        assert!(
            target
                .contact("a/b+c@x.de")
                .ends_with("/contacts/a%2Fb%2Bc%40x%2Ede")
        );
    }

    #[test]
    fn a_sandbox_is_any_http_address_but_hubspot() {
        let sandbox = |address| Target::sandbox(address, ApiVersion::default());
        assert_eq!(
            sandbox("http://127.0.0.1:3031/").map(|target| target.host()),
            Ok("127.0.0.1:3031".to_owned())
        );
        assert_eq!(sandbox("https://api.hubapi.com"), Err(TargetError::IsHubspot));
        assert_eq!(sandbox("ftp://example.com"), Err(TargetError::NotHttp));
        assert!(matches!(sandbox("sandbox"), Err(TargetError::NotAnAddress(_))));
    }
}
