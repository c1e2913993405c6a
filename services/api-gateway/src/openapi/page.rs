//! Renders the page: all operations in groups, then problems and schemas. It has no script, so the browser's own search,
//! history and printing work as usual.

mod curl;
mod operation;
mod schema;
mod spec;
mod text;

use spec::{Operation, Spec, items, members, text};
use text::{escape, paragraphs, phrase, table};

pub(super) use curl::ADDRESS;

/// The whole page for a document.
pub(super) fn render(document: &str) -> String {
    let spec = &Spec::read(document);
    let info = spec.part("info");
    let title = escape(text(info, "title"));
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n\
         <link rel=\"stylesheet\" href=\"/docs/docs.css\">\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#content\">Skip to the content</a>\n\
         <header><h1>{title} <small>{}</small></h1>\n\
         <p><a href=\"/\">Console</a> <a href=\"/openapi.json\">OpenAPI document</a></p></header>\n\
         <div class=\"columns\">\n{}<main id=\"content\">\n<p class=\"summary\">{}</p>\n{}{}{}{}</main>\n</div>\n</body>\n</html>\n",
        escape(text(info, "version")),
        contents(spec),
        phrase(text(info, "summary")),
        paragraphs(text(info, "description")),
        groups(spec),
        problems(spec),
        schemas(spec)
    )
}

fn contents(spec: &Spec) -> String {
    let groups = items(spec.part("tags")).map(|tag| {
        let name = text(tag, "name");
        let entries: String = operations_of(spec, name).map(entry).collect();
        format!("<li><a href=\"#{name}\">{name}</a>\n<ul>\n{entries}</ul></li>\n")
    });
    let groups: String = groups.collect();
    format!(
        "<nav aria-label=\"Contents\"><ul>\n{groups}<li><a href=\"#problems\">Problems</a></li>\n\
         <li><a href=\"#schemas\">Schemas</a></li>\n</ul></nav>\n"
    )
}

fn entry(operation: Operation<'_>) -> String {
    let summary = phrase(text(operation.value, "summary"));
    format!("<li><a href=\"#{}\">{summary}</a></li>\n", operation.id())
}

fn operations_of<'a>(spec: &'a Spec, tag: &'a str) -> impl Iterator<Item = Operation<'a>> {
    spec.operations()
        .filter(move |operation| items(&operation.value["tags"]).any(|name| name == tag))
}

fn groups(spec: &Spec) -> String {
    let groups = items(spec.part("tags")).map(|tag| {
        let name = text(tag, "name");
        let description = phrase(text(tag, "description"));
        let operations: String = operations_of(spec, name)
            .map(|operation| operation::section(spec, operation))
            .collect();
        format!("<h2 id=\"{name}\">{name}</h2>\n<p>{description}</p>\n{operations}")
    });
    groups.collect()
}

fn problems(spec: &Spec) -> String {
    let rows = items(spec.part("x-problems")).map(|problem| {
        let slug = text(problem, "slug");
        format!(
            "<tr id=\"problem-{slug}\"><th scope=\"row\">{}</th><td><code>{slug}</code></td><td>{}</td><td>{}</td></tr>\n",
            problem["status"],
            escape(text(problem, "title")),
            phrase(text(problem, "fix"))
        )
    });
    let rows: String = rows.collect();
    let heads = ["status", "type", "title", "what to do"];
    format!(
        "<h2 id=\"problems\">Problems</h2>\n<p>The <code>type</code> of a problem document is \
         <code>urn:hubsync:problem:</code> followed by one of these names, which never change.</p>\n{}",
        table("types of problems", &heads, &rows)
    )
}

fn schemas(spec: &Spec) -> String {
    let schemas = members(&spec.part("components")["schemas"]);
    let sections: String = schemas
        .map(|(name, value)| schema::section(name, value))
        .collect();
    format!("<h2 id=\"schemas\">Schemas</h2>\n{sections}")
}
