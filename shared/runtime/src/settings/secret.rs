//! Secret values, which must never be logged, and their sources.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use secrecy::{ExposeSecret, SecretString};

use super::text::{clean_secret, read_text};

/// A larger file is rejected. Tokens and passwords are far shorter.
const MAX_BYTES: u64 = 64 * 1024;

/// A value that does not print and is wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Parses a secret as people paste it: white space and a byte order mark around it are dropped, and characters that cannot
    /// belong to it are rejected. The error names the character and its position, and no other part of the value.
    pub fn parse(text: &str) -> Result<Self, String> {
        clean_secret(text)
            .map(Self::from)
            .map_err(|fault| fault.to_string())
    }

    /// The value itself, for the code that has to send it.
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

/// The source of a secret. A file may be replaced while the process runs, and is then read again.
#[derive(Debug, Clone)]
pub enum SecretSource {
    /// A fixed value from the environment.
    Value(Secret),
    /// A file. White space around the secret is ignored.
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
    let invalid = |problem: String| io::Error::new(io::ErrorKind::InvalidData, problem);
    let text = read_text(path, MAX_BYTES)?;
    let secret = Secret::parse(&text).map_err(|problem| invalid(format!("what it holds {problem}")))?;
    if secret.expose().is_empty() {
        return Err(invalid("the file is empty".to_owned()));
    }
    Ok(secret)
}
