//! The nats-server of an earlier run that was killed may take a moment to end; two must not share a store.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::process::{Pid, test_kill_process};

/// Its guard gives it ten seconds.
const LIMIT: Duration = Duration::from_secs(15);
const INTERVAL: Duration = Duration::from_millis(20);

/// Where nats-server writes its process id.
pub(super) fn pid_file(folder: &Path) -> PathBuf {
    folder.join("nats-server.pid")
}

/// Waits until no nats-server of an earlier run uses the folder.
pub(super) async fn wait_for_end(folder: &Path) -> anyhow::Result<()> {
    let Some(pid) = last_pid(folder) else {
        return Ok(());
    };
    let begun = Instant::now();
    while runs(pid) {
        if begun.elapsed() > LIMIT {
            let (folder, pid) = (folder.display(), pid.as_raw_nonzero());
            anyhow::bail!(
                "the nats-server of an earlier run (process {pid}) still uses {folder}; end it first"
            );
        }
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(())
}

fn last_pid(folder: &Path) -> Option<Pid> {
    Pid::from_raw(fs::read_to_string(pid_file(folder)).ok()?.trim().parse().ok()?)
}

/// Whether that process is a nats-server. Where the system tells no names, any process counts.
fn runs(pid: Pid) -> bool {
    if !Path::new("/proc/self/comm").exists() {
        return test_kill_process(pid).is_ok();
    }
    let name = fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero()));
    name.is_ok_and(|name| name.trim() == "nats-server")
}
