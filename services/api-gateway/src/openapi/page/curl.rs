//! Writes the command line that sends a request.

use serde_json::Value;

use super::spec::{Operation, Spec, text};

/// The placeholder for the address of the gateway until the page is sent.
pub(in crate::openapi) const ADDRESS: &str = "http://gateway.invalid";

/// The command line for an operation without a body.
pub(super) fn line(spec: &Spec, operation: Operation<'_>) -> String {
    let method = match operation.method {
        "get" if streams(operation) => "-N ".to_owned(),
        "get" => String::new(),
        other => format!("-X {} ", other.to_uppercase()),
    };
    format!("curl {method}{ADDRESS}{}", path(spec, operation))
}

/// The command line with a body. A body that is not JSON comes from a file.
pub(super) fn line_with_body(spec: &Spec, operation: Operation<'_>, kind: &str, example: &Value) -> String {
    let body = match example {
        Value::String(_) => "-T body".to_owned(),
        other => format!("-d {}", quoted(&other.to_string())),
    };
    let kind = quoted(&format!("Content-Type: {kind}"));
    format!("{} \\\n  -H {kind} \\\n  {body}", line(spec, operation))
}

/// The path with the examples of its parameters.
fn path(spec: &Spec, operation: Operation<'_>) -> String {
    let mut path = operation.path.to_owned();
    for parameter in spec.parameters(operation) {
        if parameter["in"] == "path" {
            let place = format!("{{{}}}", text(parameter, "name"));
            path = path.replace(&place, text(parameter, "example"));
        }
    }
    path
}

/// Whether the response is a stream of events, which curl must not buffer.
fn streams(operation: Operation<'_>) -> bool {
    let content = &operation.value["responses"]["200"]["content"];
    content.get("text/event-stream").is_some()
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}
