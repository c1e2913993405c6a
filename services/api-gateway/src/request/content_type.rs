//! Chooses the format of a body by its `Content-Type`.

use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use contracts::UpdateForm;

use crate::import::ImportFormat;
use crate::response::ApiError;

/// The media types of a change, as `Accept-Patch` lists them.
pub(crate) const CHANGE_TYPES: &str = "application/json, application/merge-patch+json";

/// The media types of an import.
const IMPORT_TYPES: &str = "application/x-ndjson, text/csv";

/// The format of a change.
pub(crate) fn read_change_format(headers: &HeaderMap) -> Result<UpdateForm, ApiError> {
    let format = read_type(headers, |name| match name {
        "application/json" => Some(UpdateForm::Json),
        "application/merge-patch+json" => Some(UpdateForm::MergePatch),
        _ => None,
    });
    format.map_err(|reason| unsupported(reason, "a change", CHANGE_TYPES))
}

/// The format of an import.
pub(crate) fn read_import_format(headers: &HeaderMap) -> Result<ImportFormat, ApiError> {
    let format = read_type(headers, |name| match name {
        "application/x-ndjson" => Some(ImportFormat::NdJson),
        "text/csv" => Some(ImportFormat::Csv),
        _ => None,
    });
    format.map_err(|reason| unsupported(reason, "an import", IMPORT_TYPES))
}

/// Requires that the body is declared as JSON.
///
/// A browser asks for permission before it sends JSON to another site, and the gateway never gives it. So a page of another
/// site cannot make a browser send such a request.
pub(crate) fn require_json(headers: &HeaderMap) -> Result<(), ApiError> {
    let format = read_type(headers, |name| (name == "application/json").then_some(()));
    format.map_err(|reason| unsupported(reason, "this request", "application/json"))
}

fn read_type<T>(headers: &HeaderMap, format_of: impl Fn(&str) -> Option<T>) -> Result<T, &'static str> {
    let is_encoded = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().any(is_encoded) {
        return Err("a body with a Content-Encoding is not supported");
    }
    let mut given = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return Err("exactly one Content-Type is needed");
    };
    let text = value.to_str().map_err(|_| "the Content-Type is not text")?;
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let format = format_of(&name).ok_or("this media type is not supported")?;
    if parts.any(is_other_charset) {
        return Err("the charset has to be utf-8");
    }
    Ok(format)
}

/// Whether a parameter names a charset other than UTF-8. All other parameters are ignored.
fn is_other_charset(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let value = value.trim().trim_matches('"');
    name.trim().eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8")
}

fn unsupported(reason: &str, what: &str, media_types: &str) -> ApiError {
    ApiError::UnsupportedMediaType(format!("{reason}; {what} is {media_types}"))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    fn format_of(pairs: &[(HeaderName, &str)]) -> Option<UpdateForm> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().expect("a header value"));
        }
        read_change_format(&headers).ok()
    }

    #[test]
    fn both_media_types_are_accepted_in_any_case_with_parameters() {
        for (text, format) in [
            ("application/json", UpdateForm::Json),
            ("Application/JSON; Charset=UTF-8", UpdateForm::Json),
            ("application/json;charset=\"utf-8\";version=1", UpdateForm::Json),
            (
                "application/merge-patch+json ; charset=utf-8",
                UpdateForm::MergePatch,
            ),
        ] {
            assert_eq!(format_of(&[(CONTENT_TYPE, text)]), Some(format), "{text}");
        }
    }

    #[test]
    fn other_types_charsets_and_encodings_are_rejected() {
        for text in [
            "text/plain",
            "application/json-patch+json",
            "application/json; charset=latin1",
            "",
            "*/*",
        ] {
            assert_eq!(format_of(&[(CONTENT_TYPE, text)]), None, "{text}");
        }
        assert_eq!(format_of(&[]), None);
        let twice = [
            (CONTENT_TYPE, "application/json"),
            (CONTENT_TYPE, "application/json"),
        ];
        assert_eq!(format_of(&twice), None);
        assert_eq!(
            format_of(&[(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "gzip")]),
            None
        );
    }
}
