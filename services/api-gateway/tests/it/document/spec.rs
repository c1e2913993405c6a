//! Reads the document and validates values by its schemas.

use jsonschema::Validator;
use serde_json::{Map, Value, json};

pub(super) const METHODS: [&str; 5] = ["get", "patch", "post", "put", "delete"];

/// The document.
pub(super) struct Spec(pub(super) Value);

/// One method of one path.
#[derive(Clone, Copy)]
pub(super) struct Operation<'a> {
    pub(super) id: &'a str,
    pub(super) path: &'a str,
    pub(super) method: &'static str,
    pub(super) item: &'a Value,
    pub(super) value: &'a Value,
}

impl Spec {
    pub(super) fn read() -> Self {
        Self(serde_json::from_str(include_str!("../../../docs/openapi.json")).unwrap())
    }

    /// The value that a `$ref` refers to, or the value itself.
    pub(super) fn follow<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            Some(reference) => self.0.pointer(&reference[1..]).expect(reference),
            None => value,
        }
    }

    pub(super) fn operations(&self) -> Vec<Operation<'_>> {
        let paths = members(&self.0["paths"]);
        let operations = paths.flat_map(|(path, item)| {
            METHODS.into_iter().filter_map(move |method| {
                let value = item.get(method)?;
                let id = value["operationId"].as_str().expect(path);
                Some(Operation {
                    id,
                    path,
                    method,
                    item,
                    value,
                })
            })
        });
        operations.collect()
    }

    pub(super) fn parameters<'a>(&'a self, operation: Operation<'a>) -> Vec<&'a Value> {
        let of_path = items(&operation.item["parameters"]);
        let all = of_path.chain(items(&operation.value["parameters"]));
        all.map(|parameter| self.follow(parameter)).collect()
    }

    /// The documented statuses with their responses.
    pub(super) fn responses<'a>(&'a self, operation: Operation<'a>) -> Vec<(u16, &'a Value)> {
        let responses = members(&operation.value["responses"]);
        responses
            .map(|(status, response)| (status.parse().unwrap(), self.follow(response)))
            .collect()
    }

    /// The errors of a value. A member that is not in the schema is an error here, although callers have to ignore such members:
    /// a new member has to be documented.
    pub(super) fn schema_errors(&self, schema: &Value, value: &Value) -> Vec<String> {
        let validator = self.validator(schema);
        let schema_errors = validator.iter_errors(value);
        schema_errors
            .map(|fault| format!("{}: {fault}", fault.instance_path()))
            .collect()
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut whole = self.with_closed_objects(schema);
        if whole.to_string().contains("\"$ref\"") {
            let components = self.0["components"]["schemas"].as_object().unwrap().iter();
            let components: Map<_, _> = components
                .map(|(name, schema)| (name.clone(), self.with_closed_objects(schema)))
                .collect();
            whole["components"] = json!({ "schemas": components });
        }
        let options = jsonschema::options().should_validate_formats(true);
        options.build(&whole).unwrap()
    }

    fn with_closed_objects(&self, schema: &Value) -> Value {
        match schema {
            Value::Array(items) => items.iter().map(|item| self.with_closed_objects(item)).collect(),
            Value::Object(object) if object.contains_key("properties") => {
                let mut whole = match object.get("$ref") {
                    Some(_) => self.with_closed_objects(self.follow(schema)),
                    None => json!({ "unevaluatedProperties": false, "properties": {}, "required": [] }),
                };
                for (name, value) in object {
                    match name.as_str() {
                        "properties" => {
                            for (member, value) in members(value) {
                                whole["properties"][member] = self.with_closed_objects(value);
                            }
                        }
                        "required" => whole["required"]
                            .as_array_mut()
                            .unwrap()
                            .extend(items(value).cloned()),
                        "$ref" => {}
                        _ => whole[name] = self.with_closed_objects(value),
                    }
                }
                whole
            }
            Value::Object(object) => {
                let members = object
                    .iter()
                    .map(|(name, value)| (name.clone(), self.with_closed_objects(value)));
                members.collect()
            }
            other => other.clone(),
        }
    }
}

impl Operation<'_> {
    /// The path with the examples of its parameters.
    pub(super) fn filled_path(self, spec: &Spec) -> String {
        let mut path = self.path.to_owned();
        for parameter in spec.parameters(self) {
            if parameter["in"] == "path" {
                let place = format!("{{{}}}", parameter["name"].as_str().unwrap());
                path = path.replace(&place, parameter["example"].as_str().unwrap());
            }
        }
        path
    }
}

pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

pub(super) fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value))
}

/// The examples of a media type, a parameter or a header.
pub(super) fn examples(holder: &Value) -> Vec<&Value> {
    let start_with_host = members(&holder["examples"]).map(|(_, example)| &example["value"]);
    holder.get("example").into_iter().chain(start_with_host).collect()
}

/// The names and data of the events in a text.
pub(super) fn events(text: &str) -> Vec<(String, Value)> {
    let blocks = text.split("\n\n").filter_map(|block| {
        let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name));
        let data = serde_json::from_str(field("data: ")?).unwrap();
        Some((field("event: ")?.to_owned(), data))
    });
    blocks.collect()
}
