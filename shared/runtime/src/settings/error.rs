//! Errors in settings, with messages that say how to fix them.

use std::fmt;

use crate::one_line;

/// One setting that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The variable or the file.
    pub name: String,
    /// Why it cannot be used and how to fix it. It quotes no part of the value that may be secret.
    pub problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.name, self.problem)
    }
}

/// Everything that is wrong with the settings of a process.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct SettingsError {
    faults: Vec<Fault>,
}

impl SettingsError {
    /// The errors, in the order in which they were found.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Adds the errors of another part, so that a process of several parts reports all of them.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for fault in other.faults {
            if !self.faults.contains(&fault) {
                self.faults.push(fault);
            }
        }
        self
    }
}

impl From<Vec<Fault>> for SettingsError {
    fn from(faults: Vec<Fault>) -> Self {
        Self { faults }
    }
}

impl fmt::Display for SettingsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the settings cannot be used:")?;
        for fault in &self.faults {
            // A name from a file or the environment may contain any characters.
            write!(formatter, "\n  {}", one_line(&fault.to_string()))?;
        }
        Ok(())
    }
}
