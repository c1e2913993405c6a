//! The request id and the trace context, which travel with each request to the services behind the gateway.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue};
use contracts::RequestContext;

/// How long a caller's request id may be.
const MAX_ID_CHARS: usize = 128;
/// How long a trace context may be. Version 00 of the W3C format has 55 characters; later versions may have more.
const MAX_TRACE_CHARS: usize = 256;

/// The header of the request id, in requests and responses.
pub(crate) const REQUEST_ID: &str = "x-request-id";

/// Reads what the caller sent, as far as it can be logged and passed on without harm.
pub(crate) fn read_context(headers: &HeaderMap) -> RequestContext {
    let request_id = single_value(headers, REQUEST_ID).filter(|id| is_request_id(id));
    let traceparent =
        single_value(headers, contracts::headers::TRACEPARENT).filter(|trace| is_traceparent(trace));
    RequestContext {
        request_id: request_id.map_or_else(|| uuid::Uuid::new_v4().to_string().into(), Arc::from),
        traceparent: traceparent.map(Arc::from),
    }
}

/// The request's id as a header of the response.
pub(crate) fn request_id_header(context: &RequestContext) -> HeaderValue {
    HeaderValue::from_str(&context.request_id).expect("letters, digits and _.:- make a header value")
}

/// The value of a header that is given exactly once. With two values it is unknown which one is meant.
fn single_value<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let (value, None) = (values.next()?, values.next()) else {
        return None;
    };
    value.to_str().ok()
}

/// Allows only characters that no log, shell or query language gives a meaning.
fn is_request_id(text: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte);
    (1..=MAX_ID_CHARS).contains(&text.len()) && text.bytes().all(is_allowed)
}

/// Checks the parts: version, trace id, parent id and flags in lower-case hexadecimal digits. Later versions may add parts.
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
    fn an_id_of_letters_digits_and_marks_is_kept_others_replaced() {
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
