//! From a status and a body to a [`Response`]: every status that HubSpot is known to send, each written out.

#[cfg(test)]
mod tests;

use contracts::{Field, Reason};
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

use super::{
    body::{context, list, object, text},
    details::{existing_id, lacks_scopes, rate_limit, reason},
    headers::{correlation_id, limits, retry_after},
    named_properties::named_properties,
    request::{ADDITIONAL_EMAILS, FORMER_IDS},
};
use crate::engine::{
    Call, CallError, CallErrorKind, Contact, CreatedContact, InputError, InspectedContacts, Profile,
    Response, UpdatedContact,
};

pub(super) fn answer(call: &Call, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Response {
    let json = object(body);
    if status.is_success() {
        let understood = json
            .as_ref()
            .and_then(|json| success(call, status.as_u16(), json, headers));
        return understood.unwrap_or_else(|| garbled(status, headers));
    }
    let is_json = json.is_some();
    let error = json.unwrap_or_default();
    let reason = reason(&error, Some(status.as_u16()), correlation_id(headers));
    let kind = problem_kind(call, status.as_u16(), headers, &error, is_json, &reason);
    Response::Error(CallError { kind, reason })
}

fn problem_kind(
    call: &Call,
    status: u16,
    headers: &HeaderMap,
    error: &Value,
    is_json: bool,
    reason: &Reason,
) -> CallErrorKind {
    match status {
        // The status of this body has not been seen, so its category decides.
        _ if text(error, "category").as_deref() == Some("LOCKED") => CallErrorKind::Locked,
        // A page of whatever stands before HubSpot says nothing of a value.
        400 if is_json => CallErrorKind::Invalid {
            properties: named_properties(error, reason),
        },
        401 => CallErrorKind::Unauthorized,
        // The details of the account have a scope of their own, whatever the body calls it.
        403 if lacks_scopes(error) || (is_json && *call == Call::Account) => CallErrorKind::MissingScopes,
        403 => CallErrorKind::Forbidden,
        404 if is_json && (is_about_a_record(call) || names_an_object(error)) => CallErrorKind::NotFound,
        404 => CallErrorKind::NoSuchPath,
        409 => CallErrorKind::Conflict {
            existing_id: existing_id(error),
        },
        423 => CallErrorKind::Locked,
        429 => CallErrorKind::RateLimited {
            limit: rate_limit(error, limits(headers).daily_remaining == Some(0)),
            retry_after: retry_after(headers),
        },
        477 => CallErrorKind::AccountMoving {
            retry_after: retry_after(headers),
        },
        408 | 500..=599 => CallErrorKind::ServerError {
            retry_after: retry_after(headers),
        },
        _ => CallErrorKind::UnexpectedStatus,
    }
}

/// A 404 to a call about one record may be about the record; to any other it is about the path.
fn is_about_a_record(call: &Call) -> bool {
    match call {
        Call::FindSingle { .. } | Call::Read { .. } | Call::UpdateSingle { .. } => true,
        Call::Account | Call::Find { .. } | Call::Inspect(_) | Call::Update { .. } | Call::Create { .. } => {
            false
        }
    }
}

/// Whether a 404 says itself that it is about an object.
fn names_an_object(error: &Value) -> bool {
    text(error, "category").as_deref() == Some("OBJECT_NOT_FOUND")
}

fn garbled(status: StatusCode, headers: &HeaderMap) -> Response {
    let reason = Reason {
        code: "NOT_UNDERSTOOD".to_owned(),
        category: None,
        message: "HubSpot answered with success, but with a body that cannot be understood".to_owned(),
        status: Some(status.as_u16()),
        correlation_id: correlation_id(headers),
    };
    Response::Error(CallError {
        kind: CallErrorKind::UnreadableBody,
        reason,
    })
}

fn success(call: &Call, status: u16, json: &Value, headers: &HeaderMap) -> Option<Response> {
    match call {
        Call::Account => Some(Response::Account {
            account_id: text(json, "portalId")?,
            details_refused: false,
        }),
        Call::Find { .. } => Some(Response::Found {
            contacts: list(json, "results").iter().filter_map(contact).collect(),
            errors: input_errors(status, json, headers),
        }),
        Call::Inspect(_) => Some(Response::Inspected(InspectedContacts {
            contacts: list(json, "results").iter().filter_map(profile).collect(),
            errors: input_errors(status, json, headers),
        })),
        Call::Update { .. } => Some(Response::Updated {
            results: list(json, "results").iter().filter_map(written).collect(),
            errors: input_errors(status, json, headers),
        }),
        Call::Create { .. } => Some(Response::Created {
            results: list(json, "results").iter().filter_map(created).collect(),
            errors: input_errors(status, json, headers),
        }),
        Call::FindSingle { .. } | Call::Read { .. } | Call::UpdateSingle { .. } => {
            Some(Response::Contact(contact(json)?))
        }
    }
}

fn contact(json: &Value) -> Option<Contact> {
    let id = text(json, "id")?;
    Some(Contact {
        id,
        email: property(json, "email"),
        additional_emails: additional_emails(json),
    })
}

fn profile(json: &Value) -> Option<Profile> {
    let value = |field: Field| {
        told(json, field.property())?;
        Some((field, property(json, field.property())))
    };
    Some(Profile {
        contact: contact(json)?,
        former_ids: several(json, FORMER_IDS),
        values: Field::ALL.into_iter().filter_map(value).collect(),
    })
}

/// HubSpot separates the addresses with semicolons. A quoted address may contain one itself, so a list with a quote cannot be split and
/// counts as not shown.
fn additional_emails(json: &Value) -> Option<Vec<String>> {
    told(json, ADDITIONAL_EMAILS)?;
    let listed = several(json, ADDITIONAL_EMAILS);
    let is_quoted = listed.iter().any(|address| address.contains('"'));
    (!is_quoted).then_some(listed)
}

/// What an answer tells of a property: null is one without a value, and what is absent or no text is not told.
fn told<'a>(json: &'a Value, name: &str) -> Option<&'a Value> {
    let value = json.get("properties")?.get(name)?;
    (value.is_null() || value.is_string() || value.is_number()).then_some(value)
}

