//! The parts of the document that several operations share: header parameters, response headers and simple schemas.

use aide::openapi::{Components, Header, Operation, Parameter, ReferenceOr, SchemaObject};
use indexmap::IndexMap;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::problems;

/// A reference to a component.
pub(super) fn reference<T>(kind: &str, name: &str) -> ReferenceOr<T> {
    ReferenceOr::Reference {
        reference: format!("#/components/{kind}/{name}"),
        summary: None,
        description: None,
    }
}

/// A schema that is written as JSON.
pub(super) fn schema_object(schema: Value) -> SchemaObject {
    SchemaObject {
        json_schema: schema.try_into().expect("a schema is an object"),
        external_docs: None,
        example: None,
    }
}

/// Adds query parameters to an operation. Extractors call this, each for the parameters that it reads.
pub(crate) fn add_query_parameters(operation: &mut Operation, parameters: Value) {
    let parameters: Vec<Parameter> = parse(parameters);
    let parameters = parameters.into_iter().map(ReferenceOr::Item);
    operation.parameters.extend(parameters);
}

/// The components that exist before any route is added.
pub(super) fn components() -> Components {
    let parameters: IndexMap<String, Parameter> = parse(parameters());
    let headers: IndexMap<String, Header> = parse(headers());
    let schemas: IndexMap<String, Value> = parse(schemas());
    Components {
        parameters: items(parameters),
        headers: items(headers),
        responses: items(problems::responses()),
        schemas: schemas
            .into_iter()
            .map(|(name, schema)| (name, schema_object(schema)))
            .collect(),
        ..Components::default()
    }
}

fn items<T>(map: IndexMap<String, T>) -> IndexMap<String, ReferenceOr<T>> {
    map.into_iter()
        .map(|(name, item)| (name, ReferenceOr::Item(item)))
        .collect()
}

fn parse<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("the literals in this crate are valid parts of a document")
}

fn parameters() -> Value {
    json!({
        "userId": {
            "name": "userId", "in": "path", "required": true, "description": "The id of the user in the application.",
            "schema": { "$ref": "#/components/schemas/UserId" }, "example": "1"
        },
        "requestId": {
            "name": "X-Request-Id", "in": "header",
            "description": "An id by which to find the request in the logs: 1 to 128 characters of A-Z, a-z, 0-9, `_`, `.`, `:` and `-`. \
                The gateway replaces any other value by an id of its own.",
            "schema": { "type": "string" }, "example": "import-2026-01-05"
        },
        "traceparent": {
            "name": "traceparent", "in": "header",
            "description": "The trace that the request belongs to (W3C Trace Context). It is passed on to the last service. An invalid \
                value is ignored.",
            "schema": { "type": "string" }, "example": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        },
        "ifMatch": {
            "name": "If-Match", "in": "header",
            "description": "The change is made only if this is the current version: one strong tag as `ETag` gave it. A weak tag never \
                matches. `*` and lists are rejected.",
            "schema": { "type": "string" }, "example": "\"6\""
        },
        "ifNoneMatch": {
            "name": "If-None-Match", "in": "header",
            "description": "The tags that the caller has. If the current one is among them, the response is 304 without a body.",
            "schema": { "type": "string" }, "example": "\"7\""
        },
        "idempotencyKey": {
            "name": "Idempotency-Key", "in": "header",
            "description": "For 24 hours, a request with the same key and body changes nothing and gets the version of the first one. With another body it \
                is rejected. A user may have 10,000 keys at a time.",
            "schema": { "type": "string", "pattern": "^[!-~]{1,255}$" }, "example": "8e03978e-40d5-43e8-bc93-6894a57f9324"
        },
        "prefer": {
            "name": "Prefer", "in": "header",
            "description": "`wait=10` (RFC 7240), at most 30 seconds: the response comes when HubSpot's result is in, or when the time is up. \
                At most 1,024 callers wait at a time; further ones are answered at once.",
            "schema": { "type": "string" }, "example": "wait=10"
        },
        "lastEventId": {
            "name": "Last-Event-ID", "in": "header",
            "description": "The id of the last event that the caller saw. Later events come first if all of them are known, which they are for at \
                least half a minute; `hello` says whether. Browsers send this header by themselves.",
            "schema": { "type": "string" }, "example": "0f8e5c1a-41"
        }
    })
}

fn headers() -> Value {
    json!({
        "X-Request-Id": {
            "description": "The id of the request: the caller's, or one made by the gateway.", "required": true,
            "schema": { "type": "string", "pattern": "^[!-~]{1,128}$" }, "example": "import-2026-01-05"
        },
        "ETag": {
            "description": "The tag of the content. For a user it is the version in quotes.", "required": true,
            "schema": { "type": "string", "pattern": "^\"[0-9a-f]+\"$" }, "example": "\"7\""
        },
        "Link": {
            "description": "The address of the receipt of this version.", "required": true,
            "schema": { "type": "string", "pattern": "^</users/[A-Za-z0-9_-]{1,64}/sync\\?version=[0-9]+>; rel=\"status\"$" },
            "example": "</users/1/sync?version=7>; rel=\"status\""
        },
        "Preference-Applied": {
            "description": "Says that the gateway waited, and for how long at most.",
            "schema": { "type": "string", "pattern": "^wait=([1-9]|[12][0-9]|30)$" }, "example": "wait=10"
        },
        "Retry-After": {
            "description": "The number of seconds after which to try again.", "required": true,
            "schema": { "type": "string", "pattern": "^[0-9]+$" }, "example": "1"
        },
        "Accept-Patch": {
            "description": "The media types of a change (RFC 5789).", "required": true,
            "schema": { "type": "string" }, "example": "application/json, application/merge-patch+json"
        },
        "Accept-Encoding": {
            "description": "The supported encodings of a body: none.", "required": true,
            "schema": { "type": "string" }, "example": "identity"
        }
    })
}

/// Schemas to which properties of many types refer. See `refine.rs`.
fn schemas() -> Value {
    json!({
        "Version": {
            "description": "A version of a user. Each change that gives a field another value adds one, or more after the database may have lost commits.",
            "type": "integer", "format": "int64", "minimum": 1, "examples": [7]
        },
        "Time": {
            "description": "A time in RFC 3339, in UTC.",
            "type": "string", "format": "date-time", "pattern": "Z$", "examples": ["2026-01-05T09:30:00.123Z"]
        },
        "Count": { "description": "A number of things.", "type": "integer", "format": "int64", "minimum": 0, "examples": [3] },
        "HttpStatus": {
            "description": "An HTTP status of HubSpot.", "type": "integer", "minimum": 100, "maximum": 599, "examples": [200]
        }
    })
}
