//! Reads `Prefer: wait=10` (RFC 7240): how long a caller wants to wait for HubSpot's result.

use std::time::Duration;

use axum::http::HeaderMap;

/// The longest wait. Proxies in front of the gateway often end longer requests.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// The wait that the caller prefers, reduced to 30 seconds. A preference that cannot be read is ignored, as the RFC demands.
pub(crate) fn read_wait(headers: &HeaderMap) -> Option<Duration> {
    let given = headers.get_all("prefer").iter();
    let preferences = given
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','));
    // The RFC says that the first of several counts.
    let wait = preferences.into_iter().find_map(|preference| {
        let (name, value) = preference.split(';').next()?.split_once('=')?;
        name.trim().eq_ignore_ascii_case("wait").then_some(value)
    })?;
    let seconds: u64 = wait.trim().trim_matches('"').parse().ok()?;
    Some(Duration::from_secs(seconds).min(MAX_WAIT)).filter(|wait| !wait.is_zero())
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
    fn a_wait_is_at_most_thirty_seconds() {
        assert_eq!(wait(&["wait=31"]), Some(30));
        assert_eq!(wait(&["wait=99999999999"]), Some(30));
    }

    #[test]
    fn a_preference_that_cannot_be_read_is_ignored() {
        for text in ["", "wait", "wait=", "wait=soon", "wait=-1", "wait=0", "waits=5"] {
            assert_eq!(wait(&[text]), None, "{text}");
        }
        assert_eq!(wait(&[]), None);
    }
}
