//! Finds things in an `OpenAPI` document. Tests check that they are there, so a missing part is shown as nothing.

use serde::Deserialize;
use serde_json::Value;

use crate::request::JsonMembers;

/// The methods of a path, in the order in which they are shown.
pub(super) const METHODS: [&str; 5] = ["get", "patch", "post", "put", "delete"];

/// The document, with its paths in the order of the text.
#[derive(Debug)]
pub(super) struct Spec {
    document: Value,
    paths: Vec<(String, Value)>,
}

/// One method of one path.
#[derive(Debug, Clone, Copy)]
pub(super) struct Operation<'a> {
    pub(super) method: &'static str,
    pub(super) path: &'a str,
    pub(super) item: &'a Value,
    pub(super) value: &'a Value,
}

#[derive(Deserialize)]
struct Paths {
    paths: JsonMembers,
}

impl Spec {
    pub(super) fn read(text: &str) -> Self {
        let Paths {
            paths: JsonMembers(paths),
        } = serde_json::from_str(text).expect("the document in the binary has paths");
        let document = serde_json::from_str(text).expect("the document in the binary is JSON");
        Self { document, paths }
    }

    /// A part of the document.
    pub(super) fn part(&self, name: &str) -> &Value {
        &self.document[name]
    }

    /// The value that a `$ref` refers to, or the value itself.
    pub(super) fn follow<'a>(&'a self, value: &'a Value) -> &'a Value {
        let pointer = value["$ref"].as_str().and_then(|text| text.strip_prefix('#'));
        let found = pointer.and_then(|pointer| self.document.pointer(pointer));
        found.unwrap_or(value)
    }

    pub(super) fn operations(&self) -> impl Iterator<Item = Operation<'_>> {
        self.paths.iter().flat_map(|(path, item)| {
            METHODS.into_iter().filter_map(move |method| {
                let value = item.get(method)?;
                Some(Operation {
                    method,
                    path,
                    item,
                    value,
                })
            })
        })
    }

    /// The parameters of the operation, with those of its whole path.
    pub(super) fn parameters<'a>(&'a self, operation: Operation<'a>) -> impl Iterator<Item = &'a Value> {
        let of_path = items(&operation.item["parameters"]);
        of_path
            .chain(items(&operation.value["parameters"]))
            .map(|parameter| self.follow(parameter))
    }
}

impl<'a> Operation<'a> {
    pub(super) fn id(self) -> &'a str {
        text(self.value, "operationId")
    }
}

/// The items of an array.
pub(super) fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// The members of an object.
pub(super) fn members(value: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let members = value.as_object().into_iter().flatten();
    members.map(|(name, value)| (name.as_str(), value))
}

/// A member that is text.
pub(super) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The examples of a media type, each with its name. A single example has no name.
pub(super) fn examples(media: &Value) -> impl Iterator<Item = (&str, &Value)> {
    let named = members(&media["examples"]).map(|(_, example)| (text(example, "summary"), &example["value"]));
    media
        .get("example")
        .map(|example| ("", example))
        .into_iter()
        .chain(named)
}
