//! Shows an operation: its parameters, its bodies, its responses, and command lines for it.

use serde_json::Value;

use super::curl;
use super::schema::words;
use super::spec::{Operation, Spec, examples, items, members, text};
use super::text::{block, code, escape, paragraphs, phrase, pretty, table};

/// The part of a problem's type before its name.
const PROBLEM: &str = "urn:hubsync:problem:";

/// The section of an operation.
pub(super) fn section(spec: &Spec, operation: Operation<'_>) -> String {
    let Operation {
        method, path, value, ..
    } = operation;
    format!(
        "<section id=\"{}\" class=\"operation\">\n<h3><span class=\"method {method}\">{}</span> <code>{}</code></h3>\n\
         <p class=\"summary\">{}</p>\n{}{}{}{}</section>\n",
        operation.id(),
        method.to_uppercase(),
        escape(path),
        phrase(text(value, "summary")),
        paragraphs(text(value, "description")),
        parameters(spec, operation),
        requests(spec, operation),
        responses(spec, operation)
    )
}

fn parameters(spec: &Spec, operation: Operation<'_>) -> String {
    let rows: String = spec.parameters(operation).map(parameter).collect();
    if rows.is_empty() {
        return rows;
    }
    let heads = ["parameter", "in", "value", "example", ""];
    format!(
        "<h4>Parameters</h4>\n{}",
        table(&format!("parameters of {}", operation.id()), &heads, &rows)
    )
}

fn parameter(parameter: &Value) -> String {
    let example = match &parameter["example"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    format!(
        "<tr><th scope=\"row\"><code>{}</code></th><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        escape(text(parameter, "name")),
        escape(text(parameter, "in")),
        words(&parameter["schema"]),
        code(&escape(&example)),
        phrase(text(parameter, "description"))
    )
}

fn requests(spec: &Spec, operation: Operation<'_>) -> String {
    let content = &operation.value["requestBody"]["content"];
    let bodies = members(content).map(|(kind, media)| request(spec, operation, kind, media));
    let bodies: String = bodies.collect();
    if bodies.is_empty() {
        let line = curl::line(spec, operation);
        return format!("<h4>Request</h4>\n{}", block("command line", &line));
    }
    format!("<h4>Request</h4>\n{bodies}")
}

fn request(spec: &Spec, operation: Operation<'_>, kind: &str, media: &Value) -> String {
    let mut shown = format!("<p>{}</p>\n", body(kind, media));
    for (name, example) in examples(media) {
        shown += &named(name);
        let line = curl::line_with_body(spec, operation, kind, example);
        shown += &block("command line", &line);
        if let Value::String(text) = example {
            shown += "<p class=\"quiet\">where <code>body</code> holds</p>\n";
            shown += &block("body", text);
        }
    }
    shown
}

/// A media type and its content.
fn body(kind: &str, media: &Value) -> String {
    let schema = &media["schema"];
    let line = media
        .get("x-lines")
        .map(|line| format!("each line {}", words(line)));
    let events = members(&media["x-events"]);
    let events = events.map(|(name, data)| format!("event {} {}", code(&escape(name)), words(data)));
    let inside: Vec<_> = [words(schema)].into_iter().chain(line).chain(events).collect();
    let description = phrase(text(schema, "description"));
    format!("{}: {}. {description}", code(&escape(kind)), inside.join(", "))
}

fn responses(spec: &Spec, operation: Operation<'_>) -> String {
    let (mut rows, mut shown) = (String::new(), String::new());
    for (status, answer) in members(&operation.value["responses"]) {
        let answer = spec.follow(answer);
        rows += &row(spec, status, answer);
        if status.starts_with('2') {
            shown += &shown_examples(status, answer);
        }
    }
    let heads = ["status", "", "body", "headers"];
    let table = table(&format!("responses of {}", operation.id()), &heads, &rows);
    format!("<h4>Responses</h4>\n{table}{shown}")
}

fn row(spec: &Spec, status: &str, answer: &Value) -> String {
    let bodies = members(&answer["content"]).map(|(kind, media)| match problems(spec, media) {
        problems if problems.is_empty() => body(kind, media),
        problems => problems,
    });
    let headers = members(&answer["headers"]).map(|(name, header)| {
        let description = text(spec.follow(header), "description");
        format!(
            "<span title=\"{}\">{}</span>",
            escape(description),
            code(&escape(name))
        )
    });
    format!(
        "<tr><th scope=\"row\">{status}</th><td>{}</td><td>{}</td><td>{}</td></tr>\n",
        phrase(text(answer, "description")),
        bodies.collect::<Vec<_>>().join("<br>"),
        headers.collect::<Vec<_>>().join(" ")
    )
}

/// Links to the types of problems that a response may have.
fn problems(spec: &Spec, media: &Value) -> String {
    let types = items(&media["schema"]["properties"]["type"]["enum"]);
    let known = |slug: &&str| items(spec.part("x-problems")).any(|problem| problem["slug"] == *slug);
    let slugs = types
        .filter_map(|urn| urn.as_str()?.strip_prefix(PROBLEM))
        .filter(known);
    let links = slugs.map(|slug| format!("<a href=\"#problem-{slug}\"><code>{slug}</code></a>"));
    links.collect::<Vec<_>>().join(", ")
}

fn shown_examples(status: &str, answer: &Value) -> String {
    let mut shown = String::new();
    for (_, media) in members(&answer["content"]) {
        for (name, example) in examples(media) {
            shown += &named(name);
            shown += &block(&format!("example of {status}"), &pretty(example));
        }
    }
    shown
}

fn named(name: &str) -> String {
    if name.is_empty() {
        return String::new();
    }
    format!("<p class=\"quiet\">{}</p>\n", phrase(name))
}
