//! A service that can be stopped and restarted with the same settings.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, ensure};
use testing::process::{Child, Launch};

use crate::system::components::Component;

/// A killed process ends at once, so this is generous.
const KILL_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a service may take to print its first line on a loaded machine.
const FIRST_LINE_TIMEOUT: Duration = Duration::from_mins(1);
/// How long a service may take to stop after SIGTERM.
pub(super) const STOP_TIMEOUT: Duration = Duration::from_secs(10);

/// A service, running or not.
#[derive(Debug)]
pub struct Service {
    component: Component,
    program: PathBuf,
    folder: PathBuf,
    settings: Vec<(&'static str, String)>,
    child: Option<Child>,
}

impl Service {
    /// Makes a service without starting it.
    pub fn new(
        component: Component,
        program: PathBuf,
        folder: PathBuf,
        settings: Vec<(&'static str, String)>,
    ) -> Self {
        Self {
            component,
            program,
            folder,
            settings,
            child: None,
        }
    }

    /// Starts it without waiting until it is ready.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let log = self.folder.join(self.component.log_name());
        let mut launch = Launch::new(&self.program)
            .clean_env()
            .current_dir(&self.folder)
            .log(log);
        for (name, value) in &self.settings {
            launch = launch.env(name, value);
        }
        self.child = Some(launch.start().await?);
        Ok(())
    }

    /// Kills it with SIGKILL and waits until it has ended.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.send_kill()?;
        self.wait_until_gone().await
    }

    /// Kills it without waiting for its end.
    pub fn send_kill(&mut self) -> anyhow::Result<()> {
        if let Some(child) = self.running() {
            child.kill()?;
        }
        Ok(())
    }

    /// Waits until it has ended.
    pub async fn wait_until_gone(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.wait(KILL_TIMEOUT).await?;
        }
        Ok(())
    }

    /// Stops it with SIGTERM. It must exit without an error and in time.
    pub async fn terminate(&mut self) -> anyhow::Result<()> {
        let name = self.component.name();
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        if child.exit_code().is_some() {
            return Ok(());
        }
        // Before its first line, a service may not have installed its signal handler, and SIGTERM would kill it.
        let _ = child.wait_for_line("", FIRST_LINE_TIMEOUT).await;
        child.terminate()?;
        let ended = child.wait(STOP_TIMEOUT).await;
        let code = ended.with_context(|| format!("{name} did not end within {STOP_TIMEOUT:?} of SIGTERM"))?;
        ensure!(
            code == 0,
            "{name} ended with {code} on SIGTERM:\n{}",
            child.tail()
        );
        Ok(())
    }

    /// The process, if it is running.
    pub fn running(&mut self) -> Option<&mut Child> {
        let child = self.child.as_mut()?;
        child.exit_code().is_none().then_some(child)
    }

    /// If it has stopped unexpectedly: its exit code and the end of its log.
    pub fn take_unplanned_end(&mut self) -> Option<(i32, String)> {
        let code = self.child.as_mut()?.exit_code()?;
        let child = self.child.take()?;
        Some((code, child.tail()))
    }
}
