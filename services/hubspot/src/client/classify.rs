//! Turns a status, headers and a body into a [`Response`].

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use contracts::{Field, FieldDefinitions, Reason, Values};
use reqwest::{StatusCode, header::HeaderMap};
use serde_json::Value;

use super::{
    body::{context, list, list_mut, object, text},
    details::{existing_id, lacks_scopes, rate_limit, reason},
    headers::{correlation_id, limits, retry_after},
    named_properties::named_properties,
    request::{ADDITIONAL_EMAILS, FORMER_IDS},
};
use crate::engine::{
    Call, CallError, CallErrorKind, Check, Contact, InputError, InspectedContacts, Profile, Response,
    WrittenContact,
};

pub(super) fn response(
    call: &Call,
    fields: &FieldDefinitions,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Response {
    let mut json = object(body);
    if status.is_success() {
        let understood = json
            .as_mut()
            .and_then(|json| success(call, fields, status.as_u16(), json, headers));
        return understood.unwrap_or_else(|| unreadable(status, headers));
    }
    let is_json = json.is_some();
    let error = json.unwrap_or_default();
    let reason = reason(&error, Some(status.as_u16()), correlation_id(headers));
    let kind = error_kind(call, fields, status.as_u16(), headers, &error, is_json, &reason);
    Response::Error(CallError { kind, reason })
}

fn error_kind(
    call: &Call,
    fields: &FieldDefinitions,
    status: u16,
    headers: &HeaderMap,
    error: &Value,
    is_json: bool,
    reason: &Reason,
) -> CallErrorKind {
    match status {
        // Checked first and by its category, because the status that HubSpot sends with it is not known.
        _ if text(error, "category").as_deref() == Some("LOCKED") => CallErrorKind::Locked,
        // Without JSON it comes from a proxy before HubSpot and says nothing about the values.
        400 if is_json => CallErrorKind::Invalid {
            fields: by_field(named_properties(error, reason), fields),
        },
        401 => CallErrorKind::Unauthorized,
        // The account's details need a scope of their own, and the body need not name it.
        403 if lacks_scopes(error) || (is_json && *call == Call::Account) => CallErrorKind::MissingScopes,
        403 => CallErrorKind::Forbidden,
        404 if is_json && (is_about_a_record(call) || names_an_object(error)) => CallErrorKind::NotFound,
        404 => CallErrorKind::NoSuchPath,
        409 => CallErrorKind::Conflict,
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

/// Whether the path of the call names one record or property, so that a 404 may mean that it does not exist. For other calls
/// a 404 means that the path does not exist.
fn is_about_a_record(call: &Call) -> bool {
    match call {
        Call::FindSingle { .. }
        | Call::Read { .. }
        | Call::UpdateSingle { .. }
        | Call::Check(Check::Property(_)) => true,
        Call::Account
        | Call::Find { .. }
        | Call::Inspect(_)
        | Call::ReadBack { .. }
        | Call::Update { .. }
        | Call::Create { .. }
        | Call::Check(Check::Writes | Check::Lookups) => false,
    }
}

/// Whether the body of a 404 says that an object does not exist.
fn names_an_object(error: &Value) -> bool {
    text(error, "category").as_deref() == Some("OBJECT_NOT_FOUND")
}

fn unreadable(status: StatusCode, headers: &HeaderMap) -> Response {
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

/// The response that a success is. Values of contacts are taken out of the body instead of being copied.
fn success(
    call: &Call,
    fields: &FieldDefinitions,
    status: u16,
    json: &mut Value,
    headers: &HeaderMap,
) -> Option<Response> {
    match call {
        Call::Account => Some(Response::Account {
            account_id: text(json, "portalId")?,
            details_refused: false,
        }),
        Call::Find { .. } | Call::Check(Check::Lookups) => Some(Response::Found {
            contacts: list(json, "results").iter().filter_map(contact).collect(),
            errors: input_errors(fields, status, json, headers),
        }),
        Call::Inspect(_) | Call::ReadBack { .. } => Some(Response::Inspected(InspectedContacts {
            errors: input_errors(fields, status, json, headers),
            contacts: list_mut(json, "results")
                .iter_mut()
                .filter_map(|json| profile(json, fields))
                .collect(),
        })),
        Call::Update { .. } | Call::Check(Check::Writes) => Some(Response::Updated {
            errors: input_errors(fields, status, json, headers),
            results: list_mut(json, "results")
                .iter_mut()
                .filter_map(|json| written(json, fields))
                .collect(),
        }),
        Call::Create { .. } => Some(Response::Created {
            errors: input_errors(fields, status, json, headers),
            results: list_mut(json, "results")
                .iter_mut()
                .filter_map(|json| written(json, fields))
                .collect(),
        }),
        Call::UpdateSingle { .. } => Some(Response::UpdatedSingle(written(json, fields)?)),
        Call::FindSingle { .. } | Call::Read { .. } => Some(Response::Contact(contact(json)?)),
        Call::Check(Check::Property(_)) => Some(Response::Property {
            is_read_only: is_read_only(json)?,
        }),
    }
}

/// Whether a property's definition says that its values cannot be written.
fn is_read_only(definition: &Value) -> Option<bool> {
    definition
        .get("modificationMetadata")?
        .get("readOnlyValue")?
        .as_bool()
}

fn contact(json: &Value) -> Option<Contact> {
    let id = text(json, "id")?;
    Some(Contact {
        id,
        email: property(json, "email"),
        additional_emails: additional_emails(json),
        former_ids: split_list(json, FORMER_IDS),
    })
}

fn profile(json: &mut Value, fields: &FieldDefinitions) -> Option<Profile> {
    Some(Profile {
        // It has the primary address, too, so it is read before the values are taken out.
        contact: contact(json)?,
        values: take_values(json, fields),
    })
}

/// The values of the fields that the response shows.
fn take_values(json: &mut Value, fields: &FieldDefinitions) -> Values {
    let Some(properties) = json.get_mut("properties").and_then(Value::as_object_mut) else {
        return Values::new();
    };
    let value = |(property, shown): (&String, &mut Value)| {
        let field = fields.by_property(property)?;
        let shown = match shown.take() {
            Value::Null => None,
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            // No property has such a type.
            Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
        };
        let field_type = &fields.get(field)?.field_type;
        Some((field, shown.and_then(|shown| field_type.read_hubspot(&shown))))
    };
    properties.iter_mut().filter_map(value).collect()
}

/// The secondary addresses, or none if the response does not show them. HubSpot separates them with semicolons. A quoted
/// address may contain a semicolon, so a list with a quote cannot be split and counts as not shown.
fn additional_emails(json: &Value) -> Option<Vec<String>> {
    shown_value(json, ADDITIONAL_EMAILS)?;
    let listed = split_list(json, ADDITIONAL_EMAILS);
    let is_quoted = listed.iter().any(|address| address.contains('"'));
    (!is_quoted).then_some(listed)
}

/// The property as the response shows it. Null is a property without a value. None if the property is absent or has a
/// type that no property has.
fn shown_value<'a>(json: &'a Value, name: &str) -> Option<&'a Value> {
    let value = json.get("properties")?.get(name)?;
    (value.is_null() || value.is_string() || value.is_number()).then_some(value)
}

fn property(json: &Value, name: &str) -> Option<String> {
    text(json.get("properties")?, name)
}

/// The parts of a property whose value is a list separated by semicolons.
fn split_list(json: &Value, name: &str) -> Vec<String> {
    let listed = property(json, name).unwrap_or_default();
    let parts = listed.split(';').map(str::trim).filter(|part| !part.is_empty());
    parts.map(str::to_owned).collect()
}

fn written(json: &mut Value, fields: &FieldDefinitions) -> Option<WrittenContact> {
    Some(WrittenContact {
        contact_id: text(json, "id")?,
        trace_id: text(json, "objectWriteTraceId"),
        additional_emails: additional_emails(json),
        values: take_values(json, fields),
    })
}

/// The reasons by field. Properties that are no field's are left out.
fn by_field(properties: BTreeMap<String, Reason>, fields: &FieldDefinitions) -> BTreeMap<Field, Reason> {
    let by_field = |(property, reason): (String, Reason)| Some((fields.by_property(&property)?, reason));
    properties.into_iter().filter_map(by_field).collect()
}

/// The errors in a batch's response. The body seldom has the correlation id, so the one in the headers is used. Each error
/// gets the status of the whole response.
fn input_errors(
    fields: &FieldDefinitions,
    status: u16,
    json: &Value,
    headers: &HeaderMap,
) -> Vec<InputError> {
    let correlation_id = text(json, "correlationId").or_else(|| correlation_id(headers));
    let entry = |error: &Value| InputError {
        // The entry's own `id` is the id of the error, so it is not used.
        ids: context(error, "ids"),
        trace_ids: context(error, "objectWriteTraceId"),
        error: input_error(error, fields, status, correlation_id.clone()),
    };
    list(json, "errors").iter().map(entry).collect()
}

/// Classifies one entry of a batch's list of errors by its category, because it has no status.
fn input_error(
    error: &Value,
    fields: &FieldDefinitions,
    status: u16,
    correlation_id: Option<String>,
) -> CallError {
    let reason = Reason {
        status: Some(status),
        ..reason(error, None, correlation_id)
    };
    let category = text(error, "category").unwrap_or_default();
    let kind = match category.as_str() {
        "OBJECT_NOT_FOUND" => CallErrorKind::NotFound,
        "CONFLICT" | "OBJECT_ALREADY_EXISTS" => CallErrorKind::Conflict,
        "LOCKED" => CallErrorKind::Locked,
        "RATE_LIMITS" | "RATE_LIMIT" => CallErrorKind::RateLimited {
            limit: rate_limit(error, false),
            retry_after: None,
        },
        "MISSING_SCOPES" => CallErrorKind::MissingScopes,
        "VALIDATION_ERROR" => CallErrorKind::Invalid {
            fields: by_field(named_properties(error, &reason), fields),
        },
        _ if existing_id(error).is_some() => CallErrorKind::Conflict,
        _ => {
            let properties = named_properties(error, &reason);
            if properties.is_empty() {
                CallErrorKind::UnknownCategory
            } else {
                let fields = by_field(properties, fields);
                CallErrorKind::Invalid { fields }
            }
        }
    };
    CallError { kind, reason }
}
