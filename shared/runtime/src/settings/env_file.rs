//! Reads one `.env` file: its names and values, and an error for every line that cannot be used, without its content.

use std::path::Path;

use super::error::Fault;
use super::text::read_text;

/// A larger file is rejected. Settings need far less.
const MAX_BYTES: u64 = 1024 * 1024;

/// The content of a file.
#[derive(Default)]
pub(super) struct EnvFile {
    pub(super) path: String,
    pub(super) entries: Vec<Entry>,
    pub(super) faults: Vec<Fault>,
}

/// A name with its value.
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) value: String,
    /// The line of the name, counted from 1.
    pub(super) line: usize,
    /// Whether a value in the same file refers to it as `$name`. It need not be a setting then.
    pub(super) is_helper: bool,
}

/// Reads a file. A file that does not exist counts as empty.
pub(super) fn read(path: &Path) -> EnvFile {
    let mut file = EnvFile {
        path: path.display().to_string(),
        ..EnvFile::default()
    };
    match read_text(path, MAX_BYTES) {
        // Without this, the parser would take blanks at the end of the file for another line.
        Ok(text) => file.parse(&format!("{}\n", text.trim_end())),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => file.fault(format!("cannot be read: {error}")),
    }
    file
}

impl EnvFile {
    fn parse(&mut self, text: &str) {
        for item in dotenvy::from_read_iter(text.as_bytes()) {
            match item {
                Ok((name, value)) => self.add(text, name, value),
                Err(error) => self.fault(describe(&error, text)),
            }
        }
        self.find_lost_dollars(text);
    }

    /// Adds a name and its value. If the name is repeated, the last value counts, as in a shell.
    fn add(&mut self, text: &str, name: String, value: String) {
        self.entries.retain(|entry| entry.name != name);
        let lines = text.lines().enumerate();
        let named = lines.filter(|(_, line)| name_of(line) == Some(&name));
        self.entries.push(Entry {
            line: named.last().map_or(0, |(index, _)| index + 1),
            is_helper: text.contains(&format!("${name}")) || text.contains(&format!("${{{name}}}")),
            name,
            value,
        });
    }

    /// Reports each `$name` that is not set. The parser replaces it by nothing, which would silently shorten a secret.
    fn find_lost_dollars(&mut self, text: &str) {
        for (index, line) in text.lines().enumerate() {
            if name_of(line).is_none() {
                continue;
            }
            let is_set = |name: &str| {
                std::env::var_os(name).is_some() || self.entries.iter().any(|entry| entry.name == name)
            };
            if referred_to(line).iter().any(|name| !is_set(name)) {
                self.fault(format!(
                    "line {}: a $ stands for another variable, and that one is not set; put a value that holds a $ in \
                     single quotes",
                    index + 1
                ));
            }
        }
    }

    fn fault(&mut self, problem: String) {
        self.faults.push(Fault {
            name: self.path.clone(),
            problem,
        });
    }
}

/// The name in a line such as `NAME=value`.
fn name_of(line: &str) -> Option<&str> {
    let line = line.trim_start();
    let (name, _) = line.split_once('=')?;
    let name = name.strip_prefix("export ").unwrap_or(name).trim();
    (!name.starts_with('#')).then_some(name)
}

/// The names that the value in this line refers to, by the parser's rule: letters and digits after a `$`, or anything in
/// braces.
fn referred_to(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut in_single_quotes = false;
    let mut before = ' ';
    let mut characters = line.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\'' if before != '\\' => in_single_quotes = !in_single_quotes,
            '#' if before == ' ' && !in_single_quotes => break,
            '$' if before != '\\' && !in_single_quotes => {
                let in_braces = characters.next_if_eq(&'{').is_some();
                let mut name = String::new();
                let is_part = |c: &char| if in_braces { *c != '}' } else { c.is_alphanumeric() };
                while let Some(part) = characters.next_if(is_part) {
                    name.push(part);
                }
                names.push(name);
            }
            _ => {}
        }
        before = character;
    }
    names
}

/// Describes an error of the parser by the number of the line, because the parser's message quotes the line, which may contain a
/// secret.
fn describe(error: &dotenvy::Error, text: &str) -> String {
    let dotenvy::Error::LineParse(line, _) = error else {
        return "cannot be read".to_owned();
    };
    let number = text
        .find(line.trim_end())
        .map(|at| text[..at].matches('\n').count() + 1);
    let place = number.map_or_else(|| "one line".to_owned(), |number| format!("line {number}"));
    format!("{place} is not NAME=value (put a value with blanks, quotes or # in single quotes)")
}
