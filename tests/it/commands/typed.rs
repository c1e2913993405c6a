//! Types a command and reads what comes back.

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

/// How a command ended.
#[derive(Debug)]
pub(super) struct Typed {
    pub(super) code: i32,
    pub(super) output: String,
    pub(super) errors: String,
}

impl Typed {
    /// A command with those settings and no others, in a folder without any.
    pub(super) async fn alone(arguments: &[&str], settings: &[(&str, &str)]) -> Self {
        Running::start(arguments, settings).ended().await
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A command at work.
pub(super) struct Running {
    process: Child,
    _folder: TempDir,
}

impl Running {
    /// Types a command with those settings and no others, in a folder without any.
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

    /// Types Ctrl-C.
    pub(super) fn interrupt(&self) {
        let id = self.process.id().expect("it runs").cast_signed();
        kill_process(Pid::from_raw(id).unwrap(), Signal::INT).unwrap();
    }

    /// Whoever read its output leaves.
    pub(super) fn stop_reading(&mut self) {
        drop(self.process.stdout.take());
    }

    /// The next line of its output, which it will not print again.
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

    pub(super) async fn ended(self) -> Typed {
        let ended = timeout(CEILING, self.process.wait_with_output());
        let ended = ended.await.expect("it ends").unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Typed {
            code: ended.status.code().expect("it ends by itself"),
            output: text(ended.stdout),
            errors: text(ended.stderr),
        }
    }
}

impl Stack {
    /// A command that asks this stack's gateway.
    pub(super) async fn command(&self, arguments: &[&str]) -> Typed {
        Typed::alone(arguments, &[("HUBSYNC_URL", self.gateway_url())]).await
    }

    /// A command with the settings that the services of this stack have, and some others over them.
    pub(super) async fn command_with(&self, arguments: &[&str], others: &[(&str, &str)]) -> Typed {
        let mut settings: Vec<_> = self.settings().collect();
        settings.push(("HUBSYNC_URL", self.gateway_url()));
        settings.extend(others);
        Typed::alone(arguments, &settings).await
    }
}
