//! The names under which browsers and programs may reach the gateway.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use axum::http::uri::Authority;

/// The names and addresses of this gateway, and of proxies before it. Where they pass `Host` on, addresses, and names
/// without a dot such as `localhost` and `api-gateway`, need not be told: nobody can register one and have it lead here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hosts(BTreeSet<String>);

/// What no request can be for, as it was told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} can match no request; give names such as console.example.com and addresses such as 192.168.1.5, with commas \
     between them, each without scheme, port, user, path or *",
    .0.join(" and ")
)]
pub struct InvalidHosts(Vec<String>);

impl Hosts {
    /// Whether a request to that host was meant for this gateway.
    pub(crate) fn knows(&self, authority: &Authority) -> bool {
        let host = authority.host();
        is_address(host) || (!host.is_empty() && !host.contains('.')) || self.lists(authority)
    }

    /// Whether that host is one of those that were told.
    pub(crate) fn lists(&self, authority: &Authority) -> bool {
        self.0.contains(&canonical(authority.host()))
    }
}

/// Names and addresses with commas between them.
impl FromStr for Hosts {
    type Err = InvalidHosts;

    fn from_str(text: &str) -> Result<Self, InvalidHosts> {
        let told = text.split(',').map(str::trim).filter(|host| !host.is_empty());
        let (valid, invalid): (Vec<_>, Vec<_>) = told.partition(|host| is_host(&canonical(host)));
        if invalid.is_empty() {
            Ok(Self(valid.into_iter().map(canonical).collect()))
        } else {
            Err(InvalidHosts(invalid.into_iter().map(without_user).collect()))
        }
    }
}

/// One way to write what may be written in several.
fn canonical(host: &str) -> String {
    let in_brackets = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match in_brackets.unwrap_or(host).parse::<Ipv6Addr>() {
        Ok(address) => format!("[{address}]"),
        Err(_) => host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase(),
    }
}

fn is_host(host: &str) -> bool {
    is_address(host) || is_name(host)
}

fn is_name(host: &str) -> bool {
    let is_label = |label: &str| {
        let is_of_names = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(is_of_names)
    };
    // What ends in a number is an address to browsers, or nothing.
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
    host.len() <= 253 && host.split('.').all(is_label) && !is_number
}

/// In quotes, for a log: a password may stand before the `@`.
fn without_user(told: &str) -> String {
    match told.rsplit_once('@') {
        Some((_, host)) => format!("{:?}", format!("…@{host}")),
        None => format!("{told:?}"),
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
        let hosts: Hosts = hosts.parse().expect("names and addresses");
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

    #[test]
    fn a_host_is_the_same_however_it_is_written() {
        for (told, authority) in [
            ("192.168.1.5", "192.168.1.5:8080"),
            ("fd00::1", "[fd00::1]"),
            ("[FD00:0::1]", "[fd00::1]:8443"),
            ("console.example.com.", "console.example.com"),
            ("console.example.com", "console.example.com."),
            ("localhost", "localhost:8080"),
            ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ] {
            let hosts: Hosts = told.parse().expect(told);
            assert!(hosts.lists(&authority.parse().expect("an authority")), "{told}");
        }
    }

    #[test]
    fn what_can_match_no_request_is_refused_and_named() {
        let long = format!("{}.example", "a".repeat(64));
        for told in [
            "https://console.example.com",
            "console.example.com:8443",
            "192.168.1.5:80",
            "[::1]:3030",
            "*.corp.example",
            "*",
            "console.example.com/hubsync",
            "one.example two.example",
            "one.example;two.example",
            "console..example",
            ".example",
            ".",
            "256.1.1.1",
            "8443",
            "[127.0.0.1]",
            "münchen.example",
            &long,
        ] {
            let error = told.parse::<Hosts>().expect_err(told);
            assert!(error.to_string().contains(&format!("{told:?}")), "{error}");
        }
    }

    #[test]
    fn all_that_can_match_no_request_is_told_at_once_and_no_password() {
        let told = "ok.example, a:secret@b.example, c.example:80";
        let error = told.parse::<Hosts>().expect_err("two cannot be used").to_string();
        assert!(
            error.starts_with("\"…@b.example\" and \"c.example:80\" can match no request"),
            "{error}"
        );
        assert!(
            !error.contains("secret") && !error.contains("ok.example"),
            "{error}"
        );
    }
}
