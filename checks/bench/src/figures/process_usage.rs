//! Memory and CPU time of processes, read from `/proc`. On systems without `/proc` there are no such figures.

use std::{fmt, fs, time::Duration};

use serde::Serialize;
use tokio::{sync::oneshot, task::JoinHandle};

const INTERVAL: Duration = Duration::from_millis(500);
/// Linux reports CPU time in hundredths of a second, whatever the frequency of its clock.
const TICK_SECONDS: f64 = 0.01;

/// The process whose child processes count as part of it.
pub const POSTGRES: &str = "postgres";

/// The memory and CPU time of a process.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Usage {
    /// The name of the process.
    pub process: &'static str,
    /// CPU time, in seconds.
    pub cpu_seconds: f64,
    /// Resident memory at the start, in MiB.
    pub rss_start_mib: f64,
    /// The highest measured resident memory, in MiB.
    pub rss_max_mib: f64,
    /// Resident memory at the end, in MiB.
    pub rss_end_mib: f64,
}

/// Writes a table.
pub fn write_usage(to: &mut fmt::Formatter<'_>, usage: &[Usage]) -> fmt::Result {
    writeln!(
        to,
        "\n{:<20}{:>10}{:>14}{:>12}{:>12}",
        "process", "CPU s", "MiB at start", "most", "at the end"
    )?;
    for usage in usage {
        writeln!(
            to,
            "{:<20}{:>10.1}{:>14.1}{:>12.1}{:>12.1}",
            usage.process, usage.cpu_seconds, usage.rss_start_mib, usage.rss_max_mib, usage.rss_end_mib
        )?;
    }
    Ok(())
}

/// Monitors processes until it is stopped.
#[derive(Debug)]
pub struct UsageMonitor {
    end: oneshot::Sender<()>,
    watching: JoinHandle<Vec<Usage>>,
}

impl UsageMonitor {
    /// Starts to monitor.
    pub fn begin(processes: Vec<(&'static str, u32)>) -> Self {
        let (end, ended) = oneshot::channel();
        let watching = tokio::spawn(watch(processes, ended));
        Self { end, watching }
    }

    /// Stops and returns the figures.
    pub async fn end(self) -> anyhow::Result<Vec<Usage>> {
        // If the task has panicked, nothing receives this, and the next line returns the error.
        let _ = self.end.send(());
        Ok(self.watching.await?)
    }
}

async fn watch(processes: Vec<(&'static str, u32)>, mut ended: oneshot::Receiver<()>) -> Vec<Usage> {
    let mut watched: Vec<Watched> = processes.into_iter().filter_map(Watched::begin).collect();
    while tokio::time::timeout(INTERVAL, &mut ended).await.is_err() {
        watched.iter_mut().for_each(Watched::update);
    }
    watched.iter_mut().for_each(Watched::update);
    watched.into_iter().map(|watched| watched.usage).collect()
}

struct Watched {
    pid: u32,
    cpu_before: f64,
    usage: Usage,
}

impl Watched {
    fn begin((process, pid): (&'static str, u32)) -> Option<Self> {
        let (cpu_before, rss) = used(process, pid)?;
        let usage = Usage {
            process,
            cpu_seconds: 0.0,
            rss_start_mib: rss,
            rss_max_mib: rss,
            rss_end_mib: rss,
        };
        Some(Self {
            pid,
            cpu_before,
            usage,
        })
    }

    fn update(&mut self) {
        let Some((cpu, rss)) = used(self.usage.process, self.pid) else {
            return;
        };
        self.usage.cpu_seconds = cpu - self.cpu_before;
        self.usage.rss_end_mib = rss;
        self.usage.rss_max_mib = self.usage.rss_max_mib.max(rss);
    }
}

/// The CPU time in seconds and the memory in MiB.
fn used(process: &str, pid: u32) -> Option<(f64, f64)> {
    if process != POSTGRES {
        return Some((Stat::of(pid)?.own_seconds, rss_mib(pid)?));
    }
    let first = Stat::of(pid)?;
    let others = processes().filter_map(|other| Some((other, Stat::of(other)?)));
    let children = others.filter(|(_, stat)| stat.parent == pid);
    let start = (first.own_seconds + first.ended_seconds, pss_mib(pid)?);
    Some(children.fold(start, |(cpu, memory), (child, stat)| {
        (
            cpu + stat.own_seconds,
            memory + pss_mib(child).unwrap_or_default(),
        )
    }))
}

fn processes() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

struct Stat {
    parent: u32,
    own_seconds: f64,
    /// The CPU time of ended child processes.
    ended_seconds: f64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in brackets can contain anything, so parsing starts after the last bracket. The second field from there
        // is the parent, and the times begin with the 12th.
        let (_, fields) = text.rsplit_once(')')?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |at: usize| Some(f64::from(fields.get(at)?.parse::<u32>().ok()?) * TICK_SECONDS);
        Some(Self {
            parent: fields.get(1)?.parse().ok()?,
            own_seconds: ticks(11)? + ticks(12)?,
            ended_seconds: ticks(13)? + ticks(14)?,
        })
    }
}

/// The proportional memory: memory that processes share is divided among them.
fn pss_mib(pid: u32) -> Option<f64> {
    kib(&format!("/proc/{pid}/smaps_rollup"), "Pss:")
}

fn rss_mib(pid: u32) -> Option<f64> {
    kib(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// Reads a figure in KiB from a file, and converts it to MiB.
fn kib(path: &str, name: &str) -> Option<f64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kib: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(f64::from(kib) / 1024.0)
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    #[tokio::test]
    async fn a_process_has_memory_and_uses_time() {
        let watch = UsageMonitor::begin(vec![("this test", std::process::id())]);
        // The system counts the time of a process in steps of ten milliseconds, and may let others run meanwhile.
        let own_seconds = || Stat::of(std::process::id()).map(|stat| stat.own_seconds);
        let begun = own_seconds();
        while own_seconds() == begun {}
        let usage = watch.end().await.unwrap();
        assert!(usage[0].rss_start_mib > 1.0 && usage[0].rss_max_mib >= usage[0].rss_end_mib);
        assert!(usage[0].cpu_seconds > 0.0, "{usage:?}");
    }
}
