//! Reads text from files and variables with limits, and rejects invisible characters.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

/// Reads the text of a file without its byte order mark. The error describes the kind of file and quotes none of its content.
pub(super) fn read_text(path: &Path, max_bytes: u64) -> io::Result<String> {
    let invalid = |problem: &str| io::Error::new(io::ErrorKind::InvalidData, problem);
    // Checked before it is opened, because opening a pipe would wait for a writer.
    let metadata = fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(invalid("it is a directory, and a file is needed"));
    }
    if !metadata.is_file() {
        return Err(invalid(
            "it is not a regular file, and it has to be one that can be read again",
        ));
    }
    let mut bytes = Vec::new();
    File::open(path)?.take(max_bytes + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(invalid(&format!("it is larger than {max_bytes} bytes")));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(invalid(
            "it is in UTF-16, as Windows writes it by default; save it as UTF-8",
        ));
    }
    let text = String::from_utf8(bytes).map_err(|_| invalid("it is not in UTF-8; save it as UTF-8"))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// A character that cannot belong to the value. The message gives its code, because the character is invisible or looks like
/// another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum TextFault {
    #[error("holds {what} (U+{code:04X}) as its character {position}; type the value again")]
    Invisible {
        what: &'static str,
        code: u32,
        /// The position of the character, counted from 1.
        position: usize,
    },
    #[error("is in curly quotes, which a word processor makes; leave the quotes out")]
    CurlyQuotes,
    #[error("is in quotes that belong to the value here; leave the quotes out")]
    Quotes,
    #[error("begins with `Bearer `; give the token alone")]
    Bearer,
    #[error("begins with a name and `=`; give the value alone")]
    Assignment,
    #[error("is a placeholder; put the real value in its place, or leave the setting out")]
    Placeholder,
}

/// The text without the white space and the byte order mark around it.
pub(super) fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')
}

/// Rejects invisible characters, and curly quotes around the text.
pub(super) fn check_visible(text: &str) -> Result<(), TextFault> {
    const CURLY: [char; 8] = [
        '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}', '\u{201c}', '\u{201d}', '\u{201e}', '\u{201f}',
    ];
    for (index, character) in text.chars().enumerate() {
        if let Some(what) = invisible(character) {
            return Err(TextFault::Invisible {
                what,
                code: u32::from(character),
                position: index + 1,
            });
        }
    }
    if text.starts_with(CURLY) || text.ends_with(CURLY) {
        return Err(TextFault::CurlyQuotes);
    }
    Ok(())
}

/// The secret without the white space and the byte order mark around it, or why the text cannot be a secret.
pub(super) fn clean_secret(text: &str) -> Result<&str, TextFault> {
    let text = trimmed(text);
    check_visible(text)?;
    let is_quote = |c: Option<char>| matches!(c, Some('"' | '\''));
    if text.len() > 1 && is_quote(text.chars().next()) && text.chars().next() == text.chars().last() {
        return Err(TextFault::Quotes);
    }
    if text
        .get(..7)
        .is_some_and(|start| start.eq_ignore_ascii_case("bearer "))
    {
        return Err(TextFault::Bearer);
    }
    // `NAME_OF_A_VARIABLE=value`, as in an .env file.
    if let Some((name, _)) = text.split_once('=')
        && name.contains('_')
        && name.chars().all(|c| c.is_ascii_uppercase() || c == '_')
    {
        return Err(TextFault::Assignment);
    }
    if is_placeholder(text) {
        return Err(TextFault::Placeholder);
    }
    Ok(text)
}

/// Whether the text is a placeholder as examples and documents have it, ours included.
fn is_placeholder(text: &str) -> bool {
    let lower = text.to_lowercase();
    lower.starts_with("your-")
        || lower.starts_with("your_")
        || lower == "choose-a-long-random-token"
        || (lower.starts_with('<') && lower.ends_with('>'))
}

fn invisible(character: char) -> Option<&'static str> {
    match character {
        ' ' => None,
        '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => Some("a line break"),
        '\u{feff}' => Some("a byte order mark"),
        '\u{200b}'..='\u{200d}' | '\u{2060}' => Some("a zero width character"),
        c if c.is_control() => Some("a control character"),
        c if c.is_whitespace() => Some("a blank that is no ordinary space"),
        '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'
        | '\u{1160}'
        | '\u{17b4}'
        | '\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200e}'
        | '\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2061}'..='\u{206f}'
        | '\u{2800}'
        | '\u{3164}'
        | '\u{fe00}'..='\u{fe0f}'
        | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e0fff}' => Some("an invisible character"),
        _ => None,
    }
}
