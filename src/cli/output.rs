//! Answers, for people as tables and for scripts as JSON.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use runtime::one_line;
use serde_json::Value;

/// How answers are printed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// As JSON.
    pub(crate) json: bool,
}

impl Output {
    /// Prints a document as it is, or what it says to people.
    pub(crate) fn print(self, document: &Value, text: impl FnOnce() -> String) -> io::Result<()> {
        let text = if self.json { document.to_string() } else { text() };
        print_raw(&format!("{}\n", text.trim_end()))
    }
}

/// Prints a part, unless nobody reads any more: that is an error, so that no more is done for nobody.
pub(crate) fn print_part(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())
}

/// Prints text as it is, to the end of what there is to say.
pub(crate) fn print_raw(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        // Whoever reads has seen enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// Rows under a head, as wide as the terminal.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let mut table = bare();
    table.set_header(head);
    for row in rows {
        table.add_row(row);
    }
    trimmed(&table)
}

/// Names and what is to be said of each.
pub(crate) fn list<'a>(entries: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut table = bare();
    for (name, value) in entries {
        table.add_row([name.to_owned(), value]);
    }
    trimmed(&table)
}

fn bare() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn trimmed(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned() + "\n")
        .collect()
}

/// A text of a document for people, without quotes; empty where there is none. Names and messages may hold anything, so what
/// would begin a line or steer the terminal is escaped.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => one_line(text).into_owned(),
        other => one_line(&other.to_string()).into_owned(),
    }
}

/// A reason in HubSpot's words, with what its support asks for.
pub(crate) fn reason(reason: &Value) -> String {
    if reason.is_null() {
        return String::new();
    }
    let mut words = text(&reason["code"]);
    let (message, id) = (text(&reason["message"]), text(&reason["correlationId"]));
    if !message.is_empty() {
        words = format!("{words}: {message}");
    }
    if !id.is_empty() {
        words = format!("{words} (HubSpot's correlation id {id})");
    }
    words
}

/// So many users.
pub(crate) fn users(count: u64) -> String {
    let word = if count == 1 { "user" } else { "users" };
    format!("{count} {word}")
}

/// So many milliseconds, in the unit that says the most.
pub(crate) fn age(ms: u64) -> String {
    match ms / 1_000 {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reason_is_told_as_far_as_it_is_known() {
        for (given, told) in [
            (Value::Null, ""),
            (json!({ "code": "TIMED_OUT" }), "TIMED_OUT"),
            (
                json!({ "code": "A", "message": "no", "correlationId": "d8" }),
                "A: no (HubSpot's correlation id d8)",
            ),
        ] {
            assert_eq!(reason(&given), told);
        }
    }

    #[test]
    fn a_text_stays_in_its_place_whatever_is_in_it() {
        let evil = "Ada\r\n7  refused\u{1b}[2J\u{202e}\u{2028}x\ty";
        let rows = [[text(&json!(evil)), text(&json!({ "a": [evil] }))]];
        let shown = table(["A", "B"], rows);
        // The head and one row.
        assert_eq!(shown.lines().count(), 2, "{shown}");
        assert!(
            !shown
                .trim_end()
                .chars()
                .any(|char| char != '\n' && char.is_control()),
            "{shown:?}"
        );
        assert!(!shown.contains(['\u{202e}', '\u{2028}']), "{shown:?}");
        assert_eq!(reason(&json!({ "code": "A", "message": "a\nb" })), "A: a\\nb");
    }
}
