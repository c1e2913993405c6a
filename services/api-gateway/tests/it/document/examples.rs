//! The examples in the document are valid.

use serde_json::Value;

use super::spec::{Spec, events, examples, items, members};

#[test]
fn every_body_parameter_and_header_has_an_example_that_is_valid() {
    let spec = Spec::read();
    let mut looked_at = 0;
    visit(&spec.0, "", &mut |place, value| {
        // A member of a schema may have the name "schema" as well.
        if value.get("schema").is_none() || place.contains("/properties/") {
            return;
        }
        let examples = examples(value);
        assert!(!examples.is_empty(), "{place} has no example");
        for example in examples {
            check(&spec, place, value, example);
            looked_at += 1;
        }
    });
    assert!(looked_at > 50, "{looked_at}");
}

/// Checks an example, and the JSON within an example that is text.
fn check(spec: &Spec, place: &str, holder: &Value, example: &Value) {
    let none: [String; 0] = [];
    assert_eq!(spec.schema_errors(&holder["schema"], example), none, "{place}");
    if let Some(line_schema) = holder.get("x-lines") {
        for line in example.as_str().unwrap().lines() {
            let line = serde_json::from_str(line).unwrap();
            assert_eq!(spec.schema_errors(line_schema, &line), none, "{place}: {line}");
        }
    }
    if let Some(schemas) = holder.get("x-events") {
        for (name, data) in events(example.as_str().unwrap()) {
            assert_eq!(
                spec.schema_errors(&schemas[&name], &data),
                none,
                "{place}: {name}"
            );
        }
    }
}

#[test]
fn examples_within_schemas_are_valid() {
    let spec = Spec::read();
    let mut looked_at = 0;
    visit(&spec.0["components"]["schemas"], "", &mut |place, value| {
        for example in items(&value["examples"]) {
            let none: [String; 0] = [];
            assert_eq!(spec.schema_errors(value, example), none, "{place}");
            looked_at += 1;
        }
    });
    assert!(looked_at > 10, "{looked_at}");
}

#[test]
fn every_component_is_used_and_described() {
    let spec = Spec::read();
    let text = spec.0.to_string();
    for kind in ["schemas", "parameters", "headers", "responses"] {
        for (name, value) in members(&spec.0["components"][kind]) {
            assert!(
                text.contains(&format!("\"#/components/{kind}/{name}\"")),
                "{name} is not used"
            );
            assert!(kind == "schemas" || value["description"].is_string(), "{name}");
        }
    }
    for operation in spec.operations() {
        assert!(operation.value["summary"].is_string(), "{}", operation.id);
        for (status, response) in spec.responses(operation) {
            assert!(response["description"].is_string(), "{} {status}", operation.id);
            let id = &response["headers"]["X-Request-Id"];
            assert!(id.is_object(), "{} {status}", operation.id);
        }
    }
}

fn visit<'a>(value: &'a Value, place: &str, check: &mut impl FnMut(&str, &'a Value)) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                visit(item, &format!("{place}/{index}"), check);
            }
        }
        Value::Object(object) => {
            check(place, value);
            for (name, member) in object {
                if !matches!(name.as_str(), "example" | "examples") {
                    visit(member, &format!("{place}/{name}"), check);
                }
            }
        }
        _ => {}
    }
}
