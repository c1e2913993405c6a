//! Runs a command as a process, and keeps its exit code and output.

use std::process::Stdio;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;
use tokio::{
    io::AsyncReadExt,
    process::{Child, Command},
    time::timeout,
};

use crate::stack::{CEILING, Stack};

/// The exit code and the output of a command.
#[derive(Debug)]
pub(crate) struct CommandResult {
    pub(crate) code: i32,
    pub(crate) output: String,
    pub(crate) errors: String,
}

impl CommandResult {
    /// Runs a command with these settings and no others, in an empty folder.
    pub(super) async fn alone(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        Running::start(arguments, settings).wait().await
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A command that runs.
pub(super) struct Running {
    process: Child,
    _folder: TempDir,
}

impl Running {
    /// Starts a command with these settings and no others, in an empty folder.
    pub(super) fn start(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubsync"));
        command.args(arguments).current_dir(folder.path()).env_clear();
        command
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        Self {
            process: command.spawn().unwrap(),
            _folder: folder,
        }
    }

    /// Sends the signal of Ctrl-C.
    pub(super) fn interrupt(&self) {
        let id = self.process.id().expect("it runs").cast_signed();
        kill_process(Pid::from_raw(id).unwrap(), Signal::INT).unwrap();
    }

    /// Closes the reading end of the command's output.
    pub(super) fn close_output(&mut self) {
        drop(self.process.stdout.take());
    }

    /// Reads the next line of the output. `wait` does not return it again.
    pub(super) async fn next_line(&mut self) -> String {
        let output = self.process.stdout.as_mut().expect("it is piped");
        let reading = async {
            let mut line = Vec::new();
            while line.last() != Some(&b'\n') {
                line.push(output.read_u8().await.unwrap());
            }
            String::from_utf8(line).unwrap()
        };
        timeout(CEILING, reading).await.expect("it prints a line")
    }

    pub(super) async fn wait(self) -> CommandResult {
        let wait = timeout(CEILING, self.process.wait_with_output());
        let wait = wait.await.expect("it ends").unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        CommandResult {
            code: wait.status.code().expect("it ends by itself"),
            output: text(wait.stdout),
            errors: text(wait.stderr),
        }
    }
}

impl Stack {
    /// Runs a command against this stack's gateway.
    pub(crate) async fn command(&self, arguments: &[&str]) -> CommandResult {
        CommandResult::alone(arguments, &[("HUBSYNC_URL", self.gateway_url())]).await
    }

    /// Runs a command with the settings of this stack's services; `others` take precedence.
    pub(super) async fn command_with(&self, arguments: &[&str], others: &[(&str, &str)]) -> CommandResult {
        let mut settings: Vec<_> = self.settings().collect();
        settings.push(("HUBSYNC_URL", self.gateway_url()));
        settings.extend(others);
        CommandResult::alone(arguments, &settings).await
    }
}
