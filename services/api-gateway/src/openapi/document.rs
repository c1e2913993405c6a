//! Puts the document together.

use std::panic::resume_unwind;
use std::sync::Arc;

use aide::axum::ApiRouter;
use aide::generate;
use aide::openapi::{Info, License, OpenApi, Server, Tag};
use contracts::FieldDefinitions;
use indexmap::IndexMap;
use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use tokio::sync::Mutex;

use super::refine::{refine, set_limits};
use super::{components, page, problems, user_schemas};
use crate::response::ProblemDocument;

const DESCRIPTION: &str = "When a change is answered with 200, it is stored on disk, and its fields are marked to be delivered to \
HubSpot. The receipt has the result of the delivery.\n\n`HEAD` works wherever `GET` does. Every response has an \
`X-Request-Id`. Every error is a problem document (RFC 9457) of one of the types listed here. Besides the types that an operation \
lists, any path may answer `no-such-path`, `method-not-allowed`, `unknown-host`, `foreign-origin` and `internal`. A request whose \
head is too long gets 431, and its connection is closed. The gateway has no authentication of its own.\n\nResponses may get \
further members: ignore members that you do not know. Unknown members of requests are rejected.";

const TAGS: [(&str, &str); 4] = [
    (
        "Users",
        "Users as the application knows them, changed one at a time or imported by the thousand.",
    ),
    (
        "Delivery",
        "The delivery of changes to HubSpot: of one user, of many, and as it happens.",
    ),
    (
        "Operation",
        "Retries, pauses, comparisons, health and metrics, for people who run hubsync.",
    ),
    (
        "Pages",
        "Pages for people with a browser. They load everything from the gateway.",
    ),
];

/// The document. It is built when somebody reads it for the first time, and again for each revision of the set of fields: that takes a
/// moment, and megabytes of memory that the process would keep.
#[derive(Debug)]
pub(crate) struct ApiDocument {
    build: fn(&FieldDefinitions) -> BuiltDocument,
    built: Mutex<Option<(u64, Arc<BuiltDocument>)>>,
}

/// The finished document.
#[derive(Debug)]
pub(crate) struct BuiltDocument {
    json: String,
    page: String,
}

/// Collects the document while the routes are added.
#[derive(Debug)]
pub(crate) struct ApiDocumentBuilder(OpenApi);

impl ApiDocumentBuilder {
    /// Starts a document. Routes have to be added on the same thread: aide collects schemas in a thread-local context.
    pub(crate) fn begin() -> Self {
        generate::reset_context();
        generate::infer_responses(false);
        generate::in_context(|context| {
            // OpenAPI 3.1 uses this draft; aide's default is an older one. All types are only ever serialized here: the bodies of
            // requests are parsed by hand, so their schemas are written by hand as well.
            let settings = SchemaSettings::draft2020_12().for_serialize().with(|settings| {
                settings.definitions_path = "#/components/schemas/".into();
                settings.meta_schema = None;
            });
            context.schema = SchemaGenerator::new(settings.with_transform(refine));
            // Problems refer to this schema before any route does.
            context.schema.subschema_for::<ProblemDocument<'_>>();
        });
        Self(OpenApi {
            info: Info {
                title: "hubsync api-gateway".to_owned(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                summary: Some(
                    "Accepts changes of user profiles, and reports their delivery to HubSpot.".to_owned(),
                ),
                description: Some(DESCRIPTION.to_owned()),
                license: Some(License {
                    name: "MIT OR Apache-2.0".to_owned(),
                    identifier: Some("MIT OR Apache-2.0".to_owned()),
                    ..License::default()
                }),
                ..Info::default()
            },
            servers: vec![Server {
                url: "/".to_owned(),
                description: Some("the gateway that serves this document".to_owned()),
                ..Server::default()
            }],
            tags: TAGS.map(tag).to_vec(),
            components: Some(components::components()),
            extensions: IndexMap::from([("x-problems".to_owned(), problems::list())]),
            ..OpenApi::default()
        })
    }

    /// Takes the documentation out of the routes.
    pub(crate) fn finish<S>(mut self, routes: ApiRouter<S>, fields: &FieldDefinitions) -> BuiltDocument
    where
        S: Clone + Send + Sync + 'static,
    {
        let _ = routes.finish_api(&mut self.0);
        let components = self.0.components.get_or_insert_default();
        for (name, schema) in user_schemas::schemas(fields) {
            components
                .schemas
                .insert(name.to_owned(), components::schema_object(schema));
        }
        set_limits(&mut components.schemas);
        components.schemas.sort_unstable_keys();
        let json = serde_json::to_string_pretty(&self.0).expect("a document has text keys");
        let page = page::render(&json);
        BuiltDocument { json, page }
    }
}

impl ApiDocument {
    /// A document that this function builds.
    pub(crate) fn new(build: fn(&FieldDefinitions) -> BuiltDocument) -> Self {
        Self {
            build,
            built: Mutex::new(None),
        }
    }

    /// The document for this set of fields, once it is built.
    pub(crate) async fn read(&self, fields: Arc<FieldDefinitions>) -> Arc<BuiltDocument> {
        // Readers that come meanwhile wait for the same document.
        let mut last = self.built.lock().await;
        match &*last {
            Some((revision, document)) if *revision == fields.revision() => return Arc::clone(document),
            _ => {}
        }
        let (build, revision) = (self.build, fields.revision());
        let document = match tokio::task::spawn_blocking(move || build(&fields)).await {
            Ok(document) => Arc::new(document),
            Err(error) => resume_unwind(error.into_panic()),
        };
        *last = Some((revision, Arc::clone(&document)));
        document
    }
}

impl BuiltDocument {
    /// The document as JSON.
    pub(crate) fn json(&self) -> &str {
        &self.json
    }

    /// The page for a reader who reached the gateway under this address, such as `http://127.0.0.1:3030`.
    pub(crate) fn page_for(&self, address: &str) -> String {
        self.page.replace(page::ADDRESS, address)
    }
}

fn tag((name, description): (&str, &str)) -> Tag {
    Tag {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        ..Tag::default()
    }
}
