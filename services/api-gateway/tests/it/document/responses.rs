//! Every response of the gateway is documented, and every documented response occurs.

use std::collections::BTreeSet;

use api_gateway::Limits;
use contracts::ErrorCode;
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use testing::nats::{NatsServer, Options};
use tokio::time::timeout;

use super::complete_responses::{complete_reactions, script_worker};
use super::spec::{Operation, Spec, events, examples, members};
use crate::harness::{CEILING, Gateway};
use crate::scripted_user_service::{Reaction, ScriptedUserService, reject};

/// Responses that need a slow caller, hundreds of callers or a defect. Other tests cover them.
fn is_hard_to_provoke(id: &str, status: u16) -> bool {
    status == 408 || (matches!(id, "importUsers" | "streamEvents") && status >= 500)
}

/// Sends the documented requests and collects the responses.
struct Check<'a> {
    spec: &'a Spec,
    gateway: Gateway,
    operation: Operation<'a>,
    seen: BTreeSet<u16>,
}

impl Check<'_> {
    fn request(&self, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(self.operation.method.to_uppercase().as_bytes()).unwrap();
        self.gateway.request(method, path)
    }

    /// One request for each example of a body, or one without a body.
    fn valid_requests(&self) -> Vec<RequestBuilder> {
        let path = self.operation.filled_path(self.spec);
        let content = members(&self.operation.value["requestBody"]["content"]);
        let bodies =
            content.flat_map(|(kind, media)| examples(media).into_iter().map(move |body| (kind, body)));
        let requests = bodies.map(|(kind, body)| {
            let body = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
            self.request(&path).header("content-type", kind).body(body)
        });
        let requests: Vec<_> = requests.collect();
        if requests.is_empty() {
            vec![self.request(&path)]
        } else {
            requests
        }
    }

    fn valid_request(&self) -> RequestBuilder {
        self.valid_requests().swap_remove(0)
    }

    fn takes(&self, header: &str) -> bool {
        let parameters = self.spec.parameters(self.operation);
        parameters.iter().any(|parameter| parameter["name"] == header)
    }

    fn documents(&self, status: u16) -> bool {
        self.operation.value["responses"]
            .get(status.to_string())
            .is_some()
    }

    /// Sends a request and compares the response with the document.
    async fn send(&mut self, request: RequestBuilder, expected: u16) -> Response {
        let name = format!("{} {expected}", self.operation.id);
        let mut response = request.send().await.unwrap();
        assert_eq!(response.status(), expected, "{name}");
        let responses = self.spec.responses(self.operation);
        let documented = responses.into_iter().find(|(status, _)| *status == expected);
        let (_, documented) = documented.unwrap_or_else(|| panic!("{name} is not documented"));
        for (header, specification) in members(&documented["headers"]) {
            self.header(&response, header, self.spec.follow(specification));
        }
        self.seen.insert(expected);
        // A 304 may have a type although it has no body.
        let kind = response.headers().get("content-type").filter(|_| expected != 304);
        let Some(kind) = kind else {
            assert!(documented.get("content").is_none(), "{name}");
            return response;
        };
        let kind = kind.to_str().unwrap().split(';').next().unwrap().to_owned();
        let media = documented["content"]
            .get(&kind)
            .unwrap_or_else(|| panic!("{name}: {kind} is not documented"));
        for (schema, value) in values(&mut response, media).await {
            assert_eq!(
                self.spec.schema_errors(schema, &value),
                [""; 0],
                "{name}: {value}"
            );
        }
        response
    }

    fn header(&self, response: &Response, name: &str, documented: &Value) {
        let Some(value) = response.headers().get(name) else {
            assert_ne!(
                documented["required"], true,
                "{} without {name}",
                self.operation.id
            );
            return;
        };
        let value = Value::from(value.to_str().unwrap());
        assert_eq!(
            self.spec.schema_errors(&documented["schema"], &value),
            [""; 0],
            "{name}: {value}"
        );
    }

    /// Requests that the gateway rejects itself.
    async fn invalid_requests(&mut self) {
        let path = self.operation.filled_path(self.spec);
        if self.takes("userId") {
            let path = path.replace("/1", "/a.b");
            self.send(
                self.request(&path).header("content-type", "application/json"),
                400,
            )
            .await;
        }
        for (name, wrong) in [("version", "x"), ("limit", "501"), ("after", "x")] {
            if self.takes(name) && !(name == "after" && self.operation.id == "listUsers") {
                let request = self.valid_request().query(&[(name, wrong)]);
                self.send(request, 400).await;
            }
        }
        if self.documents(400) {
            self.send(self.valid_request().query(&[("unknown", "x")]), 400)
                .await;
        }
        if self.documents(415) {
            let request = self
                .request(&path)
                .header("content-type", "text/plain")
                .body("{}");
            self.send(request, 415).await;
        }
        if self.documents(413) {
            let request = self.request(&path).header("content-type", "application/json");
            for (body, status) in [
                ("{".to_owned(), 400),
                ("[]".to_owned(), 400),
                (" ".repeat(16_385), 413),
            ] {
                self.send(request.try_clone().unwrap().body(body), status).await;
            }
        }
    }

    /// Requests that the user service rejects.
    async fn rejected_requests(&mut self) {
        let script = [
            (500, reject(ErrorCode::Internal)),
            (502, Reaction::Nonsense),
            (503, reject(ErrorCode::Unavailable)),
            (504, reject(ErrorCode::OutcomeUnknown)),
            (404, reject(ErrorCode::UserNotFound)),
            (409, reject(ErrorCode::ContactHeld)),
            (409, reject(ErrorCode::NoAccount)),
            (412, reject(ErrorCode::VersionMismatch)),
            (422, reject(ErrorCode::KeyReused)),
            (429, reject(ErrorCode::TooManyKeys)),
        ];
        let is_missing = |status: &u16| self.documents(*status) && !self.seen.contains(status);
        let script = script.into_iter().filter(|(status, _)| is_missing(status));
        let (statuses, reactions): (Vec<_>, Vec<_>) = script.unzip();
        ScriptedUserService::start(&self.gateway, reactions).await;
        script_worker(&self.gateway).await;
        for status in statuses {
            self.send(self.valid_request(), status).await;
        }
    }
}

