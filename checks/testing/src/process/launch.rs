//! Starts a program under the supervising script.

use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::process::Pid;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{ChildStdout, Command};

use super::log::Log;
use super::{Child, ProcessError};

const SCRIPT: &str = include_str!("supervise.sh");

/// The limit for the script to print the process id, which is generous for a loaded machine.
const START_LIMIT: Duration = Duration::from_secs(30);

/// A program with its arguments and environment.
#[derive(Debug)]
pub struct Launch {
    program: PathBuf,
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    folder: Option<PathBuf>,
    log: Option<PathBuf>,
    clean: bool,
}

impl Launch {
    /// The program at this path; the `PATH` is not searched.
    pub fn new(program: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            variables: Vec::new(),
            folder: None,
            log: None,
            clean: false,
        }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.variables
            .push((name.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Passes only `PATH` and `HOME` of the parent's environment, so that a test runs the same on each machine.
    #[must_use]
    pub fn clean_env(mut self) -> Self {
        self.clean = true;
        self
    }

    /// Runs the program in this folder.
    #[must_use]
    pub fn current_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.folder = Some(folder.as_ref().to_owned());
        self
    }

    /// Appends the output to this file, which is kept. Otherwise the output is deleted with the [`Child`].
    #[must_use]
    pub fn log(mut self, path: impl AsRef<Path>) -> Self {
        self.log = Some(path.as_ref().to_owned());
        self
    }

    /// Starts the program. It stops when this process ends, or when the [`Child`] is dropped.
    pub async fn start(self) -> Result<Child, ProcessError> {
        self.try_start().await.map_err(|source| ProcessError::Start {
            program: self.program.clone(),
            source,
        })
    }

    async fn try_start(&self) -> io::Result<Child> {
        let program = std::fs::canonicalize(&self.program)?;
        let log = self.log.clone().map_or_else(Log::temporary, Log::at)?;
        let mut supervisor = self.command(&program, log.path()).spawn()?;
        let lost = || io::Error::other("the supervising shell has no pipe");
        // Nothing is written to this pipe. It closes when this process ends, which the script notices.
        let lifeline = supervisor.stdin.take().ok_or_else(lost)?;
        let output = supervisor.stdout.take().ok_or_else(lost)?;
        let group = supervisor.id().and_then(to_pid).ok_or_else(lost)?;
        let pid = read_pid(output).await?;
        let name = program
            .file_name()
            .map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Ok(Child::new(name, supervisor, lifeline, group, pid, log))
    }

    fn command(&self, program: &Path, log: &Path) -> Command {
        let mut command = Command::new("/bin/sh");
        command
            .arg("-c")
            .arg(SCRIPT)
            .arg(log)
            .arg(program)
            .args(&self.arguments);
        if self.clean {
            let kept = ["PATH", "HOME"]
                .into_iter()
                .filter_map(|name| Some((name, std::env::var_os(name)?)));
            command.env_clear().envs(kept);
        }
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        if let Some(folder) = &self.folder {
            command.current_dir(folder);
        }
        // A separate process group keeps Ctrl-C in a terminal from the program, which its parent stops in order.
        command.process_group(0);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        command
    }
}

async fn read_pid(output: ChildStdout) -> io::Result<Pid> {
    let mut line = String::new();
    let mut output = BufReader::new(output);
    tokio::time::timeout(START_LIMIT, output.read_line(&mut line))
        .await
        .map_err(|_| io::Error::other("the supervising shell did not start it in time"))??;
    let pid = line.trim().parse().ok().and_then(to_pid);
    pid.ok_or_else(|| io::Error::other("the supervising shell did not print a process id"))
}

fn to_pid(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}
