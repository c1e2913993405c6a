//! Turns text into HTML.

use serde_json::Value;

/// Escapes characters that have a meaning in HTML.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Text in which backticks mark code.
pub(super) fn phrase(text: &str) -> String {
    let mut is_code = false;
    let pieces = text.split('`').map(|piece| {
        let piece = escape(piece);
        let shown = if is_code { code(&piece) } else { piece };
        is_code = !is_code;
        shown
    });
    pieces.collect()
}

/// Paragraphs that are separated by empty lines.
pub(super) fn paragraphs(text: &str) -> String {
    let paragraphs = text.split("\n\n").filter(|paragraph| !paragraph.is_empty());
    let shown = paragraphs.map(|paragraph| format!("<p>{}</p>\n", phrase(paragraph)));
    shown.collect()
}

/// Marks text as code. The text has to be escaped already.
pub(super) fn code(escaped: &str) -> String {
    format!("<code>{escaped}</code>")
}

/// A block of code. It can be reached by keyboard, since a reader may have to scroll it.
pub(super) fn block(label: &str, text: &str) -> String {
    format!(
        "<pre tabindex=\"0\" role=\"region\" aria-label=\"{}\"><code>{}</code></pre>\n",
        escape(label),
        escape(text)
    )
}

/// An example: text unchanged, anything else as JSON.
pub(super) fn pretty(example: &Value) -> String {
    match example {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).expect("a value serializes"),
    }
}

/// A table that can be scrolled sideways.
pub(super) fn table(label: &str, heads: &[&str], rows: &str) -> String {
    let label = escape(label);
    let heads = heads.iter().map(|head| format!("<th scope=\"col\">{head}</th>"));
    let heads: String = heads.collect();
    format!(
        "<div class=\"wide\" tabindex=\"0\" role=\"region\" aria-label=\"{label}\"><table>\n\
         <thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody>\n</table></div>\n"
    )
}
