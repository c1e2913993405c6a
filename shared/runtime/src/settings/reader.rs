//! Reads typed values from an [`Env`] and collects every error until the end.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::env::Env;
use super::error::{Fault, SettingsError};
use super::rotating_secret::RotatingSecret;
use super::secret::{Secret, SecretSource};

/// Reads settings one by one. For a setting that cannot be used it returns the default, or nothing, and [`Reader::finish`]
/// returns the error.
#[derive(Debug)]
pub struct Reader<'a> {
    env: &'a Env,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    /// Starts reading.
    pub fn new(env: &'a Env) -> Self {
        Self {
            env,
            faults: Vec::new(),
        }
    }

    /// A required setting. `None` means that an error was noted.
    pub fn required<T>(&mut self, name: &str) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        if self.text(name).is_none() {
            self.missing(name);
            return None;
        }
        self.optional(name)
    }

    /// An optional setting.
    pub fn optional<T>(&mut self, name: &str) -> Option<T>
    where
        T: FromStr<Err: Display>,
    {
        let text = self.text(name)?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(error) => {
                self.fault(name, format!("cannot be used: {error}"));
                None
            }
        }
    }

    /// A setting with a default.
    pub fn or<T>(&mut self, name: &str, default: T) -> T
    where
        T: FromStr<Err: Display>,
    {
        self.optional(name).unwrap_or(default)
    }

    /// A number with a default and bounds.
    pub fn within<T>(&mut self, name: &str, default: T, range: RangeInclusive<T>) -> T
    where
        T: FromStr + PartialOrd + Display,
    {
        self.optional_within(name, range).unwrap_or(default)
    }

    /// A number within bounds, if it is set.
    pub fn optional_within<T>(&mut self, name: &str, range: RangeInclusive<T>) -> Option<T>
    where
        T: FromStr + PartialOrd + Display,
    {
        let text = self.text(name)?;
        let value = text.parse().ok().filter(|value| range.contains(value));
        if value.is_none() {
            // The value is not quoted, because it may be a secret in the wrong place.
            let (least, most) = (range.start(), range.end());
            self.fault(name, format!("must be a number from {least} to {most}"));
        }
        value
    }

    /// A duration given as whole milliseconds, with a default and bounds. The name should end in `_MS`.
    pub fn duration_ms(
        &mut self,
        name: &str,
        default: Duration,
        range: RangeInclusive<Duration>,
    ) -> Duration {
        let milliseconds = |duration: &Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let range = milliseconds(range.start())..=milliseconds(range.end());
        Duration::from_millis(self.within(name, milliseconds(&default), range))
    }

    /// The value that belongs to the word. Any other word than those in `choices` is an error.
    pub fn one_of<T: Clone>(&mut self, name: &str, default: T, choices: &[(&str, T)]) -> T {
        let Some(text) = self.text(name) else {
            return default;
        };
        if let Some((_, value)) = choices.iter().find(|(word, _)| *word == text) {
            return value.clone();
        }
        let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
        self.fault(name, format!("must be one of: {}", words.join(", ")));
        default
    }

    /// An optional secret.
    pub fn secret(&mut self, name: &str) -> Option<Secret> {
        let text = self.text(name)?;
        match Secret::parse(text) {
            Ok(secret) => Some(secret),
            Err(problem) => {
                self.fault(name, problem);
                None
            }
        }
    }

    /// An optional secret in `NAME`, or in the file that `NAME_FILE` names, which may be replaced while the process runs.
    pub fn secret_source(&mut self, name: &str) -> Option<SecretSource> {
        let file_name = format!("{name}_FILE");
        let value = self.secret(name).map(SecretSource::Value);
        let file = self.optional::<PathBuf>(&file_name).map(SecretSource::File);
        if self.look_for(name) && file.is_some() {
            self.fault(&file_name, format!("and {name} are both set; keep one"));
            return None;
        }
        let source = value.or(file)?;
        if let Err(error) = source.read() {
            self.fault(&file_name, format!("names a file that cannot be used: {error}"));
        }
        Some(source)
    }

    /// Like [`Reader::secret_source`], but keeps the last value that could be used.
    pub fn rotating_secret(&mut self, name: &str) -> Option<RotatingSecret> {
        let source = self.secret_source(name)?;
        // It was readable a moment ago, or an error was noted.
        RotatingSecret::open(&format!("{name}_FILE"), source).ok()
    }

    /// Looks whether a setting is set. Its name counts as known from now on.
    pub fn look_for(&mut self, name: &str) -> bool {
        self.text(name).is_some()
    }

    /// Notes that a required setting is missing.
    pub fn missing(&mut self, name: &str) {
        self.fault(name, "is not set, but is required");
    }

    /// Notes an error: why the setting cannot be used and how to fix it, without its value if that is secret.
    pub fn fault(&mut self, name: &str, problem: impl Into<String>) {
        let fault = Fault {
            name: name.to_owned(),
            problem: problem.into(),
        };
        if !self.faults.contains(&fault) {
            self.faults.push(fault);
        }
    }

    /// Ends the reading. Returns all errors, or else the result of `build`, which can use `?` on required values.
    pub fn finish<T>(self, build: impl FnOnce() -> Option<T>) -> Result<T, SettingsError> {
        if !self.faults.is_empty() {
            return Err(self.faults.into());
        }
        build().ok_or_else(|| {
            let problem = "a required value is missing without an error; this is a defect of the program";
            vec![Fault {
                name: "settings".to_owned(),
                problem: problem.to_owned(),
            }]
            .into()
        })
    }

    fn text(&mut self, name: &str) -> Option<&'a str> {
        match self.env.lookup(name) {
            Ok(text) => text,
            Err(problem) => {
                self.fault(name, problem);
                None
            }
        }
    }
}
