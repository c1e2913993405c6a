//! Memory and processor time of processes, read from `/proc`; where there is none, there are no such figures.

use std::{fmt, fs, time::Duration};

use serde::Serialize;
use tokio::{sync::oneshot, task::JoinHandle};

const INTERVAL: Duration = Duration::from_millis(500);
/// Linux counts processor time for users in hundredths of a second, whatever its clock.
const TICK_SECONDS: f64 = 0.01;

/// The one that has processes of its own: they count with it.
pub const POSTGRES: &str = "postgres";

/// What a process used.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Usage {
    /// Its name.
    pub process: &'static str,
    /// Processor time, in seconds.
    pub cpu_seconds: f64,
    /// Resident memory at the start, in MiB.
    pub rss_start_mib: f64,
    /// The most that was seen.
    pub rss_max_mib: f64,
    /// At the end.
    pub rss_end_mib: f64,
}

/// As a table for people.
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

/// Watches processes until it is asked what they used.
#[derive(Debug)]
pub struct Watch {
    end: oneshot::Sender<()>,
    watching: JoinHandle<Vec<Usage>>,
}

impl Watch {
    /// Watches from now on.
    pub fn begin(processes: Vec<(&'static str, u32)>) -> Self {
        let (end, ended) = oneshot::channel();
        let watching = tokio::spawn(watch(processes, ended));
        Self { end, watching }
    }

    /// Ends it.
    pub async fn end(self) -> anyhow::Result<Vec<Usage>> {
        // Where nobody listens, the watch has ended, and says why.
        let _ = self.end.send(());
        Ok(self.watching.await?)
    }
}

async fn watch(processes: Vec<(&'static str, u32)>, mut ended: oneshot::Receiver<()>) -> Vec<Usage> {
    let mut watched: Vec<Watched> = processes.into_iter().filter_map(Watched::begin).collect();
    while tokio::time::timeout(INTERVAL, &mut ended).await.is_err() {
        watched.iter_mut().for_each(Watched::look);
    }
    watched.iter_mut().for_each(Watched::look);
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

    fn look(&mut self) {
        let Some((cpu, rss)) = used(self.usage.process, self.pid) else {
            return;
        };
        self.usage.cpu_seconds = cpu - self.cpu_before;
        self.usage.rss_end_mib = rss;
        self.usage.rss_max_mib = self.usage.rss_max_mib.max(rss);
    }
}

/// Processor time in seconds and memory in MiB.
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
    /// Of its children that have ended.
    ended_seconds: f64,
}

impl Stat {
    fn of(pid: u32) -> Option<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name before the last bracket may hold anything; of what follows, the second is the parent, and the times
        // begin with the 12th.
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

/// Memory, with what several processes share divided among them.
fn pss_mib(pid: u32) -> Option<f64> {
    kib(&format!("/proc/{pid}/smaps_rollup"), "Pss:")
}

fn rss_mib(pid: u32) -> Option<f64> {
    kib(&format!("/proc/{pid}/status"), "VmRSS:")
}

/// A figure of a file in KiB, as MiB.
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
        let watch = Watch::begin(vec![("this test", std::process::id())]);
        let started = std::time::Instant::now();
        while started.elapsed() < Duration::from_millis(50) {}
        let usage = watch.end().await.unwrap();
        assert!(usage[0].rss_start_mib > 1.0 && usage[0].rss_max_mib >= usage[0].rss_end_mib);
        assert!(usage[0].cpu_seconds > 0.0, "{usage:?}");
    }
}
