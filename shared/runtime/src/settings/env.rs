//! Where settings are looked up: the process environment first, then `.env` files in the order given.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::{fmt, fs, io};

use super::error::{Fault, SettingsError};

/// What stands in the environment under one name.
#[derive(Clone)]
enum Value {
    Text(String),
    NotUnicode,
}

/// Names and values, read once at start; the process environment itself is never changed.
#[derive(Clone, Default)]
pub struct Env {
    values: BTreeMap<String, Value>,
}

impl Env {
    /// Reads the process environment over the files, of which earlier ones win. A file may be missing.
    ///
    /// A variable that is set but empty hides the same name in a file, and counts as not set. In a file, `$NAME`
    /// stands for another variable, unless the value is in single quotes.
    pub fn load<P: AsRef<Path>>(files: &[P]) -> Result<Self, SettingsError> {
        Self::layered(std::env::vars_os(), files)
    }

    /// Takes these names and values and nothing else, for tests.
    pub fn from_pairs<K, V>(pairs: impl IntoIterator<Item = (K, V)>) -> Self
    where
        K: Into<String>,
        V: Into<String>,
    {
        let values = pairs
            .into_iter()
            .map(|(name, value)| (name.into(), Value::Text(value.into())))
            .collect();
        Self { values }
    }

    pub(super) fn layered<P: AsRef<Path>>(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        files: &[P],
    ) -> Result<Self, SettingsError> {
        let mut env = Self::default();
        for (name, value) in variables {
            let Ok(name) = name.into_string() else { continue };
            env.values
                .insert(name, value.into_string().map_or(Value::NotUnicode, Value::Text));
        }
        let mut faults = Vec::new();
        for file in files {
            match read_file(file.as_ref()) {
                Ok(pairs) => env.add_below(pairs),
                Err(fault) => faults.push(fault),
            }
        }
        if faults.is_empty() {
            Ok(env)
        } else {
            Err(faults.into())
        }
    }

    /// The value of a variable, if it is set to anything but blanks. `Err` when it is not valid Unicode.
    pub(super) fn lookup(&self, name: &str) -> Result<Option<&str>, &'static str> {
        match self.values.get(name) {
            None => Ok(None),
            Some(Value::NotUnicode) => Err("is not valid UTF-8"),
            Some(Value::Text(text)) => Ok(Some(text.trim()).filter(|text| !text.is_empty())),
        }
    }

    /// The value of a variable, if it is set to anything but blanks.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.lookup(name).ok().flatten()
    }

    /// A copy in which a variable has this value, as when one process hands settings to its parts.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.values.insert(name.to_owned(), Value::Text(value.to_owned()));
        self
    }

    fn add_below(&mut self, pairs: Vec<(String, String)>) {
        for (name, value) in pairs {
            self.values.entry(name).or_insert(Value::Text(value));
        }
    }
}

/// Names only: values may be secret.
impl fmt::Debug for Env {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.values.keys()).finish()
    }
}

fn read_file(path: &Path) -> Result<Vec<(String, String)>, Fault> {
    let fault = |problem: String| Fault {
        name: path.display().to_string(),
        problem,
    };
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(fault(format!("cannot be read: {error}"))),
    };
    let text = text.trim_start_matches('\u{feff}');
    let mut pairs = Vec::new();
    for item in dotenvy::from_read_iter(text.as_bytes()) {
        match item {
            Ok((name, value)) => add_last_wins(&mut pairs, name, value),
            Err(error) => return Err(fault(describe(&error, text))),
        }
    }
    Ok(pairs)
}

/// Within one file a repeated name counts where it stands last, as a shell reading the file would have it.
fn add_last_wins(pairs: &mut Vec<(String, String)>, name: String, value: String) {
    pairs.retain(|(earlier, _)| *earlier != name);
    pairs.push((name, value));
}

/// The error of the parser quotes the line, which may hold a secret; its number is enough.
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
