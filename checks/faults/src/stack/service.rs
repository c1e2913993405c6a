//! One service: started with the same settings again and again.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, ensure};
use testing::process::{Child, Launch};

use crate::parts::Part;

/// A process that was killed is gone at once.
const GONE_WITHIN: Duration = Duration::from_secs(10);
/// A service says something when it starts; a machine under load may take its time.
const SPEAKS_WITHIN: Duration = Duration::from_mins(1);
/// What a service may take to end well.
pub(super) const ENDS_WITHIN: Duration = Duration::from_secs(10);

/// A service, running or not.
#[derive(Debug)]
pub struct Service {
    part: Part,
    program: PathBuf,
    folder: PathBuf,
    settings: Vec<(&'static str, String)>,
    child: Option<Child>,
}

impl Service {
    /// A service that does not run yet.
    pub fn new(part: Part, program: PathBuf, folder: PathBuf, settings: Vec<(&'static str, String)>) -> Self {
        Self {
            part,
            program,
            folder,
            settings,
            child: None,
        }
    }

    /// Starts it; it need not be ready yet.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let log = self.folder.join(format!("{}.log", self.part.name()));
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

    /// Kills it as a crash would.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        self.strike()?;
        self.gone().await
    }

    /// Kills it, and does not wait until it is gone.
    pub fn strike(&mut self) -> anyhow::Result<()> {
        if let Some(child) = self.running() {
            child.kill()?;
        }
        Ok(())
    }

    /// Waits until it is gone.
    pub async fn gone(&mut self) -> anyhow::Result<()> {
        if let Some(mut child) = self.child.take() {
            child.wait(GONE_WITHIN).await?;
        }
        Ok(())
    }

    /// Stops it as an operator would; it has to end well and soon.
    pub async fn terminate(&mut self) -> anyhow::Result<()> {
        let name = self.part.name();
        let Some(mut child) = self.child.take() else {
            return Ok(());
        };
        if child.exit_code().is_some() {
            return Ok(());
        }
        // One that has said nothing yet may not even listen for signals, and would end as by a kill.
        let _ = child.wait_for_line("", SPEAKS_WITHIN).await;
        child.terminate()?;
        let ended = child.wait(ENDS_WITHIN).await;
        let code = ended.with_context(|| format!("{name} did not end within {ENDS_WITHIN:?} of SIGTERM"))?;
        ensure!(
            code == 0,
            "{name} ended with {code} on SIGTERM:\n{}",
            child.tail()
        );
        Ok(())
    }

    /// The running process; none while it is down.
    pub fn running(&mut self) -> Option<&mut Child> {
        let child = self.child.as_mut()?;
        child.exit_code().is_none().then_some(child)
    }

    /// If it ended without being told to: its exit code and last words.
    pub fn take_unplanned_end(&mut self) -> Option<(i32, String)> {
        let code = self.child.as_mut()?.exit_code()?;
        let child = self.child.take()?;
        Some((code, child.tail()))
    }
}
