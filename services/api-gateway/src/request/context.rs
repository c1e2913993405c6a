//! What a request carries with it to the last service: its id and its trace.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use contracts::RequestContext;

/// An id longer than this is not somebody's id.
const MAX_ID_CHARS: usize = 128;
/// W3C trace context: version 00 has 55 characters; later versions may have more.
const MAX_TRACE_CHARS: usize = 256;

/// The header of a request's id, in both directions.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// Reads what the caller sent, as far as it can be logged and passed on without harm.
pub(crate) fn read_context(headers: &HeaderMap) -> RequestContext {
    let request_id = one(headers, REQUEST_ID).filter(|id| is_request_id(id));
    let traceparent = one(headers, contracts::headers::TRACEPARENT).filter(|trace| is_traceparent(trace));
    RequestContext {
        request_id: request_id.map_or_else(|| uuid::Uuid::new_v4().to_string().into(), Arc::from),
        traceparent: traceparent.map(Arc::from),
    }
}

/// The request's id as a header of the response.
pub(crate) fn request_id_header(context: &RequestContext) -> HeaderValue {
    HeaderValue::from_str(&context.request_id).expect("letters, digits and _.:- make a header value")
}

/// A header that is given once: of two nobody knows which is meant.
fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    value.to_str().ok()
}

/// What no log, shell or query language reads as anything but an id.
fn is_request_id(text: &str) -> bool {
    let is_fine = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    (1..=MAX_ID_CHARS).contains(&text.len()) && text.bytes().all(is_fine)
}

/// Version, trace id, parent id and flags in lower-case hexadecimal digits; later versions may add parts.
fn is_traceparent(text: &str) -> bool {
    let is_hex = |part: &str| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let parts: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    text.len() <= MAX_TRACE_CHARS
        && parts.iter().all(|part| is_hex(part))
        && lengths.starts_with(&[2, 32, 16, 2])
        && (parts[0] != "00" || parts.len() == 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(id: &str) -> RequestContext {
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, id.parse().expect("a header value"));
        read_context(&headers)
    }

    #[test]
    fn an_id_of_letters_digits_and_marks_is_kept_and_any_other_replaced() {
        for id in ["abc-1", "A_z.0:9-", &"x".repeat(128)] {
            assert_eq!(&*context(id).request_id, id);
        }
        for id in [
            "",
            "a b",
            "a\"b",
            "a{b}",
            "a=b",
            "a\\n",
            "a/b",
            "<b>",
            "%0a",
            "$(a)",
            "ä",
            &"x".repeat(129),
        ] {
            let made = context(id).request_id;
            assert!(&*made != id && made.len() == 36, "{made}");
        }
        let mut twice = HeaderMap::new();
        for id in ["a", "b"] {
            twice.append(REQUEST_ID, id.parse().expect("a header value"));
        }
        assert_eq!(read_context(&twice).request_id.len(), 36);
    }

    #[test]
    fn only_a_trace_context_is_passed_on_as_one() {
        let (trace, parent) = ("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7");
        for good in [
            format!("00-{trace}-{parent}-01"),
            format!("cc-{trace}-{parent}-01-0a-0b"),
        ] {
            assert!(is_traceparent(&good), "{good}");
        }
        for bad in [
            String::new(),
            "x".to_owned(),
            format!("00-{trace}-{parent}-01-more"),
            format!("00-{trace}-{parent}"),
            format!("00-{}-{parent}-01", trace.to_uppercase()),
            format!("00-{trace}-{parent}-01 "),
            format!("cc-{trace}-{parent}-01-{}", "a".repeat(300)),
        ] {
            assert!(!is_traceparent(&bad), "{bad}");
        }
    }
}
