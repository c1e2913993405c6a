//! `Prefer: wait=10` (RFC 7240): how long a caller would like to wait for HubSpot's verdict.

use std::time::Duration;

use axum::http::HeaderMap;

/// The longest wait: proxies in front of the gateway end longer ones.
const LONGEST: Duration = Duration::from_secs(30);

/// The wait that is preferred, 30 seconds at most; none where there is no such preference, or one that makes no sense, which
/// the RFC has us ignore.
pub(crate) fn read_wait(headers: &HeaderMap) -> Option<Duration> {
    let given = headers.get_all("prefer").iter();
    let preferences = given
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    // Of several the first one counts.
    let wait = preferences.into_iter().find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then_some(value)
    })?;
    let seconds: u64 = wait.trim().trim_matches('"').parse().ok()?;
    Some(Duration::from_secs(seconds).min(LONGEST)).filter(|wait| !wait.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(values: &[&str]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("prefer", value.parse().expect("a header value"));
        }
        read_wait(&headers).map(|wait| wait.as_secs())
    }

    #[test]
    fn the_wait_is_found_among_other_preferences() {
        assert_eq!(wait(&["wait=10"]), Some(10));
        assert_eq!(wait(&["respond-async, Wait = \"7\"; x=y"]), Some(7));
        assert_eq!(wait(&["return=minimal", "wait=3"]), Some(3));
        assert_eq!(wait(&["wait=5, wait=9"]), Some(5));
    }

    #[test]
    fn a_wait_is_thirty_seconds_at_most() {
        assert_eq!(wait(&["wait=31"]), Some(30));
        assert_eq!(wait(&["wait=99999999999"]), Some(30));
    }

    #[test]
    fn what_makes_no_sense_is_ignored() {
        for text in ["", "wait", "wait=", "wait=soon", "wait=-1", "wait=0", "waits=5"] {
            assert_eq!(wait(&[text]), None, "{text}");
        }
        assert_eq!(wait(&[]), None);
    }
}
