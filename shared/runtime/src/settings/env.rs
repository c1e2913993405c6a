//! Looks settings up: in the process environment first, then in `.env` files in their order.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use super::env_file;
use super::error::{Fault, SettingsError};
use super::names::{self, Names, Place};
use super::text::{check_visible, trimmed};

/// The value of one name.
#[derive(Clone)]
enum Value {
    Text(String),
    NotUnicode,
}

/// Names and values, read once at start. The process environment is never changed.
///
/// It remembers each name that is looked up, in its copies too. These are the settings that exist, and [`Env::check`] compares
/// the names in the files and in the environment with them.
#[derive(Clone, Default)]
pub struct Env {
    values: BTreeMap<String, Value>,
    /// Each name that was found, with each place where it was found.
    found: Vec<(String, Place)>,
    /// The errors in the files.
    faults: Vec<Fault>,
    asked: Arc<Mutex<BTreeSet<String>>>,
}

impl Env {
    /// Reads the process environment and the files. The environment wins over the files, and earlier files over later ones. A
    /// file may be missing.
    ///
    /// A variable that is set but empty hides the same name in a file, and counts as not set. In a file, `$NAME` stands for
    /// another variable, unless the value is in single quotes. If a name occurs twice, the last value counts.
    /// [`Env::check`] reports the errors in the files.
    pub fn load<P: AsRef<Path>>(files: &[P]) -> Self {
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
        Self {
            values,
            ..Self::default()
        }
    }

    pub(super) fn layered<P: AsRef<Path>>(
        variables: impl IntoIterator<Item = (OsString, OsString)>,
        files: &[P],
    ) -> Self {
        let mut env = Self::default();
        for (name, value) in variables {
            let Ok(name) = name.into_string() else { continue };
            let value = value.into_string().map_or(Value::NotUnicode, Value::Text);
            if let Value::Text(text) = &value
                && names::is_set_by_orchestrator(&name, text)
            {
                continue;
            }
            env.found.push((name.clone(), Place::Environment));
            env.values.insert(name, value);
        }
        for file in files {
            env.add_below(env_file::read(file.as_ref()));
        }
        env
    }

    /// The value of a variable, if it has more than blanks, or why it cannot be used.
    pub(super) fn lookup(&self, name: &str) -> Result<Option<&str>, String> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(name.to_owned());
        drop(asked);
        match self.values.get(name) {
            None => Ok(None),
            Some(Value::NotUnicode) => Err("is not valid UTF-8".to_owned()),
            Some(Value::Text(text)) => {
                let text = trimmed(text);
                check_visible(text).map_err(|fault| fault.to_string())?;
                Ok(Some(text).filter(|text| !text.is_empty()))
            }
        }
    }

    /// The value of a variable, if it has more than blanks and can be used.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.lookup(name).ok().flatten()
    }

    /// A copy in which a variable has this value, for a process that passes settings to its parts.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.values.insert(name.to_owned(), Value::Text(value.to_owned()));
        self
    }

    /// Every name that was looked up so far, here or in a copy.
    pub fn asked(&self) -> BTreeSet<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns the errors in the files, and names that no setting has. Call it after every setting was read.
    pub fn check(&self, names: &Names<'_>) -> Result<(), SettingsError> {
        let mut faults = self.faults.clone();
        faults.extend(names.unknown(&self.found, &self.asked()));
        if faults.is_empty() {
            Ok(())
        } else {
            Err(faults.into())
        }
    }

    fn add_below(&mut self, file: env_file::EnvFile) {
        self.faults.extend(file.faults);
        for entry in file.entries {
            if !entry.is_helper {
                let place = Place::File {
                    path: file.path.clone(),
                    line: entry.line,
                };
                self.found.push((entry.name.clone(), place));
            }
            self.values.entry(entry.name).or_insert(Value::Text(entry.value));
        }
    }
}

/// Shows names only, because values may be secret.
impl fmt::Debug for Env {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.values.keys()).finish()
    }
}
