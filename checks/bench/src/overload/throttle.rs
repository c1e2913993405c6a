//! Slows a process down, as a slower machine would.

use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use tokio::task::JoinHandle;

/// So short that the process is slow instead of unavailable.
const PERIOD: Duration = Duration::from_millis(20);

/// Lets a process run for a share of the time only, until this is dropped.
#[derive(Debug)]
pub(super) struct Throttle {
    pid: Pid,
    stopping: JoinHandle<()>,
}

impl Throttle {
    /// Starts to slow the process down.
    pub(super) fn begin(pid: u32, percent: u32) -> anyhow::Result<Self> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let pid = pid.context("an invalid process id")?;
        let (runs, stops) = (PERIOD * percent / 100, PERIOD * (100 - percent) / 100);
        let stopping = tokio::spawn(async move {
            // If the process has ended, its users fail anyway.
            while kill_process(pid, Signal::STOP).is_ok() {
                tokio::time::sleep(stops).await;
                let _ = kill_process(pid, Signal::CONT);
                tokio::time::sleep(runs).await;
            }
        });
        Ok(Self { pid, stopping })
    }
}

impl Drop for Throttle {
    fn drop(&mut self) {
        self.stopping.abort();
        let _ = kill_process(self.pid, Signal::CONT);
    }
}
