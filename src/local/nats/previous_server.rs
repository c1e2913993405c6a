//! Waits for the nats-server of an earlier run. If that run was killed, its nats-server takes a moment to stop, and two
//! servers must not share a store.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use rustix::process::{Pid, test_kill_process};

/// Longer than the ten seconds after which the supervisor of that nats-server kills it.
const TIMEOUT: Duration = Duration::from_secs(15);
const INTERVAL: Duration = Duration::from_millis(20);

/// The file in which nats-server writes its process id.
pub(super) fn pid_file(folder: &Path) -> PathBuf {
    folder.join("nats-server.pid")
}

/// Waits until no nats-server of an earlier run uses the folder.
pub(super) async fn wait_until_stopped(folder: &Path) -> anyhow::Result<()> {
    let Some(pid) = last_pid(folder) else {
        return Ok(());
    };
    let started = Instant::now();
    while is_running(pid) {
        if started.elapsed() > TIMEOUT {
            let (folder, pid) = (folder.display(), pid.as_raw_nonzero());
            anyhow::bail!(
                "the nats-server of an earlier run (process {pid}) still uses {folder}; stop it first"
            );
        }
        tokio::time::sleep(INTERVAL).await;
    }
    Ok(())
}

fn last_pid(folder: &Path) -> Option<Pid> {
    Pid::from_raw(fs::read_to_string(pid_file(folder)).ok()?.trim().parse().ok()?)
}

/// Whether the process runs and is a nats-server. On systems without /proc, every process counts as one.
fn is_running(pid: Pid) -> bool {
    if !Path::new("/proc/self/comm").exists() {
        return test_kill_process(pid).is_ok();
    }
    let name = fs::read_to_string(format!("/proc/{}/comm", pid.as_raw_nonzero()));
    name.is_ok_and(|name| name.trim() == "nats-server")
}
