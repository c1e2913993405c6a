//! Refines generated schemas, so that the document says more than the types alone: which number is a version, which text is a
//! time, and which members are never null.

use aide::openapi::SchemaObject;
use contracts::{MAX_COMPARED, MAX_IMPORT_LINES, MAX_LISTED, MAX_PROBLEM_COUNTS};
use indexmap::IndexMap;
use schemars::Schema;
use serde_json::{Map, Value, json};

use super::describe::reference_to_schema;

/// Members that hold a time as text.
const TIMES: [&str; 9] = [
    "at",
    "countedAt",
    "nextAttemptAt",
    "oldestPending",
    "pausedSince",
    "pendingSince",
    "recordedAt",
    "since",
    "updatedAt",
];
/// Members that hold a version.
const VERSIONS: [&str; 2] = ["version", "currentVersion"];
/// How many entries a list may have: the name of the schema, of its member, and the limit.
const LIMITS: [(&str, &str, usize); 7] = [
    ("UsersListed", "users", MAX_LISTED),
    ("UsersSummary", "problems", MAX_PROBLEM_COUNTS),
    ("Summary", "problems", MAX_PROBLEM_COUNTS),
    ("Comparison", "findings", MAX_COMPARED),
    ("BatchReport", "rejectedLines", MAX_IMPORT_LINES),
    ("Receipt", "lastAttempts", 10),
    ("Receipt", "problems", 4),
];
/// The schemas of the keys of maps: the name of the schema, of its member, and of the schema of its keys.
const KEYS: [(&str, &str, &str); 3] = [
    ("Receipt", "fields", "Field"),
    ("Receipt", "earlierFields", "Field"),
    ("ChangesData", "resolved", "SyncState"),
];

/// Refines the definition of a type. The generator calls it for each one.
pub(super) fn refine(schema: &mut Schema) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    refine_description(schema);
    join_variants(schema);
    let required: Vec<Value> = schema
        .get("required")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let members = schema.get_mut("properties").and_then(Value::as_object_mut);
    for (name, member) in members.into_iter().flatten() {
        let is_optional = !required.iter().any(|required| required == name);
        if let Some(member) = member.as_object_mut() {
            refine_member(name, member, is_optional);
        }
    }
}

/// Adds what the types do not say about lists and maps.
pub(super) fn set_limits(schemas: &mut IndexMap<String, SchemaObject>) {
    for (name, member, limit) in LIMITS {
        set(schemas, name, member, "maxItems", json!(limit));
    }
    for (name, member, keys) in KEYS {
        set(schemas, name, member, "propertyNames", reference_to_schema(keys));
    }
    set(schemas, "Reason", "message", "maxLength", json!(500));
}

fn set(schemas: &mut IndexMap<String, SchemaObject>, name: &str, member: &str, keyword: &str, value: Value) {
    let schema = schemas
        .get_mut(name)
        .and_then(|schema| schema.json_schema.as_object_mut());
    let members = schema.and_then(|schema| schema.get_mut("properties"));
    if let Some(member) = members.and_then(|members| members.get_mut(member)) {
        member[keyword] = value;
    }
}

fn refine_member(name: &str, member: &mut Map<String, Value>, is_optional: bool) {
    refine_description(member);
    // A member with a default is left out instead; callers need not know the default of the Rust type.
    member.remove("default");
    if is_optional {
        remove_null(member);
    }
    if let Some(Value::Object(values)) = member.get_mut("additionalProperties") {
        refine_member(name, values, false);
    }
    let is_type =
        |member: &Map<String, Value>, name: &str| member.get("type").is_some_and(|kind| kind == name);
    // Only generated numbers have this format. Numbers with limits of their own are written by hand and stay as they are.
    let is_unsigned = member
        .get("format")
        .and_then(Value::as_str)
        .is_some_and(|format| format.starts_with("uint"));
    let shared = if is_unsigned {
        match name {
            "status" => Some("HttpStatus"),
            // These count from 1.
            "attempt" | "line" => {
                member.insert("format".to_owned(), json!("int64"));
                member.insert("minimum".to_owned(), json!(1));
                None
            }
            name if VERSIONS.contains(&name) => Some("Version"),
            _ => Some("Count"),
        }
    } else if is_type(member, "string") && TIMES.contains(&name) {
        Some("Time")
    } else {
        None
    };
    if let Some(shared) = shared {
        member.retain(|keyword, _| keyword == "description");
        member.insert("$ref".to_owned(), json!(format!("#/components/schemas/{shared}")));
    }
    // An optional flag is only ever written when it is true, unless its type says otherwise.
    if is_optional && is_type(member, "boolean") {
        member.remove("type");
        member.entry("const").or_insert(json!(true));
    }
}

/// An optional member is absent rather than null.
fn remove_null(member: &mut Map<String, Value>) {
    if let Some(Value::Array(kinds)) = member.get_mut("type") {
        kinds.retain(|kind| kind != "null");
        if let [kind] = kinds.as_slice() {
            let kind = kind.clone();
            member.insert("type".to_owned(), kind);
        }
    }
    if let Some(Value::Array(schemas)) = member.get("anyOf") {
        let mut others = schemas.iter().filter(|schema| schema["type"] != "null");
        if let (Some(Value::Object(only)), None) = (others.next().cloned().as_ref(), others.next()) {
            member.remove("anyOf");
            member.extend(only.clone());
        }
    }
}

/// Turns the variants of an enum, each with its own description, into one list of values with one description.
fn join_variants(schema: &mut Map<String, Value>) {
    let Some(Value::Array(variants)) = schema.get("oneOf") else {
        return;
    };
    // A worker on standby never gives the status of delivery, so callers do not see this value.
    let variants: Vec<(Value, String)> = variants
        .iter()
        .filter_map(|variant| {
            let description = variant["description"].as_str().unwrap_or_default();
            Some((variant.get("const")?.clone(), plain(description)))
        })
        .filter(|(value, _)| value != "standby")
        .collect();
    if variants.is_empty() {
        return;
    }
    let sentences = variants
        .iter()
        .map(|(value, description)| format!("`{}`: {description}", value.as_str().unwrap_or_default()));
    let whole = schema
        .get("description")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let description = std::iter::once(whole.to_owned())
        .chain(sentences)
        .collect::<Vec<_>>();
    let values: Vec<Value> = variants.iter().map(|(value, _)| value.clone()).collect();
    schema.insert("description".to_owned(), json!(description.join("\n\n")));
    schema.insert("examples".to_owned(), json!([values[0]]));
    schema.insert("enum".to_owned(), json!(values));
    schema.remove("oneOf");
}

fn refine_description(schema: &mut Map<String, Value>) {
    if let Some(Value::String(description)) = schema.get_mut("description") {
        *description = plain(description);
    }
}

/// The first paragraph of a doc comment, without its line breaks and links. Later paragraphs are about the code.
fn plain(description: &str) -> String {
    let paragraph = description.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = paragraph.split_whitespace().collect();
    words.join(" ").replace("[`", "`").replace("`]", "`")
}
