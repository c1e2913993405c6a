//! Entity tags (RFC 9110, section 8.8.3): a user's version in quotes.

use axum::http::header::{IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderName, HeaderValue};

use crate::problem::ApiError;

const ONE_TAG: &str = "it takes one entity tag as ETag gave it, such as \"6\"; * and lists are not supported";
const NO_IF_NONE_MATCH: &str = "it is not supported on PATCH; If-Match is";

/// What `If-Match` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// That the stored version is this one.
    Version(u64),
    /// Something no version fulfils: a weak tag, or one we never gave.
    Never,
}

/// The tag of a version.
pub(crate) fn entity_tag(version: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("digits in quotes make a header value")
}

/// The condition of a change, if there is one.
pub(crate) fn read_if_match(headers: &HeaderMap) -> Result<Option<Condition>, ApiError> {
    let mut values = headers.get_all(IF_MATCH).iter();
    let (first, second) = (values.next(), values.next());
    let Some(value) = first else { return Ok(None) };
    let condition = value
        .to_str()
        .ok()
        .filter(|_| second.is_none())
        .and_then(|text| parse(text.trim()));
    condition.map(Some).ok_or_else(|| invalid("If-Match", ONE_TAG))
}

/// A caller who wants "only if it does not exist" must not get a plain change instead.
pub(crate) fn refuse_if_none_match(headers: &HeaderMap) -> Result<(), ApiError> {
    if headers.contains_key(IF_NONE_MATCH) {
        Err(invalid("If-None-Match", NO_IF_NONE_MATCH))
    } else {
        Ok(())
    }
}

/// Whether a list of tags, as `If-None-Match` has it, holds the tag of this version; weakness does not matter here.
pub(crate) fn matches_any(headers: &HeaderMap, name: &HeaderName, version: u64) -> bool {
    let tag = format!("\"{version}\"");
    let texts = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut given = texts.flat_map(|text| text.split(',')).map(str::trim);
    given.any(|given| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag)
}

/// One entity tag; `None` where the text is not one.
fn parse(text: &str) -> Option<Condition> {
    let (is_weak, quoted) = match text.strip_prefix("W/") {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let opaque = quoted.strip_prefix('"')?.strip_suffix('"')?;
    if !opaque
        .bytes()
        .all(|byte| byte == b'!' || (0x23..=0x7e).contains(&byte))
    {
        return None;
    }
    let version = opaque
        .parse::<u64>()
        .ok()
        .filter(|version| *version > 0 && version.to_string() == opaque);
    Some(
        version
            .filter(|_| !is_weak)
            .map_or(Condition::Never, Condition::Version),
    )
}

fn invalid(part: &'static str, rule: &str) -> ApiError {
    ApiError::InvalidParameter {
        part,
        rule: rule.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().expect("a header value"));
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
                read_if_match(&with(&IF_MATCH, &[text])),
                Ok(Some(Condition::Version(version))),
                "{text}"
            );
        }
    }

    #[test]
    fn weak_tags_and_tags_we_never_gave_match_nothing() {
        for text in [
            "W/\"6\"",
            "\"abc\"",
            "\"06\"",
            "\"0\"",
            "\"+6\"",
            "\"\"",
            "\"18446744073709551616\"",
        ] {
            assert_eq!(
                read_if_match(&with(&IF_MATCH, &[text])),
                Ok(Some(Condition::Never)),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_not_one_tag_is_refused() {
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
            assert!(read_if_match(&with(&IF_MATCH, &[text])).is_err(), "{text}");
        }
        assert!(read_if_match(&with(&IF_MATCH, &["\"6\"", "\"6\""])).is_err());
    }

    #[test]
    fn a_list_matches_by_any_of_its_tags() {
        for values in [
            &["\"7\""][..],
            &["W/\"7\""],
            &["\"1\", \"7\""],
            &["\"1\"", "\"7\""],
            &["*"],
        ] {
            assert!(
                matches_any(&with(&IF_NONE_MATCH, values), &IF_NONE_MATCH, 7),
                "{values:?}"
            );
        }
        for values in [&[][..], &["7"], &["\"17\""], &["\"70\", \"\""]] {
            assert!(
                !matches_any(&with(&IF_NONE_MATCH, values), &IF_NONE_MATCH, 7),
                "{values:?}"
            );
        }
    }
}
