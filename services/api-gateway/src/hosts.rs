//! The names under which browsers and programs may reach the gateway.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use axum::http::uri::Authority;

/// The names with a dot that belong to this gateway. Addresses, and names without a dot such as `localhost` and
/// `api-gateway`, need not be told: nobody can register one and have it lead here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(BTreeSet<String>);

impl Hosts {
    /// Whether a request to that host was meant for this gateway.
    pub(crate) fn knows(&self, authority: &Authority) -> bool {
        let host = authority.host();
        is_address(host) || (!host.is_empty() && !host.contains('.')) || self.lists(authority)
    }

    /// Whether that host is one of those that were told.
    pub(crate) fn lists(&self, authority: &Authority) -> bool {
        self.0.contains(&authority.host().to_ascii_lowercase())
    }
}

/// Names with commas between them.
impl FromStr for Hosts {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        let names = text.split(',').map(|name| name.trim().to_ascii_lowercase());
        Ok(Self(names.filter(|name| !name.is_empty()).collect()))
    }
}

fn is_address(host: &str) -> bool {
    let in_brackets = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match in_brackets {
        Some(address) => address.parse::<Ipv6Addr>().is_ok(),
        None => host.parse::<Ipv4Addr>().is_ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn knows(hosts: &str, authority: &str) -> bool {
        let hosts: Hosts = hosts.parse().expect("any text will do");
        hosts.knows(&authority.parse().expect("an authority"))
    }

    #[test]
    fn an_address_and_a_name_without_a_dot_are_known_and_others_have_to_be_told() {
        for known in [
            "127.0.0.1:3030",
            "10.1.2.3",
            "[::1]:3030",
            "localhost:3030",
            "api-gateway",
        ] {
            assert!(knows("", known), "{known}");
        }
        for unknown in [
            "rebound.example:3030",
            "127.0.0.1.example",
            "localhost.",
            "[::1",
            "a.b@rebound.example",
        ] {
            let is_known = unknown
                .parse()
                .is_ok_and(|authority| Hosts::default().knows(&authority));
            assert!(!is_known, "{unknown}");
        }
    }

    #[test]
    fn names_are_told_with_commas_between_them_in_any_case() {
        let hosts = "console.example.com, Other.Example ,";
        assert!(knows(hosts, "CONSOLE.example.com:8443"));
        assert!(knows(hosts, "other.example"));
        assert!(!knows(hosts, "example.com"));
        assert!(!knows(hosts, "a.console.example.com"));
    }
}
