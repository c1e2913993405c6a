//! What the routes use to describe themselves, on top of aide's own builder.

use aide::generate::in_context;
use aide::openapi::{
    Example, Header, MediaType, ReferenceOr, RequestBody, Response, SchemaObject, StatusCode,
};
use aide::transform::TransformOperation;
use indexmap::IndexMap;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

use super::Problems;
use super::components::{reference, schema_object};

/// Describes an operation.
pub(crate) trait Describe: Sized {
    /// Sets what every operation has.
    fn describe(self, id: &str, tag: &str, summary: &str, description: &str) -> Self;

    /// Adds header parameters by their names in the components of the document.
    fn headers(self, names: &[&str]) -> Self;

    /// Adds a format of the body.
    fn body(self, content_type: &str, media: Media) -> Self;

    /// Adds a response with a body. `headers` are names in the components; `X-Request-Id` need not be given.
    fn responds(
        self,
        status: u16,
        description: &str,
        headers: &[&str],
        content_type: &str,
        media: Media,
    ) -> Self;

    /// Adds a response without a body.
    fn responds_empty(self, status: u16, description: &str, headers: &[&str]) -> Self;

    /// Adds the responses with these problems.
    fn problems(self, problems: &[Problems]) -> Self;
}

/// The content of a body: its schema and its examples.
pub(crate) struct Media(MediaType);

impl Media {
    /// JSON of this type.
    pub(crate) fn of<T: JsonSchema>() -> Self {
        Self::with_schema(schema_of::<T>())
    }

    /// JSON with a schema of that name in the components.
    pub(crate) fn named(schema: &str) -> Self {
        Self::with_schema(schema_object(reference_to_schema(schema)))
    }

    /// Text.
    pub(crate) fn text() -> Self {
        Self::with_schema(schema_object(json!({ "type": "string" })))
    }

    /// Text with a description of its content.
    pub(crate) fn described_text(description: &str) -> Self {
        Self::with_schema(schema_object(
            json!({ "type": "string", "description": description }),
        ))
    }

    /// Lines of text, each a JSON object with that schema.
    pub(crate) fn lines(schema: &Value) -> Self {
        Self::described_text("A JSON object on each line.").extension("x-lines", schema.clone())
    }

    /// A body with that schema.
    fn with_schema(schema: SchemaObject) -> Self {
        Self(MediaType {
            schema: Some(schema),
            ..MediaType::default()
        })
    }

    /// Adds the only example.
    pub(crate) fn example(mut self, example: impl Into<Value>) -> Self {
        self.0.example = Some(example.into());
        self
    }

    /// Adds one of several examples.
    pub(crate) fn named_example(mut self, name: &str, summary: &str, value: Value) -> Self {
        let example = Example {
            summary: Some(summary.to_owned()),
            value: Some(value),
            ..Example::default()
        };
        self.0
            .examples
            .insert(name.to_owned(), ReferenceOr::Item(example));
        self
    }

    /// Adds an extension of the specification.
    pub(crate) fn extension(mut self, name: &str, value: Value) -> Self {
        self.0.extensions.insert(name.to_owned(), value);
        self
    }
}

/// The schema of a type. Its definition becomes a component of the document.
pub(crate) fn schema_of<T: JsonSchema>() -> SchemaObject {
    let json_schema = in_context(|context| context.schema.subschema_for::<T>());
    SchemaObject {
        json_schema,
        external_docs: None,
        example: None,
    }
}

/// The schema of a type as JSON.
pub(crate) fn schema_value<T: JsonSchema>() -> Value {
    Schema::to_value(schema_of::<T>().json_schema)
}

pub(super) fn reference_to_schema(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

impl Describe for TransformOperation<'_> {
    fn describe(self, id: &str, tag: &str, summary: &str, description: &str) -> Self {
        self.id(id).tag(tag).summary(summary).description(description)
    }

    fn headers(mut self, names: &[&str]) -> Self {
        let parameters = names.iter().map(|name| reference("parameters", name));
        self.inner_mut().parameters.extend(parameters);
        self
    }

    fn body(mut self, content_type: &str, Media(media): Media) -> Self {
        let body = self
            .inner_mut()
            .request_body
            .get_or_insert_with(|| ReferenceOr::Item(RequestBody::default()));
        if let ReferenceOr::Item(body) = body {
            body.required = true;
            body.content.insert(content_type.to_owned(), media);
        }
        self
    }

    fn responds(
        mut self,
        status: u16,
        description: &str,
        headers: &[&str],
        content_type: &str,
        Media(media): Media,
    ) -> Self {
        let response = Response {
            description: description.to_owned(),
            headers: header_references(headers),
            content: IndexMap::from([(content_type.to_owned(), media)]),
            ..Response::default()
        };
        add_response(&mut self, status, ReferenceOr::Item(response));
        self
    }

    fn responds_empty(mut self, status: u16, description: &str, headers: &[&str]) -> Self {
        let response = Response {
            description: description.to_owned(),
            headers: header_references(headers),
            ..Response::default()
        };
        add_response(&mut self, status, ReferenceOr::Item(response));
        self
    }

    fn problems(mut self, problems: &[Problems]) -> Self {
        for problems in problems {
            add_response(
                &mut self,
                problems.status(),
                reference("responses", problems.name),
            );
        }
        self
    }
}

/// References to the headers of a response, with the one that every response has.
pub(super) fn header_references(names: &[&str]) -> IndexMap<String, ReferenceOr<Header>> {
    let names = ["X-Request-Id"].iter().chain(names);
    names
        .map(|name| ((*name).to_owned(), reference("headers", name)))
        .collect()
}

fn add_response(operation: &mut TransformOperation<'_>, status: u16, response: ReferenceOr<Response>) {
    let responses = operation.inner_mut().responses.get_or_insert_default();
    responses.responses.insert(StatusCode::Code(status), response);
}
