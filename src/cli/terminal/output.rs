//! Prints answers: text and tables for people, JSON for scripts.

use std::io::{self, Write};

use comfy_table::{ContentArrangement, Table, presets};
use runtime::one_line;
use serde_json::Value;

/// Printed after a list that was cut off by `--limit`.
pub(crate) const MORE_ARE_LISTED_BY_LIMIT: &str = "There are more. Use --limit to list them.";

/// The format in which a command prints its answer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    /// Whether to print JSON instead of text.
    pub(crate) json: bool,
}

impl Output {
    /// Prints the document as JSON, or else the text for people.
    pub(crate) fn print(self, document: &Value, text: impl FnOnce() -> String) -> io::Result<()> {
        let text = if self.json { document.to_string() } else { text() };
        print(&format!("{}\n", text.trim_end()))
    }
}

/// Prints text before the command has finished. A closed pipe is an error here, so that a command stops once the reader of
/// its output has ended.
pub(crate) fn print_part(text: &str) -> io::Result<()> {
    io::stdout().write_all(text.as_bytes())
}

/// Prints the last text of a command.
pub(crate) fn print(text: &str) -> io::Result<()> {
    match io::stdout().write_all(text.as_bytes()) {
        // The reader has ended, as in `hubsync problems | head`. The command has done its work, so this is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// Formats rows under a header, as wide as the terminal.
pub(crate) fn table<const N: usize>(
    header: [&str; N],
    rows: impl IntoIterator<Item = [String; N]>,
) -> String {
    let mut table = table_without_borders();
    table.set_header(header);
    for row in rows {
        table.add_row(row);
    }
    to_trimmed_lines(&table)
}

/// Formats names and their values, one pair per line.
pub(crate) fn definitions<'a>(entries: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut table = table_without_borders();
    for (name, value) in entries {
        table.add_row([name.to_owned(), value]);
    }
    to_trimmed_lines(&table)
}

fn table_without_borders() -> Table {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn to_trimmed_lines(table: &Table) -> String {
    table
        .lines()
        .map(|line| line.strip_prefix(' ').unwrap_or(&line).trim_end().to_owned() + "\n")
        .collect()
}

/// Formats a JSON value for people: strings without quotes, null as nothing. Line breaks and control characters are
/// escaped, because names and messages come from outside and must not break a table or control the terminal.
pub(crate) fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => one_line(text).into_owned(),
        other => one_line(&other.to_string()).into_owned(),
    }
}

/// Formats a reason: HubSpot's code and message, and the correlation id that HubSpot's support asks for.
pub(crate) fn format_reason(reason: &Value) -> String {
    if reason.is_null() {
        return String::new();
    }
    let mut formatted = text(&reason["code"]);
    let (message, correlation_id) = (text(&reason["message"]), text(&reason["correlationId"]));
    if !message.is_empty() {
        formatted = format!("{formatted}: {message}");
    }
    if !correlation_id.is_empty() {
        formatted = format!("{formatted} (HubSpot's correlation id {correlation_id})");
    }
    formatted
}

/// Formats a number of users: "1 user", "2 users".
pub(crate) fn format_users(count: u64) -> String {
    let noun = if count == 1 { "user" } else { "users" };
    format!("{count} {noun}")
}

/// Formats milliseconds in the largest unit that keeps at least two of it.
pub(crate) fn format_age(ms: u64) -> String {
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
    fn a_reason_is_printed_with_the_parts_it_has() {
        for (given, printed) in [
            (Value::Null, ""),
            (json!({ "code": "TIMED_OUT" }), "TIMED_OUT"),
            (
                json!({ "code": "A", "message": "no", "correlationId": "d8" }),
                "A: no (HubSpot's correlation id d8)",
            ),
        ] {
            assert_eq!(format_reason(&given), printed);
        }
    }

    #[test]
    fn control_characters_cannot_break_a_table() {
        let evil = "Ada\r\n7  rejected\u{1b}[2J\u{202e}\u{2028}x\ty";
        let rows = [[text(&json!(evil)), text(&json!({ "a": [evil] }))]];
        let shown = table(["A", "B"], rows);
        // The header and one row.
        assert_eq!(shown.lines().count(), 2, "{shown}");
        assert!(
            !shown
                .trim_end()
                .chars()
                .any(|char| char != '\n' && char.is_control()),
            "{shown:?}"
        );
        assert!(!shown.contains(['\u{202e}', '\u{2028}']), "{shown:?}");
        assert_eq!(
            format_reason(&json!({ "code": "A", "message": "a\nb" })),
            "A: a\\nb"
        );
    }
}
