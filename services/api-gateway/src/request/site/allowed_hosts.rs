//! The names and addresses under which callers may reach the gateway.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use axum::http::uri::Authority;

/// The names and addresses of this gateway and of the proxies in front of it.
///
/// Addresses, and names without a dot such as `localhost` and `api-gateway`, are always allowed and need not be listed: nobody
/// can register one and point it at the gateway. A proxy that does not pass `Host` on has to be listed even then.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts(BTreeSet<String>);

/// Entries of the setting that no request can match, each in quotes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} can match no request; give names such as console.example.com and addresses such as 192.168.1.5, with commas \
     between them, each without scheme, port, user, path or *",
    .0.join(" and ")
)]
pub struct InvalidHosts(Vec<String>);

impl AllowedHosts {
    /// Whether a request to that host is meant for this gateway.
    pub(super) fn allow(&self, authority: &Authority) -> bool {
        let host = authority.host();
        is_address(host) || (!host.is_empty() && !host.contains('.')) || self.contains(authority)
    }

    /// Whether that host is in the setting.
    pub(super) fn contains(&self, authority: &Authority) -> bool {
        self.0.contains(&canonical(authority.host()))
    }
}

/// Parses names and addresses with commas between them.
impl FromStr for AllowedHosts {
    type Err = InvalidHosts;

    fn from_str(text: &str) -> Result<Self, InvalidHosts> {
        let hosts = text.split(',').map(str::trim).filter(|host| !host.is_empty());
        let (valid, invalid): (Vec<_>, Vec<_>) = hosts.partition(|host| is_host(&canonical(host)));
        if invalid.is_empty() {
            Ok(Self(valid.into_iter().map(canonical).collect()))
        } else {
            Err(InvalidHosts(
                invalid.into_iter().map(quoted_without_user).collect(),
            ))
        }
    }
}

/// Brings the different ways to write the same host into one form.
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
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(is_allowed)
    };
    // A browser takes a host that ends in a number for an address, or rejects it.
    let last = host.rsplit('.').next().unwrap_or_default();
    let is_number = last.bytes().all(|byte| byte.is_ascii_digit());
    host.len() <= 253 && host.split('.').all(is_label) && !is_number
}

/// The entry in quotes, for the log, without what stands before an `@`: that may be a password.
fn quoted_without_user(host: &str) -> String {
    match host.rsplit_once('@') {
        Some((_, host)) => format!("{:?}", format!("…@{host}")),
        None => format!("{host:?}"),
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

    fn allows(hosts: &str, authority: &str) -> bool {
        let hosts: AllowedHosts = hosts.parse().expect("names and addresses");
        hosts.allow(&authority.parse().expect("an authority"))
    }

    #[test]
    fn addresses_and_names_without_a_dot_are_always_allowed() {
        for allowed in [
            "127.0.0.1:3030",
            "10.1.2.3",
            "[::1]:3030",
            "localhost:3030",
            "api-gateway",
        ] {
            assert!(allows("", allowed), "{allowed}");
        }
        for rejected in [
            "rebound.example:3030",
            "127.0.0.1.example",
            "localhost.",
            "[::1",
            "a.b@rebound.example",
        ] {
            let is_allowed = rejected
                .parse()
                .is_ok_and(|authority| AllowedHosts::default().allow(&authority));
            assert!(!is_allowed, "{rejected}");
        }
    }

    #[test]
    fn names_are_given_with_commas_between_them_in_any_case() {
        let hosts = "console.example.com, Other.Example ,";
        assert!(allows(hosts, "CONSOLE.example.com:8443"));
        assert!(allows(hosts, "other.example"));
        assert!(!allows(hosts, "example.com"));
        assert!(!allows(hosts, "a.console.example.com"));
    }

    #[test]
    fn a_host_matches_however_it_is_written() {
        for (setting, authority) in [
            ("192.168.1.5", "192.168.1.5:8080"),
            ("fd00::1", "[fd00::1]"),
            ("[FD00:0::1]", "[fd00::1]:8443"),
            ("console.example.com.", "console.example.com"),
            ("console.example.com", "console.example.com."),
            ("localhost", "localhost:8080"),
            ("xn--mnchen-3ya.example", "xn--mnchen-3ya.example"),
        ] {
            let hosts: AllowedHosts = setting.parse().expect(setting);
            assert!(
                hosts.contains(&authority.parse().expect("an authority")),
                "{setting}"
            );
        }
    }

    #[test]
    fn an_entry_that_can_match_no_request_is_rejected_and_named() {
        let long = format!("{}.example", "a".repeat(64));
        for entry in [
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
            let error = entry.parse::<AllowedHosts>().expect_err(entry);
            assert!(error.to_string().contains(&format!("{entry:?}")), "{error}");
        }
    }

    #[test]
    fn all_wrong_entries_are_named_at_once_without_passwords() {
        let setting = "ok.example, a:secret@b.example, c.example:80";
        let error = setting
            .parse::<AllowedHosts>()
            .expect_err("two cannot be used")
            .to_string();
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
