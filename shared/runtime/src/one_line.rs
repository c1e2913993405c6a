//! Escapes text of other programs, so that it can be printed for people: it stays on one line and cannot control a terminal.

use std::borrow::Cow;
use std::fmt::Write;

/// Escapes every character that starts a line, controls a terminal or changes the order in which text is shown. Names in any
/// script, with their joiners, stay as they are.
pub fn one_line(text: &str) -> Cow<'_, str> {
    if text.chars().any(is_unsafe) {
        Cow::Owned(escape(text, is_unsafe))
    } else {
        Cow::Borrowed(text)
    }
}

/// Escapes a record of the log. Only its last character may be a line break. Its colours are kept, if it has any.
pub(crate) fn one_record(record: &str, has_colours: bool) -> String {
    let (text, end) = match record.strip_suffix('\n') {
        Some(text) => (text, "\n"),
        None => (record, ""),
    };
    escape(text, |char| is_unsafe(char) && !(has_colours && char == '\u{1b}')) + end
}

/// Escapes characters as JSON does, so that a record in JSON keeps its meaning.
fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\n' if is_escaped(char) => escaped.push_str("\\n"),
            '\r' if is_escaped(char) => escaped.push_str("\\r"),
            '\t' if is_escaped(char) => escaped.push_str("\\t"),
            _ if is_escaped(char) => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    write!(escaped, "\\u{unit:04x}").expect("a string takes it");
                }
            }
            _ => escaped.push(char),
        }
    }
    escaped
}

fn is_unsafe(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            // Line and paragraph separators.
            '\u{2028}' | '\u{2029}'
            // Marks and controls of direction, which can change the order in which text is shown.
            | '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Characters without width, except the joiners that names need, and tags, which nobody sees.
            | '\u{ad}' | '\u{200b}' | '\u{2060}'..='\u{2064}' | '\u{e0000}'..='\u{e007f}'
            // Annotations, which terminals may hide, and the byte order mark, which they do.
            | '\u{fff9}'..='\u{fffb}' | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_a_line_or_steers_a_terminal_is_escaped() {
        for (text, shown) in [
            ("a\nb\r\nc\td", "a\\nb\\r\\nc\\td"),
            ("\u{1b}[2J\u{1b}]0;x\u{7}", "\\u001b[2J\\u001b]0;x\\u0007"),
            ("\u{9b}31m\u{85}\0\u{7f}", "\\u009b31m\\u0085\\u0000\\u007f"),
            ("a\u{2028}b\u{2029}c", "a\\u2028b\\u2029c"),
            (
                "\u{202e}moc\u{2066}x\u{2069}\u{200f}",
                "\\u202emoc\\u2066x\\u2069\\u200f",
            ),
            ("\u{feff}1", "\\ufeff1"),
            ("A\u{200b}d\u{2060}a\u{ad}", "A\\u200bd\\u2060a\\u00ad"),
            ("a\u{e0041}", "a\\udb40\\udc41"),
        ] {
            assert_eq!(one_line(text), shown, "{text:?}");
        }
    }

    #[test]
    fn names_stay_as_they_are() {
        for text in [
            "",
            "Zoë",
            "李小龍",
            "می‌خواهم",
            "👩‍👩‍👧",
            "O'Neil \\ \"x\"",
            "a\u{a0}b",
        ] {
            assert!(
                matches!(one_line(text), Cow::Borrowed(same) if same == text),
                "{text}"
            );
        }
    }

    #[test]
    fn a_record_ends_with_its_only_line_break_and_keeps_its_own_colours() {
        assert_eq!(one_record("a\nINFO b\u{2028}c\n", false), "a\\nINFO b\\u2028c\n");
        assert_eq!(one_record("\u{1b}[2ma\u{1b}[0m\n", true), "\u{1b}[2ma\u{1b}[0m\n");
        assert_eq!(one_record("\u{1b}[2ma\n", false), "\\u001b[2ma\n");
    }
}
