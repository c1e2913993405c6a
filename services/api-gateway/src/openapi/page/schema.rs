//! Shows schemas: a value in a few words, and the members of an object as a table.

use serde_json::Value;

use super::spec::{items, members, text};
use super::text::{code, escape, paragraphs, phrase, table};

/// The section of a named schema.
pub(super) fn section(name: &str, schema: &Value) -> String {
    let description = paragraphs(text(schema, "description"));
    format!(
        "<section id=\"schema-{name}\" class=\"schema\">\n<h3>{name}</h3>\n{description}{}</section>\n",
        details(name, schema)
    )
}

/// The members of an object, or a description of any other value.
fn details(name: &str, schema: &Value) -> String {
    if schema.get("oneOf").is_some() && items(&schema["oneOf"]).any(|one| one.get("properties").is_some()) {
        let either = items(&schema["oneOf"]).map(|one| details(name, one));
        return either.collect::<Vec<_>>().join("<p>or</p>\n");
    }
    if schema.get("properties").is_none() {
        return format!("<p>{}</p>\n", words(schema));
    }
    let base = match schema.get("$ref") {
        Some(_) => format!("<p>{}, and</p>\n", link(schema)),
        None => String::new(),
    };
    let rows: String = members(&schema["properties"])
        .map(|(member, value)| row(schema, member, value))
        .collect();
    base + &table(&format!("members of {name}"), &["member", "", "value", ""], &rows)
}

fn row(schema: &Value, member: &str, value: &Value) -> String {
    let is_required = items(&schema["required"]).any(|required| required == member);
    format!(
        "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        escape(member),
        if is_required { "required" } else { "" },
        words(value),
        phrase(text(value, "description"))
    )
}

/// Describes a value in a few words.
pub(super) fn words(schema: &Value) -> String {
    let mut words = kind(schema);
    for limit in limits(schema) {
        words.push_str(", ");
        words.push_str(&limit);
    }
    words
}

fn kind(schema: &Value) -> String {
    if schema.get("$ref").is_some() {
        return link(schema);
    }
    if let Some(value) = schema.get("const") {
        return code(&escape(&value.to_string()));
    }
    if schema.get("enum").is_some() {
        return listed(&schema["enum"], |value| {
            code(&escape(value.as_str().unwrap_or_default()))
        });
    }
    if schema.get("oneOf").is_some() {
        return listed(&schema["oneOf"], words);
    }
    match &schema["type"] {
        Value::String(name) if name == "array" => format!("array of {}", words(&schema["items"])),
        Value::String(name) if schema.get("additionalProperties").is_some_and(Value::is_object) => {
            let (names, values) = (&schema["propertyNames"], &schema["additionalProperties"]);
            format!("{name} of {} by {}", words(values), words(names))
        }
        Value::String(name) => escape(name),
        several => listed(several, |name| escape(name.as_str().unwrap_or_default())),
    }
}

fn listed(values: &Value, shown: impl Fn(&Value) -> String) -> String {
    items(values).map(shown).collect::<Vec<_>>().join(" or ")
}

/// A link to the section of a referenced schema.
fn link(schema: &Value) -> String {
    let name = text(schema, "$ref").rsplit('/').next().unwrap_or_default();
    format!("<a href=\"#schema-{name}\">{name}</a>")
}

fn limits(schema: &Value) -> Vec<String> {
    let named = [
        ("format", ""),
        ("minLength", "at least {} long"),
        ("maxLength", "at most {} long"),
        ("minimum", "at least {}"),
        ("maximum", "at most {}"),
        ("minItems", "at least {} of them"),
        ("maxItems", "at most {} of them"),
        ("pattern", "matches {}"),
        ("default", "{} if absent"),
    ];
    let limits = named.into_iter().filter_map(|(name, sentence)| {
        let value = match schema.get(name)? {
            Value::String(text) => code(&escape(text)),
            other => escape(&other.to_string()),
        };
        Some(if sentence.is_empty() {
            value
        } else {
            sentence.replace("{}", &value)
        })
    });
    limits.collect()
}
