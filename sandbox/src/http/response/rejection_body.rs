//! The status and body of each rejection.
//! <https://developers.hubspot.com/docs/api-reference/error-handling>

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

use super::{error_body::ErrorBody, known_errors::too_many_identities};
use crate::{
    model::{ContactId, PropertyError, Rejection},
    settings::ConflictBody,
};

/// Carries the rejection as an extension of the response. The pipeline writes the body, because it knows the correlation
/// id.
impl IntoResponse for Rejection {
    fn into_response(self) -> Response {
        let mut response = StatusCode::BAD_REQUEST.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

const BAD: StatusCode = StatusCode::BAD_REQUEST;

/// The body of a rejection.
pub(crate) fn rejection_body(
    rejection: &Rejection,
    portal_id: u32,
    conflict_body: ConflictBody,
) -> ErrorBody {
    match rejection {
        Rejection::Properties(errors) => invalid_properties(errors, portal_id),
        Rejection::RequiredOnCreate => {
            validation("Error creating CONTACT. Some required properties were not set.")
                .with("context", json!({ "properties": ["email"] }))
        }
        Rejection::TooManyInputs => validation(too_many("a batch is 100")),
        Rejection::TooManyHistories => validation(too_many("a batch request for property histories is 50")),
        Rejection::DuplicateIds(ids) => {
            let list = ids.join(", ");
            validation(format!(
                "Duplicate IDs found in batch input: [{list}]. IDs must be unique"
            ))
            .with("context", json!({ "ids": ids }))
        }
        Rejection::InvalidJson { line, column, reason } => ErrorBody::new(
            BAD,
            format!("Invalid input JSON on line {line}, column {column}: {reason}"),
        ),
        Rejection::NotJson => ErrorBody::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "HTTP 415 Unsupported Media Type",
        ),
        Rejection::InvalidParameter(message)
        | Rejection::Merge(message)
        | Rejection::Search(message)
        | Rejection::InvalidDefinition(message) => validation(message),
        Rejection::PropertyExists(name) => exists(format!("A property named '{name}' already exists.")),
        Rejection::PropertyGroupExists(name) => {
            exists(format!("A property group named '{name}' already exists."))
        }
        Rejection::NotFound => not_found("resource not found").category("OBJECT_NOT_FOUND"),
        Rejection::NotNumeric(id) => not_found("Object not found.  objectId are usually numeric.")
            .category("OBJECT_NOT_FOUND")
            .with("context", json!({ "id": [id] })),
        Rejection::NoSuchPath => not_found("resource not found"),
        Rejection::EmailConflict { email, holder } => email_conflict(email, *holder, conflict_body),
        Rejection::DuplicateEmail => {
            ErrorBody::new(StatusCode::CONFLICT, "Contact already exists").category("CONFLICT")
        }
        Rejection::ValueConflict {
            property,
            value,
            holder,
        } => value_conflict(property, value, *holder, portal_id),
        Rejection::NotUnique(property) => validation(format!(
            "Unable to perform update/upsert by non-unique 0-1 property {property} in portal ID {portal_id}"
        )),
        Rejection::UpsertByEmail => validation("Cannot upsert a CONTACT when idProperty is set to email."),
        Rejection::TooManyIdentities => too_many_identities(),
        Rejection::Internal => ErrorBody::new(StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
    }
}

fn not_found(message: &str) -> ErrorBody {
    ErrorBody::new(StatusCode::NOT_FOUND, message)
}

fn validation(message: impl Into<String>) -> ErrorBody {
    ErrorBody::new(BAD, message).category("VALIDATION_ERROR")
}

/// The 409 for a definition whose name is in use. HubSpot does not publish its category.
fn exists(message: String) -> ErrorBody {
    ErrorBody::new(StatusCode::CONFLICT, message).category("OBJECT_ALREADY_EXISTS")
}

fn too_many(what: &str) -> String {
    format!(
        "The maximum number of inputs supported in {what}. Please reduce the number of items and try again"
    )
}

/// The message contains the errors as JSON, one for each input. `errors` lists equal errors once.
fn invalid_properties(errors: &[PropertyError], portal_id: u32) -> ErrorBody {
    let embedded: Vec<Value> = errors.iter().map(|error| embedded(error, portal_id)).collect();
    let mut distinct: Vec<Value> = Vec::new();
    for error in errors {
        let entry = json!({
            "message": error.message,
            "code": error.code,
            "context": { "propertyName": [error.name] },
        });
        if !distinct.contains(&entry) {
            distinct.push(entry);
        }
    }
    validation(format!(
        "Property values were not valid: {}",
        Value::from(embedded)
    ))
    .with("errors", distinct)
}

fn embedded(error: &PropertyError, portal_id: u32) -> Value {
    json!({
        "isValid": false,
        "message": error.message,
        "error": error.code,
        "name": error.name,
        "localizedErrorMessage": error.message,
        "portalId": portal_id,
    })
}

fn email_conflict(email: &str, holder: ContactId, conflict_body: ConflictBody) -> ErrorBody {
    let conflict = |message: String| ErrorBody::new(StatusCode::CONFLICT, message);
    match conflict_body {
        ConflictBody::WithId => {
            conflict(format!("Contact already exists. Existing ID: {holder}")).category("CONFLICT")
        }
        ConflictBody::WithoutId => conflict("Contact already exists".to_owned()).category("CONFLICT"),
        ConflictBody::ObjectAlreadyExists => {
            let message = format!("A contact with email {email} already exists. Existing ID: {holder}");
            conflict("Contact already exists".to_owned())
                .category("OBJECT_ALREADY_EXISTS")
                .with("error", "CONTACT_EXISTS")
                .with("errors", json!([{ "message": message, "in": "email" }]))
        }
    }
}

fn value_conflict(property: &str, value: &str, holder: ContactId, portal_id: u32) -> ErrorBody {
    let message = format!("Cannot set property {property} to {value}; {holder} already has that value");
    let error = PropertyError {
        name: property.to_owned(),
        code: "CONFLICTING_UNIQUE_VALUE",
        message,
    };
    invalid_properties(&[error], portal_id)
}
