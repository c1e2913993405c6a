//! Values that must not reach a log, and where they come from.

use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use secrecy::{ExposeSecret, SecretString};

/// A value that does not print and is wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// The value itself, for the one place that must send it.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl From<&str> for Secret {
    fn from(value: &str) -> Self {
        Self(SecretString::from(value))
    }
}

impl From<String> for Secret {
    fn from(value: String) -> Self {
        Self(SecretString::from(value))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}

/// Where a secret comes from; a file may be replaced while the process runs, and is then read again.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// Given in the environment, and fixed.
    Value(Secret),
    /// Kept in a file, without its surrounding white space.
    File(PathBuf),
}

impl SecretSource {
    /// The secret as it is now.
    pub fn read(&self) -> io::Result<Secret> {
        match self {
            Self::Value(secret) => Ok(secret.clone()),
            Self::File(path) => read_secret(path),
        }
    }
}

fn read_secret(path: &Path) -> io::Result<Secret> {
    let text = fs::read_to_string(path)?;
    let value = text.trim();
    if value.is_empty() {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "the file is empty"));
    }
    Ok(Secret::from(value))
}
