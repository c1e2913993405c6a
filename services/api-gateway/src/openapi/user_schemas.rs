//! Schemas that depend on the fields of a user, and those of other bodies that the gateway parses by hand.

use contracts::fields::{FieldDefinition, FieldType, MAX_FIELDS, WriteMode};
use contracts::{FieldDefinitions, MAX_COMPARED, MAX_LISTED};
use schemars::{Schema, SchemaGenerator, json_schema};
use serde_json::{Map, Value, json};

/// All these schemas, by their names.
pub(super) fn schemas(definitions: &FieldDefinitions) -> Vec<(&'static str, Value)> {
    vec![
        ("Field", field_names(definitions)),
        ("Email", email()),
        ("User", user(definitions)),
        ("UserChange", user_change(definitions)),
        ("UserMergePatch", user_merge_patch(definitions)),
        ("ImportRow", import_row(definitions)),
        ("UserFields", user_fields()),
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

fn field_names(definitions: &FieldDefinitions) -> Value {
    let names: Vec<&str> = definitions.iter().map(|(field, _)| field.name()).collect();
    json!({ "description": "A field of a user's profile.", "type": "string", "enum": names })
}

fn email() -> Value {
    json!({
        "description": "An e-mail address whose domain has a dot. Invisible characters are rejected, and so are characters that other \
            programs turn into ASCII, such as the Kelvin sign or full-width letters.",
        "type": "string", "format": "email", "maxLength": 254, "examples": ["bh@hubspot.com"]
    })
}

/// The members of a user for its fields.
fn fields(definitions: &FieldDefinitions) -> Map<String, Value> {
    let fields = definitions.iter();
    fields
        .map(|(_, definition)| (definition.name.clone(), field_schema(definition)))
        .collect()
}

fn field_schema(definition: &FieldDefinition) -> Value {
    let mut schema = match &definition.field_type {
        FieldType::Email => return schema("Email"),
        FieldType::Text { max_chars, pattern } => {
            let mut schema = json!({
                "description": "Text without control characters.",
                "type": ["string", "null"], "maxLength": max_chars, "pattern": "^[^\\u0000-\\u001F\\u007F-\\u009F]*$", "examples": ["Brian"]
            });
            if let Some(pattern) = pattern {
                // It is in the syntax of Rust's regex crate, which differs from JavaScript's in details.
                schema["description"] = format!(
                    "Text without control characters that matches {}.",
                    pattern.as_str()
                )
                .into();
                schema["x-pattern"] = pattern.as_str().into();
            }
            schema
        }
        FieldType::Number { min, max, decimals } => {
            let mut schema = json!({ "description": "A number with at most 15 digits.", "type": ["number", "null"], "examples": [5] });
            if let Some(min) = min {
                schema["minimum"] = json!(min);
                schema["examples"] = json!([min]);
            }
            if let Some(max) = max {
                schema["maximum"] = json!(max);
                schema["examples"] = json!([max]);
            }
            if let Some(decimals) = decimals {
                schema["description"] =
                    format!("A number with at most 15 digits, at most {decimals} of them after the point.")
                        .into();
            }
            schema
        }
        FieldType::Boolean => {
            json!({ "description": "Yes or no.", "type": ["boolean", "null"], "examples": [true] })
        }
        FieldType::Date => {
            json!({ "description": "A day.", "type": ["string", "null"], "format": "date", "examples": ["2026-11-29"] })
        }
        FieldType::DateTime => json!({
            "description": "A time with `Z` or an offset, to the millisecond.",
            "type": ["string", "null"], "format": "date-time", "examples": ["2026-11-29T10:15:00Z"]
        }),
        FieldType::Choice { options } if options.is_empty() => {
            json!({ "description": "The internal name of an option of HubSpot's property.", "type": ["string", "null"] })
        }
        FieldType::Choice { options } => {
            let mut allowed: Vec<Value> = options.iter().map(|option| json!(option)).collect();
            allowed.push(Value::Null);
            json!({ "description": "One of the options.", "enum": allowed, "examples": [options[0]] })
        }
        FieldType::Choices { options, .. } => {
            let items = if options.is_empty() {
                json!({ "type": "string" })
            } else {
                json!({ "enum": options })
            };
            json!({ "description": "Any of the options.", "type": ["array", "null"], "items": items, "uniqueItems": true,
                "examples": [options.iter().take(1).collect::<Vec<_>>()] })
        }
    };
    let when = match definition.write {
        WriteMode::Always => "",
        WriteMode::NewContact => " Written only when hubsync creates the contact.",
        WriteMode::IfEmpty => {
            " Written only if the contact has no value, or the one that hubsync confirmed last."
        }
    };
    if let Some(Value::String(description)) = schema.get_mut("description") {
        description.push_str(when);
    }
    schema
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

fn user(definitions: &FieldDefinitions) -> Value {
    let members = with(
        fields(definitions),
        json!({ "userId": schema("UserId"), "version": schema("Version"), "updatedAt": schema("Time") }),
    );
    let required: Vec<&String> = members.keys().collect();
    json!({ "description": "A user as it is stored.", "type": "object", "required": required, "properties": members })
}

fn user_change(definitions: &FieldDefinitions) -> Value {
    json!({
        "description": "A change in the plain form. A name that is null or absent stays unchanged.",
        "type": "object", "required": [contracts::Field::EMAIL.name()], "properties": fields(definitions), "additionalProperties": false
    })
}

fn user_merge_patch(definitions: &FieldDefinitions) -> Value {
    json!({
        "description": "A change that gives only the fields that change. Null clears a name.",
        "type": "object", "properties": fields(definitions), "additionalProperties": false, "examples": [{}]
    })
}

fn import_row(definitions: &FieldDefinitions) -> Value {
    json!({
        "description": "A user in an import. Absent fields stay unchanged.",
        "type": "object", "required": ["userId"], "properties": with(fields(definitions), json!({ "userId": schema("UserId") })),
        "additionalProperties": false
    })
}

fn user_fields() -> Value {
    let optional = json!({
        "maxChars": { "description": "Of a text: the maximum number of characters.", "type": "integer", "minimum": 1 },
        "pattern": { "description": "Of a text: the regular expression that it matches as a whole.", "type": "string" },
        "min": { "description": "Of a number: the smallest one.", "type": "number" },
        "max": { "description": "Of a number: the largest one.", "type": "number" },
        "decimals": { "description": "Of a number: the maximum number of places after the point.", "type": "integer", "minimum": 0 },
        "options": { "description": "Of a choice or choices: the options. If there are none, those of HubSpot's property decide.",
            "type": "array", "items": { "type": "string" } },
        "mode": { "description": "Of choices: whether a write replaces the contact's options or adds to them.", "enum": ["replace", "append"] },
        "write": { "description": "When the field is written: always if it is absent.", "enum": ["new-contact", "if-empty"] }
    });
    let types = [
        "email", "text", "number", "boolean", "date", "datetime", "choice", "choices",
    ];
    let Value::Object(optional) = optional else {
        unreachable!("it is an object")
    };
    let members = with(
        optional,
        json!({
            "name": { "description": "The name of the field.", "type": "string" },
            "property": { "description": "HubSpot's internal name of the property that it is written to.", "type": "string" },
            "type": { "description": "The type of its values.", "enum": types }
        }),
    );
    json!({
        "description": "The fields of a user.", "type": "object", "required": ["revision", "fields"],
        "properties": {
            "revision": { "description": "It grows with each change of the fields.", "type": "integer", "minimum": 0 },
            "fields": { "description": "The fields, in their order.", "type": "array", "items": {
                "type": "object", "required": ["name", "property", "type"], "properties": members } }
        }
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
    let fields = json!({ "description": "The fields to send again; every field if it is absent.", "type": "array", "minItems": 1,
        "maxItems": MAX_FIELDS, "items": schema("Field") });
    json!({
        "description": "Users by name, or all users.",
        "oneOf": [
            { "type": "object", "required": ["users"], "additionalProperties": false,
                "properties": { "all": { "description": "Not all users.", "const": false }, "users": users(MAX_LISTED), "fields": fields } },
            { "type": "object", "required": ["all"], "additionalProperties": false,
                "properties": { "all": { "description": "All users.", "const": true }, "after": after(&schema("UserId")), "fields": fields } }
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
            "name": { "description": "The dependency.", "enum": ["nats", "user", "fields", "clock"] },
            "ok": { "description": "Whether it is available.", "type": "boolean" },
            "detail": { "description": "Its state for people.", "type": "string" }
        }
    })
}
