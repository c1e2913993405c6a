//! Reads the conditions of a change (RFC 9110, section 13.1).

use axum::http::HeaderMap;
use axum::http::header::{IF_MATCH, IF_NONE_MATCH};

use super::invalid_parameter;
use crate::response::ApiError;

const ONE_TAG: &str = "it takes one entity tag as ETag gave it, such as \"6\"; * and lists are not supported";
const NO_IF_NONE_MATCH: &str = "it is not supported on PATCH; use If-Match";

/// The condition that `If-Match` sets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IfMatch {
    /// The stored version has to be this one.
    Version(u64),
    /// No version can match: the tag is weak, or the gateway never gave it.
    Never,
}

/// The condition of a change, where the caller sets one.
pub(crate) fn read_if_match(headers: &HeaderMap) -> Result<Option<IfMatch>, ApiError> {
    let mut values = headers.get_all(IF_MATCH).iter();
    let (first, second) = (values.next(), values.next());
    let Some(value) = first else { return Ok(None) };
    let condition = value
        .to_str()
        .ok()
        .filter(|_| second.is_none())
        .and_then(|text| parse_tag(text.trim()));
    condition
        .map(Some)
        .ok_or_else(|| invalid_parameter("If-Match", ONE_TAG))
}

/// Rejects `If-None-Match`: a caller that means "only if the user does not exist" must not get an unconditional change.
pub(crate) fn reject_if_none_match(headers: &HeaderMap) -> Result<(), ApiError> {
    if headers.contains_key(IF_NONE_MATCH) {
        Err(invalid_parameter("If-None-Match", NO_IF_NONE_MATCH))
    } else {
        Ok(())
    }
}

/// Parses one entity tag; `None` where the text is not one.
fn parse_tag(text: &str) -> Option<IfMatch> {
    let (is_weak, quoted) = match text.strip_prefix("W/") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let opaque = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let is_tag_character = |byte: u8| byte == b'!' || (0x23..=0x7e).contains(&byte);
    if !opaque.bytes().all(is_tag_character) {
        return None;
    }
    // Only the text that the gateway writes is a version: "06" and "+6" are tags, but never given for version 6.
    let version = opaque
        .parse::<u64>()
        .ok()
        .filter(|version| *version > 0 && version.to_string() == opaque);
    // If-Match compares strongly, so a weak tag matches nothing (RFC 9110, section 8.8.3.2).
    let version = version.filter(|_| !is_weak);
    Some(version.map_or(IfMatch::Never, IfMatch::Version))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IF_MATCH, value.parse().expect("a header value"));
        }
        headers
    }

    #[test]
    fn a_strong_tag_names_its_version() {
        assert_eq!(read_if_match(&HeaderMap::new()), Ok(None));
        for (text, version) in [
            ("\"6\"", 6),
            (" \"1\" ", 1),
            ("\"18446744073709551615\"", u64::MAX),
        ] {
            assert_eq!(
                read_if_match(&with(&[text])),
                Ok(Some(IfMatch::Version(version))),
                "{text}"
            );
        }
    }

    #[test]
    fn a_weak_tag_or_one_we_never_gave_matches_nothing() {
        for text in [
            "W/\"6\"",
            "\"abc\"",
            "\"06\"",
            "\"0\"",
            "\"+6\"",
            "\"\"",
            "\"18446744073709551616\"",
        ] {
            assert_eq!(read_if_match(&with(&[text])), Ok(Some(IfMatch::Never)), "{text}");
        }
    }

    #[test]
    fn anything_but_one_tag_is_rejected() {
        for text in [
            "6",
            "*",
            "\"6\", \"7\"",
            "\"6",
            "\"6\"7\"",
            "w/\"6\"",
            "",
            "\"a b\"",
        ] {
            assert!(read_if_match(&with(&[text])).is_err(), "{text}");
        }
        assert!(read_if_match(&with(&["\"6\"", "\"6\""])).is_err());
    }
}
