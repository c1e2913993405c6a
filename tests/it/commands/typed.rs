//! Types a command and reads what comes back.

use serde_json::Value;
use tokio::process::Command;

use crate::stack::Stack;

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
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_hubsync"));
        command.args(arguments).current_dir(folder.path()).env_clear();
        command
            .envs(settings.iter().copied())
            .stdin(std::process::Stdio::null());
        let ended = command.output().await.unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            code: ended.status.code().expect("it ends by itself"),
            output: text(ended.stdout),
            errors: text(ended.stderr),
        }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.output).unwrap_or_else(|error| panic!("{error}: {self:?}"))
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
