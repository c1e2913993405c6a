//! Why a command failed, and the exit code that follows from it.

use std::{process::ExitCode, time::Duration};

use super::{bulk::Remainder, commands::ConnectError};

/// How a command ended. Scripts rely on the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitStatus {
    /// The command did its work, or what it looked at is healthy.
    Success = 0,
    /// The command failed or was rejected, or what it looked at is unhealthy.
    Failure = 1,
    /// The arguments make no sense, or the user did not confirm.
    Usage = 2,
    /// The gateway, or a service behind it, cannot be reached.
    Unreachable = 3,
    /// A user that was named does not exist.
    UnknownUser = 4,
}

impl ExitStatus {
    pub(crate) fn success_if(is_success: bool) -> Self {
        if is_success { Self::Success } else { Self::Failure }
    }
}

impl From<ExitStatus> for ExitCode {
    fn from(status: ExitStatus) -> Self {
        Self::from(status as u8)
    }
}

/// Why a command did not do its work, or not all of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// Nothing listens at the address, or it does not answer.
    #[error(
        "no gateway at {url}: {cause}; start it (cargo run, or cargo run -p api-gateway), or name another address with \
         --url or HUBSYNC_URL"
    )]
    Unreachable {
        /// The address, without a password.
        url: String,
        /// The innermost cause.
        cause: String,
    },
    /// Another program answers at the address.
    #[error(
        "the server at {url} is not a hubsync gateway; name the gateway's address with --url or HUBSYNC_URL"
    )]
    NotAGateway {
        /// The address, without a password.
        url: String,
    },
    /// The gateway answered with a problem document.
    #[error("{detail}")]
    Rejected {
        /// The HTTP status of the answer.
        status: u16,
        /// The last part of the problem's `type`, which is stable.
        slug: String,
        /// The gateway's explanation, with one line for each invalid value.
        detail: String,
        /// The value of `Retry-After`, if the answer has it.
        retry_after: Option<Duration>,
    },
    /// The command asked for a confirmation and did not get it.
    #[error("{0}")]
    NotConfirmed(&'static str),
    /// SIGINT or SIGTERM ended the command.
    #[error("stopped by a signal")]
    Stopped,
    /// A part of the work was done before the command failed.
    #[error("{cause}\n{}", .remainder.advice)]
    Incomplete {
        /// Why the rest was not done.
        cause: Box<CommandError>,
        /// What was not done, and how to do it.
        remainder: Remainder,
    },
    /// `hubsync connect` did not connect the app.
    #[error(transparent)]
    NotConnected(#[from] ConnectError),
    /// The signal handlers cannot be installed, so Ctrl-C could not stop the command.
    #[error("cannot listen for signals: {0}")]
    Signals(std::io::Error),
    /// Writing to stdout or reading from stdin failed.
    #[error("cannot print the answer: {0}")]
    Output(#[from] std::io::Error),
}

impl CommandError {
    pub(crate) fn exit_status(&self) -> ExitStatus {
        match self {
            Self::Rejected { slug, .. } if slug == "not-found" => ExitStatus::UnknownUser,
            Self::Unreachable { .. }
            | Self::NotAGateway { .. }
            | Self::Rejected {
                status: 502..=504, ..
            } => ExitStatus::Unreachable,
            Self::Rejected { status: 400, .. } | Self::NotConfirmed(_) => ExitStatus::Usage,
            Self::Rejected { .. }
            | Self::Stopped
            | Self::NotConnected(_)
            | Self::Signals(_)
            | Self::Output(_) => ExitStatus::Failure,
            Self::Incomplete { cause, .. } => cause.exit_status(),
        }
    }
}