/// The values in a response, each with its schema.
async fn values<'a>(response: &mut Response, media: &'a Value) -> Vec<(&'a Value, Value)> {
    let mut text = String::new();
    // A stream of events has no end, so it is read up to the first status.
    while !(media.get("x-events").is_some() && text.contains("event: status")) {
        match timeout(CEILING, response.chunk()).await.unwrap().unwrap() {
            Some(chunk) => text.push_str(std::str::from_utf8(&chunk).unwrap()),
            None => break,
        }
    }
    if let Some(schemas) = media.get("x-events") {
        return events(&text)
            .into_iter()
            .map(|(name, data)| (&schemas[&name], data))
            .collect();
    }
    if let Some(schema) = media.get("x-lines") {
        return text
            .lines()
            .map(|line| (schema, serde_json::from_str(line).unwrap()))
            .collect();
    }
    let is_json = media["schema"]["type"] != "string";
    let value = if is_json {
        serde_json::from_str(&text).unwrap()
    } else {
        text.into()
    };
    vec![(&media["schema"], value)]
}

#[tokio::test]
async fn every_operation_has_every_documented_response() {
    let spec = Spec::read();
    for operation in spec.operations() {
        let gateway = Gateway::start().await;
        let seen = BTreeSet::new();
        let mut check = Check {
            spec: &spec,
            gateway,
            operation,
            seen,
        };
        if operation.id == "readyz" {
            check.send(check.valid_request(), 503).await;
        }
        // They need nothing of the user service but the set of fields.
        if ["listFields", "openapi", "docs"].contains(&operation.id) {
            let nats = NatsServer::start(Options::default()).await.unwrap();
            let without = Gateway::start_without_fields(Limits::default(), nats, &[]).await;
            let with = std::mem::replace(&mut check.gateway, without);
            check.send(check.valid_request(), 503).await;
            check.gateway = with;
        }
        ScriptedUserService::start(&check.gateway, complete_reactions(operation.id)).await;
        script_worker(&check.gateway).await;
        check.gateway.wait_until_check("user", true).await;
        for request in check.valid_requests() {
            check.send(request, 200).await;
        }
        if check.takes("Prefer") {
            let response = check
                .send(check.valid_request().header("prefer", "wait=10"), 200)
                .await;
            assert_eq!(response.headers()["preference-applied"], "wait=10");
        }
        if check.takes("If-None-Match") {
            let known = check.send(check.valid_request(), 200).await.headers()["etag"].clone();
            check
                .send(check.valid_request().header("if-none-match", known), 304)
                .await;
        }
        check.invalid_requests().await;
        if check.documents(502) {
            check.gateway = Gateway::start().await;
            check.rejected_requests().await;
        }
        let documented = spec.responses(operation).into_iter().map(|(status, _)| status);
        let not_seen: Vec<_> = documented.filter(|status| !check.seen.contains(status)).collect();
        let is_fine = not_seen
            .iter()
            .all(|status| is_hard_to_provoke(operation.id, *status));
        assert!(
            is_fine,
            "{}: nothing was answered with {not_seen:?}",
            operation.id
        );
    }
}