fn property(json: &Value, name: &str) -> Option<String> {
    text(json.get("properties")?, name)
}

/// The parts of a property that lists several.
fn several(json: &Value, name: &str) -> Vec<String> {
    let listed = property(json, name).unwrap_or_default();
    let parts = listed.split(';').map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

fn written(json: &Value) -> Option<UpdatedContact> {
    Some(UpdatedContact {
        contact_id: text(json, "id")?,
        trace_id: text(json, "objectWriteTraceId"),
    })
}

fn created(json: &Value) -> Option<CreatedContact> {
    Some(CreatedContact {
        contact_id: text(json, "id")?,
        address: json
            .get("properties")
            .and_then(|properties| text(properties, "email")),
        trace_id: text(json, "objectWriteTraceId"),
    })
}

/// A batch's answer seldom repeats in its body the id that its headers have; the status is that of the whole answer.
fn input_errors(status: u16, json: &Value, headers: &HeaderMap) -> Vec<InputError> {
    let correlation_id = text(json, "correlationId").or_else(|| correlation_id(headers));
    let entry = |error: &Value| InputError {
        // Not the entry's own `id`, which names the error and no record.
        ids: context(error, "ids"),
        trace_ids: context(error, "objectWriteTraceId"),
        error: input_problem(error, status, correlation_id.clone()),
    };
    list(json, "errors").iter().map(entry).collect()
}

/// An entry in a batch's list of errors has no status of its own, so its category decides.
fn input_problem(error: &Value, status: u16, correlation_id: Option<String>) -> CallError {
    let reason = Reason {
        status: Some(status),
        ..reason(error, None, correlation_id)
    };
    let category = text(error, "category").unwrap_or_default();
    let kind = match category.as_str() {
        "OBJECT_NOT_FOUND" => CallErrorKind::NotFound,
        "CONFLICT" | "OBJECT_ALREADY_EXISTS" => CallErrorKind::Conflict {
            existing_id: existing_id(error),
        },
        "LOCKED" => CallErrorKind::Locked,
        "RATE_LIMITS" | "RATE_LIMIT" => CallErrorKind::RateLimited {
            limit: rate_limit(error, false),
            retry_after: None,
        },
        "MISSING_SCOPES" => CallErrorKind::MissingScopes,
        "VALIDATION_ERROR" => CallErrorKind::Invalid {
            properties: named_properties(error, &reason),
        },
        _ if existing_id(error).is_some() => CallErrorKind::Conflict {
            existing_id: existing_id(error),
        },
        _ => {
            let properties = named_properties(error, &reason);
            if properties.is_empty() {
                CallErrorKind::UnexpectedStatus
            } else {
                CallErrorKind::Invalid { properties }
            }
        }
    };
    CallError { kind, reason }
}
