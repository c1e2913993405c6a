//! Schemas that depend on the fields of a user, and those of other bodies that the gateway parses by hand.

use contracts::fields::Rule;
use contracts::{Field, MAX_COMPARED, MAX_LISTED};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

/// All these schemas, by their names.
pub(super) fn schemas() -> Vec<(&'static str, Value)> {
    vec![
        ("Email", email()),
        ("User", user()),
        ("UserChange", user_change()),
        ("UserMergePatch", user_merge_patch()),
        ("ImportRow", import_row()),
        ("ContactLink", contact_link()),
        ("Retry", retry()),
        ("Resync", resync()),
        ("Drift", comparison(&["repair"])),
        ("DryRun", comparison(&[])),
        ("HealthReport", health_report()),
        ("Check", check()),
    ]
}

/// The schema of a user, for types that contain one.
pub(crate) fn user_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "$ref": "#/components/schemas/User" })
}

/// The schema of the report of `/readyz`, for types that contain it.
pub(crate) fn health_report_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({ "$ref": "#/components/schemas/HealthReport" })
}

fn email() -> Value {
    json!({
        "description": "An e-mail address whose domain has a dot. Invisible characters are rejected, and so are characters that other \
            programs turn into ASCII, such as the Kelvin sign or full-width letters.",
        "type": "string", "format": "email", "maxLength": 254, "examples": ["bh@hubspot.com"]
    })
}

/// The members of a user for its fields.
fn fields() -> Map<String, Value> {
    let fields = Field::ALL.into_iter();
    fields
        .map(|field| (field.name().to_owned(), field_schema(field)))
        .collect()
}

fn field_schema(field: Field) -> Value {
    match field.spec().rule {
        Rule::Email => schema("Email"),
        Rule::Text { max_chars } => json!({
            "description": "Text without control characters.",
            "type": ["string", "null"], "maxLength": max_chars, "pattern": "^[^\\u0000-\\u001F\\u007F-\\u009F]*$", "examples": ["Brian"]
        }),
    }
}

fn schema(name: &str) -> Value {
    super::describe::reference_to_schema(name)
}

fn with(mut members: Map<String, Value>, more: Value) -> Map<String, Value> {
    if let Value::Object(more) = more {
        members.extend(more);
    }
    members
}

fn user() -> Value {
    let members = with(
        fields(),
        json!({ "userId": schema("UserId"), "version": schema("Version"), "updatedAt": schema("Time") }),
    );
    let required: Vec<&String> = members.keys().collect();
    json!({ "description": "A user as it is stored.", "type": "object", "required": required, "properties": members })
}

fn user_change() -> Value {
    json!({
        "description": "A change in the plain form. A name that is null or absent stays unchanged.",
        "type": "object", "required": ["email"], "properties": fields(), "additionalProperties": false
    })
}

fn user_merge_patch() -> Value {
    json!({
        "description": "A change that gives only the fields that change. Null clears a name.",
        "type": "object", "properties": fields(), "additionalProperties": false, "examples": [{}]
    })
}

fn import_row() -> Value {
    json!({
        "description": "A user in an import. Absent fields stay unchanged.",
        "type": "object", "required": ["userId"], "properties": with(fields(), json!({ "userId": schema("UserId") })),
        "additionalProperties": false
    })
}

fn contact_link() -> Value {
    json!({
        "description": "The contact to link a user to.",
        "type": "object", "required": ["contactId"], "additionalProperties": false,
        "properties": { "contactId": {
            "description": "The number that HubSpot shows as the record id.", "type": "string", "pattern": "^[1-9][0-9]{0,18}$"
        } }
    })
}

fn users(max: usize) -> Value {
    json!({ "description": "Users by name.", "type": "array", "minItems": 1, "maxItems": max, "items": schema("UserId") })
}

fn after(value: &Value) -> Value {
    let mut after = value.clone();
    after["description"] = json!("Where to continue: `next` of the response before.");
    after
}

fn retry() -> Value {
    json!({
        "description": "Users by name, or all users with a state and perhaps a reason.",
        "oneOf": [
            { "type": "object", "required": ["users"], "additionalProperties": false, "properties": { "users": users(MAX_LISTED) } },
            { "type": "object", "required": ["state"], "additionalProperties": false, "properties": {
                "state": { "description": "The state of the users.", "enum": ["rejected", "conflict", "failed", "notFound"] },
                "reason": { "description": "The code of a reason; any reason if it is absent.", "type": "string" },
                "after": after(&json!({ "type": "string" })) } }
        ]
    })
}

fn resync() -> Value {
    json!({
        "description": "Users by name, or all users.",
        "oneOf": [
            { "type": "object", "required": ["users"], "additionalProperties": false,
                "properties": { "all": { "description": "Not all users.", "const": false }, "users": users(MAX_LISTED) } },
            { "type": "object", "required": ["all"], "additionalProperties": false,
                "properties": { "all": { "description": "All users.", "const": true }, "after": after(&schema("UserId")) } }
        ]
    })
}

/// The body of a comparison, with further flags.
fn comparison(flags: &[&str]) -> Value {
    let mut shared = Map::new();
    for flag in flags.iter().chain(&["values"]) {
        let description = match *flag {
            "repair" => "Whether fields that differ are sent again.",
            _ => "Whether findings include the values, which are personal data.",
        };
        shared.insert(
            (*flag).to_owned(),
            json!({ "description": description, "type": "boolean", "default": false }),
        );
    }
    json!({
        "description": "Users by name, each compared once, or a page of all users.",
        "oneOf": [
            { "type": "object", "required": ["users"], "additionalProperties": false,
                "properties": with(shared.clone(), json!({ "users": users(MAX_COMPARED) })) },
            { "type": "object", "additionalProperties": false,
                "properties": with(shared, json!({ "after": after(&schema("UserId")) })) }
        ]
    })
}

fn health_report() -> Value {
    json!({
        "description": "Whether the gateway can accept changes, and what it needs for that.",
        "type": "object", "required": ["name", "ready", "checks"],
        "properties": {
            "name": { "description": "The name of the service.", "const": "api-gateway" },
            "ready": { "description": "Whether changes can be accepted.", "type": "boolean" },
            "checks": { "description": "The checks of each dependency.", "type": "array", "items": schema("Check") }
        }
    })
}

fn check() -> Value {
    json!({
        "description": "The state of one dependency.",
        "type": "object", "required": ["name", "ok", "detail"],
        "properties": {
            "name": { "description": "The dependency.", "enum": ["nats", "user", "clock"] },
            "ok": { "description": "Whether it is available.", "type": "boolean" },
            "detail": { "description": "Its state for people.", "type": "string" }
        }
    })
}
