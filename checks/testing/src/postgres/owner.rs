//! The user that the server runs as: the user of the tests, or `postgres` if that is root, which PostgreSQL refuses.

use std::{ffi::OsStr, path::Path, process::Command};

use super::PostgresError;
use crate::process::Launch;

/// The user that distributions create for PostgreSQL.
const USER: &str = "postgres";
/// Runs a program as another user; part of util-linux.
const SETPRIV: &str = "/usr/bin/setpriv";

/// The owner of the cluster.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    is_root: bool,
}

impl Owner {
    pub(super) fn find() -> Result<Self, PostgresError> {
        let is_root = rustix::process::geteuid().is_root();
        if is_root && run(Command::new("id").arg(USER)).is_err() {
            return Err(PostgresError::NoUserToRunAs);
        }
        Ok(Self { is_root })
    }

    /// Runs a program to its end.
    pub(super) fn run(self, program: &Path, arguments: &[&OsStr]) -> Result<(), PostgresError> {
        let mut command = if self.is_root {
            let mut command = Command::new(SETPRIV);
            command.args(setpriv_arguments()).arg(program);
            command
        } else {
            Command::new(program)
        };
        // The owner may not be allowed to read the folder that the tests run in.
        run(command.args(arguments).current_dir("/"))
    }

    /// Prepares to start a program as the owner.
    pub(super) fn launch(self, program: &Path) -> Launch {
        if self.is_root {
            let launch = setpriv_arguments().iter().fold(Launch::new(SETPRIV), Launch::arg);
            launch.arg(program)
        } else {
            Launch::new(program)
        }
    }

    /// Gives a folder with its content to the owner.
    pub(super) fn give(self, folder: &Path) -> Result<(), PostgresError> {
        if !self.is_root {
            return Ok(());
        }
        let owner = format!("{USER}:{USER}");
        run(Command::new("chown").arg("-R").arg(owner).arg(folder))
    }
}

fn setpriv_arguments() -> [&'static str; 3] {
    ["--reuid=postgres", "--regid=postgres", "--clear-groups"]
}

/// Runs a command to its end.
pub(super) fn run(command: &mut Command) -> Result<(), PostgresError> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failed = |output| PostgresError::Prepare { program, output };
    match command.output() {
        Ok(done) if done.status.success() => Ok(()),
        Ok(done) => Err(failed(String::from_utf8_lossy(&done.stderr).trim().to_owned())),
        Err(error) => Err(failed(error.to_string())),
    }
}
