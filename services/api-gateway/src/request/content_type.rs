//! Which of the two forms a body is in, by its `Content-Type`.

use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use contracts::UpdateForm;

use crate::import::Form;
use crate::problem::ApiError;

/// The media types of a change, as `Accept-Patch` lists them.
pub(crate) const MEDIA_TYPES: &str = "application/json, application/merge-patch+json";

/// The media types of an import.
const IMPORT_TYPES: &str = "application/x-ndjson, text/csv";

/// The form of the body of a change.
pub(crate) fn read_form(headers: &HeaderMap) -> Result<UpdateForm, ApiError> {
    let form = read_type(headers, |name| match name {
        "application/json" => Some(UpdateForm::Json),
        "application/merge-patch+json" => Some(UpdateForm::MergePatch),
        _ => None,
    });
    form.map_err(|reason| unsupported(reason, "a change", MEDIA_TYPES))
}

/// The form of the body of an import.
pub(crate) fn read_import_form(headers: &HeaderMap) -> Result<Form, ApiError> {
    let form = read_type(headers, |name| match name {
        "application/x-ndjson" => Some(Form::Json),
        "text/csv" => Some(Form::Csv),
        _ => None,
    });
    form.map_err(|reason| unsupported(reason, "an import", IMPORT_TYPES))
}

/// Whether the body of a request is said to be JSON.
pub(crate) fn read_json_form(headers: &HeaderMap) -> Result<(), ApiError> {
    let form = read_type(headers, |name| (name == "application/json").then_some(()));
    form.map_err(|reason| unsupported(reason, "such a request", "application/json"))
}

fn read_type<T>(headers: &HeaderMap, form: impl Fn(&str) -> Option<T>) -> Result<T, &'static str> {
    let is_encoded = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().any(is_encoded) {
        return Err("a body with a Content-Encoding is not supported");
    }
    let mut given = headers.get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (given.next(), given.next()) else {
        return Err("one Content-Type is needed");
    };
    let text = value.to_str().map_err(|_| "the Content-Type is not text")?;
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let form = form(&name).ok_or("this media type is not supported")?;
    if parts.any(is_other_charset) {
        return Err("the charset has to be utf-8");
    }
    Ok(form)
}

/// Other parameters mean nothing to us and do no harm.
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

    fn form_of(pairs: &[(HeaderName, &str)]) -> Option<UpdateForm> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, value.parse().expect("a header value"));
        }
        read_form(&headers).ok()
    }

    #[test]
    fn both_media_types_are_known_in_any_case_and_with_parameters() {
        for (text, form) in [
            ("application/json", UpdateForm::Json),
            ("Application/JSON; Charset=UTF-8", UpdateForm::Json),
            ("application/json;charset=\"utf-8\";version=1", UpdateForm::Json),
            (
                "application/merge-patch+json ; charset=utf-8",
                UpdateForm::MergePatch,
            ),
        ] {
            assert_eq!(form_of(&[(CONTENT_TYPE, text)]), Some(form), "{text}");
        }
    }

    #[test]
    fn other_types_charsets_and_encodings_are_refused() {
        for text in [
            "text/plain",
            "application/json-patch+json",
            "application/json; charset=latin1",
            "",
            "*/*",
        ] {
            assert_eq!(form_of(&[(CONTENT_TYPE, text)]), None, "{text}");
        }
        assert_eq!(form_of(&[]), None);
        let twice = [
            (CONTENT_TYPE, "application/json"),
            (CONTENT_TYPE, "application/json"),
        ];
        assert_eq!(form_of(&twice), None);
        assert_eq!(
            form_of(&[(CONTENT_TYPE, "application/json"), (CONTENT_ENCODING, "gzip")]),
            None
        );
    }
}
