//! Reads the key that lets a caller send a change again without making it twice.

use axum::http::HeaderMap;

use super::invalid_parameter;
use crate::response::ApiError;

const NAME: &str = "idempotency-key";
const MAX_CHARS: usize = 255;
const RULE: &str = "it takes one value of 1 to 255 visible ASCII characters";

/// The caller's key, if there is one.
pub(crate) fn read_idempotency_key(headers: &HeaderMap) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(NAME).iter();
    let (first, second) = (values.next(), values.next());
    let Some(value) = first else {
        return Ok(None);
    };
    let is_visible = |text: &&str| text.bytes().all(|byte| byte.is_ascii_graphic());
    let key = value.to_str().ok().filter(is_visible);
    match key {
        Some(key) if second.is_none() && (1..=MAX_CHARS).contains(&key.len()) => Ok(Some(key.to_owned())),
        _ => Err(invalid_parameter("Idempotency-Key", RULE)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(values: &[&str]) -> Result<Option<String>, ApiError> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(NAME, value.parse().expect("a header value"));
        }
        read_idempotency_key(&headers)
    }

    #[test]
    fn the_callers_key_is_used_unchanged() {
        for text in ["a", "\"8e03978e-40d5\"", &"x".repeat(255)] {
            assert_eq!(key(&[text]).ok(), Some(Some(text.to_owned())));
        }
    }

    #[test]
    fn a_key_that_breaks_the_rule_is_rejected() {
        for text in ["", "a b", "ä", &"x".repeat(256)] {
            assert!(key(&[text]).is_err(), "{text}");
        }
        assert!(key(&["a", "a"]).is_err());
    }

    #[test]
    fn a_change_needs_no_key() {
        assert!(matches!(key(&[]), Ok(None)));
    }
}
