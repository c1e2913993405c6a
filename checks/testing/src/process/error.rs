//! Errors of child processes, with the end of their output.

use std::path::PathBuf;
use std::time::Duration;
use std::{fmt, io};

/// Why a program could not be started, or did not do what the caller waited for.
///
/// Prints the same with `{}` and `{:?}`, so that an `unwrap` in a test shows the program's output line by line.
#[derive(thiserror::Error)]
pub enum ProcessError {
    /// It could not be started.
    #[error("cannot start {}: {source}", program.display())]
    Start {
        /// The program.
        program: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// Its output could not be read.
    #[error("cannot read the output of {program}: {source}")]
    Output {
        /// The program.
        program: String,
        /// What went wrong.
        source: io::Error,
    },
    /// It ended before it did what the caller waited for.
    #[error("{program} ended with {code} before {what}; its last output:\n{tail}")]
    Ended {
        /// The program.
        program: String,
        /// Its exit code; 128 + signal if it was killed.
        code: i32,
        /// What was waited for.
        what: String,
        /// The end of its output.
        tail: String,
    },
    /// It did not do in time what the caller waited for.
    #[error("{program}: waited {limit:?} for {what}; its last output:\n{tail}")]
    TimedOut {
        /// The program.
        program: String,
        /// What was waited for.
        what: String,
        /// The time limit.
        limit: Duration,
        /// The end of its output.
        tail: String,
    },
    /// A signal could not be sent, most likely because the program has ended.
    #[error("cannot signal {program}: {source}")]
    Signal {
        /// The program.
        program: String,
        /// What went wrong.
        source: io::Error,
    },
}

impl fmt::Debug for ProcessError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}
