//! What can keep a command from being done, and the exit code of it.

use std::{process::ExitCode, time::Duration};

use super::{connect::ConnectError, series::Rest};

/// How a command ended. The numbers are a promise to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Well, or done.
    Well = 0,
    /// Not well, refused, or failed.
    NotWell = 1,
    /// Asked in a way that makes no sense, or not confirmed.
    Usage = 2,
    /// Nobody to ask.
    Unreachable = 3,
    /// No such user.
    UnknownUser = 4,
}

impl Exit {
    /// Well where that is so.
    pub(crate) fn well_if(is_well: bool) -> Self {
        if is_well { Self::Well } else { Self::NotWell }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Nobody listens there, or does not answer.
    #[error(
        "no gateway at {url}: {cause}; start it (cargo run, or cargo run -p api-gateway), or name another address with \
         --url or HUBSYNC_URL"
    )]
    Unreachable {
        /// Where.
        url: String,
        /// Why.
        cause: String,
    },
    /// Somebody else listens there.
    #[error("what answers at {url} is no gateway of hubsync; name its address with --url or HUBSYNC_URL")]
    NoGateway {
        /// Where.
        url: String,
    },
    /// The gateway said no.
    #[error("{detail}")]
    Refused {
        /// The status of its answer.
        status: u16,
        /// The stable end of the problem's type.
        kind: String,
        /// In its words.
        detail: String,
        /// When it wants to be asked again, if it says so.
        retry_after: Option<Duration>,
    },
    /// What was to be confirmed was not.
    #[error("{0}")]
    NotConfirmed(&'static str),
    /// Whoever typed it did not let it come to its end.
    #[error("stopped by a signal")]
    Stopped,
    /// Some of it was done, and is told of.
    #[error("{cause}\n{}", .rest.advice)]
    Interrupted {
        /// Why no more.
        cause: Box<Failure>,
        /// What is left.
        rest: Rest,
    },
    /// No app was connected.
    #[error(transparent)]
    NotConnected(#[from] ConnectError),
    /// Nobody could stop it.
    #[error("signals cannot be listened for: {0}")]
    Signals(std::io::Error),
    /// The answer cannot be printed.
    #[error("the answer cannot be printed: {0}")]
    Output(#[from] std::io::Error),
}

impl Failure {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Refused { kind, .. } if kind == "not-found" => Exit::UnknownUser,
            Self::Unreachable { .. }
            | Self::NoGateway { .. }
            | Self::Refused {
                status: 502..=504, ..
            } => Exit::Unreachable,
            Self::Refused { status: 400, .. } | Self::NotConfirmed(_) => Exit::Usage,
            Self::Refused { .. }
            | Self::Stopped
            | Self::NotConnected(_)
            | Self::Signals(_)
            | Self::Output(_) => Exit::NotWell,
            Self::Interrupted { cause, .. } => cause.exit(),
        }
    }
}
