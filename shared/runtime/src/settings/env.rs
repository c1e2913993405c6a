//! Where settings are looked up: the process environment first, then `.env` files in the order given.

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

/// Names and values, read once at start; the process environment itself is never changed.
///
/// It remembers each name that is looked up, in copies of it too: these are the settings that exist, and what
/// [`Env::check`] measures the names in the files and in the environment by.
#[derive(Clone, Default)]
pub struct Env {
    values: BTreeMap<String, Value>,
    /// Each name that was found, with each place it was found in.
    found: Vec<(String, Place)>,
    /// What is wrong with the files.
    faults: Vec<Fault>,
    asked: Arc<Mutex<BTreeSet<String>>>,
}

impl Env {
    /// Reads the process environment over the files, of which earlier ones win. A file may be missing.
    ///
    /// A variable that is set but empty hides the same name in a file, and counts as not set. In a file, `$NAME`
    /// stands for another variable, unless the value is in single quotes, and of a name that occurs twice the last
    /// value counts. What is wrong with a file is reported by [`Env::check`].
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
                && names::is_of_an_orchestrator(&name, text)
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

    /// The value of a variable, if it is set to anything but blanks; or why it cannot be used.
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

    /// The value of a variable, if it is set to anything but blanks and can be used.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.lookup(name).ok().flatten()
    }

    /// A copy in which a variable has this value, as when one process hands settings to its parts.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.values.insert(name.to_owned(), Value::Text(value.to_owned()));
        self
    }

    /// Every name that was looked up so far, here or in a copy.
    pub fn asked(&self) -> BTreeSet<String> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Reports what is wrong with the files, and names that no setting has. To be called after every setting was read.
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

/// Names only: values may be secret.
impl fmt::Debug for Env {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.values.keys()).finish()
    }
}
