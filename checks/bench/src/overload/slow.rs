//! Makes a process as slow as it would be on a machine with less power.

use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use tokio::task::JoinHandle;

/// Short, so that it is slow rather than away.
const PERIOD: Duration = Duration::from_millis(20);

/// Lets a process run for a share of the time only, until it is dropped.
#[derive(Debug)]
pub(super) struct Slow {
    pid: Pid,
    stopping: JoinHandle<()>,
}

impl Slow {
    /// From now on.
    pub(super) fn begin(pid: u32, percent: u32) -> anyhow::Result<Self> {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
        let pid = pid.context("a process id that is none")?;
        let (runs, stops) = (PERIOD * percent / 100, PERIOD * (100 - percent) / 100);
        let stopping = tokio::spawn(async move {
            // A process that has ended is found out by whoever needs it.
            while kill_process(pid, Signal::STOP).is_ok() {
                tokio::time::sleep(stops).await;
                let _ = kill_process(pid, Signal::CONT);
                tokio::time::sleep(runs).await;
            }
        });
        Ok(Self { pid, stopping })
    }
}

impl Drop for Slow {
    fn drop(&mut self) {
        self.stopping.abort();
        let _ = kill_process(self.pid, Signal::CONT);
    }
}
