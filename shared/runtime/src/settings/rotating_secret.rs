//! A secret that may be replaced in its file while the process runs, and the last good value for as long as it cannot be
//! read.

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::secret::{Secret, SecretSource};

/// Clones share what was read last.
#[derive(Clone)]
pub struct RotatingSecret {
    source: SecretSource,
    /// The setting that names the file.
    setting: Arc<str>,
    last: Arc<Mutex<Last>>,
}

struct Last {
    secret: Secret,
    /// Why the file cannot be used now; said in the log once.
    problem: Option<String>,
}

impl RotatingSecret {
    /// Reads the secret for the first time. `setting` is the name under which a problem is reported.
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

    /// The secret as its file has it now; the last one that could be read where the file cannot be used.
    pub fn read(&self) -> Secret {
        self.reload().unwrap_or_else(|| self.last().secret.clone())
    }

    /// The secret as its file has it now, if the file can be used. Why it cannot is logged once.
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

    /// Where it comes from.
    pub fn source(&self) -> &SecretSource {
        &self.source
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<Secret> for RotatingSecret {
    /// One that stays as it is.
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
