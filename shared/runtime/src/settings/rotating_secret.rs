//! A secret that may be replaced in its file while the process runs. While the file cannot be read, the last good value is used.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::secret::{Secret, SecretSource};

/// A secret that may be replaced in its file. Clones share the last value.
#[derive(Clone)]
pub struct RotatingSecret {
    source: SecretSource,
    /// The setting that names the file.
    setting: Arc<str>,
    last: Arc<Mutex<Last>>,
}

struct Last {
    secret: Secret,
    /// Why the file cannot be used now. It is logged once.
    problem: Option<String>,
}

impl RotatingSecret {
    /// Reads the secret for the first time. `setting` is the name of the setting, for the log.
    pub fn open(setting: &str, source: SecretSource) -> io::Result<Self> {
        let secret = source.read()?;
        Ok(Self {
            source,
            setting: setting.into(),
            last: Arc::new(Mutex::new(Last {
                secret,
                problem: None,
            })),
        })
    }

    /// The secret that the file has now, or the last good value if the file cannot be used.
    pub fn read(&self) -> Secret {
        self.reload().unwrap_or_else(|| self.last().secret.clone())
    }

    /// Reads the file again and returns its secret, or none if the file cannot be used. The reason is logged once.
    pub fn reload(&self) -> Option<Secret> {
        let read = self.source.read();
        let mut last = self.last();
        let setting = &*self.setting;
        match read {
            Ok(secret) => {
                if last.problem.take().is_some() {
                    tracing::info!(setting, "the secret's file can be used again");
                }
                last.secret = secret.clone();
                Some(secret)
            }
            Err(error) => {
                let problem = error.to_string();
                if last.problem.as_ref() != Some(&problem) {
                    tracing::warn!(
                        setting,
                        problem,
                        "the secret's file cannot be used; the last good value is used"
                    );
                    last.problem = Some(problem);
                }
                None
            }
        }
    }

    /// The source of the secret.
    pub fn source(&self) -> &SecretSource {
        &self.source
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Secret> for RotatingSecret {
    /// A secret that never changes.
    fn from(secret: Secret) -> Self {
        Self {
            source: SecretSource::Value(secret.clone()),
            setting: "".into(),
            last: Arc::new(Mutex::new(Last {
                secret,
                problem: None,
            })),
        }
    }
}

impl fmt::Debug for RotatingSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("[secret]")
    }
}
