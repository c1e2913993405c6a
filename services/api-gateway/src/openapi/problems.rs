//! The problems in the document. They are made from the errors themselves, so that status, title and example cannot differ.

use aide::openapi::{MediaType, Response};
use indexmap::IndexMap;
use serde_json::{Value, json};

use super::components::schema_object;
use super::describe::header_references;
use crate::response::ApiError;

/// Problems of the same status that an operation may answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Problems {
    /// The name of the response in the components.
    pub(super) name: &'static str,
    slugs: &'static [&'static str],
}

/// Declares the groups of problems as constants, and lists all of them.
macro_rules! problems {
    ($($constant:ident $name:literal [$($slug:literal),+])+) => {
        impl Problems {
            $(pub(crate) const $constant: Self = Self { name: $name, slugs: &[$($slug),+] };)+
            const ALL: &[Self] = &[$(Self::$constant),+];
        }
    };
}

problems! {
    INVALID_PARAMETER "InvalidParameter" ["invalid-parameter"]
    INVALID_CHANGE "InvalidChange" ["invalid-body", "invalid-parameter", "malformed-body", "incomplete-body", "email-required"]
    INVALID_REQUEST "InvalidRequest" ["invalid-body", "invalid-parameter", "malformed-body", "incomplete-body"]
    NOT_FOUND "NotFound" ["not-found"]
    BODY_TIMED_OUT "BodyTimedOut" ["body-timed-out"]
    NOT_LINKED "NotLinked" ["contact-held", "no-account"]
    VERSION_MISMATCH "VersionMismatch" ["version-mismatch"]
    BODY_TOO_LARGE "BodyTooLarge" ["body-too-large"]
    UNSUPPORTED_MEDIA_TYPE "UnsupportedMediaType" ["unsupported-media-type"]
    KEY_REUSED "KeyReused" ["idempotency-key-reused"]
    TOO_MANY_KEYS "TooManyKeys" ["too-many-keys"]
    INTERNAL "Internal" ["internal"]
    BAD_ANSWER "BadAnswer" ["bad-answer"]
    UNAVAILABLE "Unavailable" ["unavailable", "overloaded", "fields-unknown", "expired"]
    OVERLOADED "Overloaded" ["overloaded"]
    NOT_COMPARING "NotComparing" ["not-comparing", "overloaded", "unavailable"]
    OUTCOME_UNKNOWN "OutcomeUnknown" ["outcome-unknown"]
    CHANGE_UNANSWERED "ChangeUnanswered" ["outcome-unknown", "no-answer"]
    NO_ANSWER "NoAnswer" ["no-answer"]
}

impl Problems {
    fn errors(self) -> impl Iterator<Item = ApiError> {
        self.slugs.iter().map(|slug| {
            let mut errors = ApiError::examples().into_iter();
            let error = errors.find(|error| error.kind().slug == *slug);
            error.expect("the groups above name slugs of errors")
        })
    }

    pub(super) fn status(self) -> u16 {
        let first = self.errors().next();
        first.map_or(0, |error| error.kind().status.as_u16())
    }

    fn response(self) -> Response {
        let sentences = self.errors().map(|error| {
            let kind = error.kind();
            format!("`{}`: {}. {}", kind.slug, kind.title, error.fix())
        });
        let types: Vec<String> = self.slugs.iter().map(|slug| urn(slug)).collect();
        let schema =
            json!({ "$ref": "#/components/schemas/Problem", "properties": { "type": { "enum": types } } });
        let example = self.errors().next().map(|error| error.example_document());
        let media = MediaType {
            schema: Some(schema_object(schema)),
            example,
            ..MediaType::default()
        };
        let headers: &[&str] = match self.status() {
            429 | 503 => &["Retry-After"],
            415 => &["Accept-Patch", "Accept-Encoding"],
            _ => &[],
        };
        Response {
            description: sentences.collect::<Vec<_>>().join("\n\n"),
            headers: header_references(headers),
            content: IndexMap::from([("application/problem+json".to_owned(), media)]),
            ..Response::default()
        }
    }
}

/// The responses of all groups, by their names.
pub(super) fn responses() -> IndexMap<String, Response> {
    let groups = Problems::ALL.iter();
    groups
        .map(|group| (group.name.to_owned(), group.response()))
        .collect()
}

/// All types of problems, with what to do about each.
pub(super) fn list() -> Value {
    let problems = ApiError::examples().into_iter().map(|error| {
        let kind = error.kind();
        json!({ "status": kind.status.as_u16(), "slug": kind.slug, "title": kind.title, "fix": error.fix() })
    });
    problems.collect()
}

fn urn(slug: &str) -> String {
    format!("urn:hubsync:problem:{slug}")
}
