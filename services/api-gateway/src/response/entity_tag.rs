//! Entity tags (RFC 9110, section 8.8.3): the version of a user in quotes.

use axum::http::{HeaderMap, HeaderName, HeaderValue};

/// The entity tag of a version.
pub(crate) fn entity_tag(version: u64) -> HeaderValue {
    HeaderValue::try_from(format!("\"{version}\"")).expect("digits in quotes make a header value")
}

/// Whether a header such as `If-None-Match` lists the tag of this version. It compares weakly, as the RFC demands for that
/// header: `W/"7"` matches version 7.
pub(crate) fn matches_any(headers: &HeaderMap, name: &HeaderName, version: u64) -> bool {
    let tag = format!("\"{version}\"");
    let texts = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut tags = texts.flat_map(|text| text.split(',')).map(str::trim);
    tags.any(|given| given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag)
}

#[cfg(test)]
mod tests {
    use axum::http::header::IF_NONE_MATCH;

    use super::*;

    fn with(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(IF_NONE_MATCH, value.parse().expect("a header value"));
        }
        headers
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
            assert!(matches_any(&with(values), &IF_NONE_MATCH, 7), "{values:?}");
        }
        for values in [&[][..], &["7"], &["\"17\""], &["\"70\", \"\""]] {
            assert!(!matches_any(&with(values), &IF_NONE_MATCH, 7), "{values:?}");
        }
    }
}
