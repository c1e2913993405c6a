//! Scripts that replace programs, and checks of processes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, test_kill_process, test_kill_process_group};

/// The limit of each wait, which is generous for a loaded machine.
pub(crate) const CEILING: Duration = Duration::from_secs(30);

/// Writes an executable shell script.
pub(crate) fn script(folder: &Path, name: &str, body: &str) -> PathBuf {
    let path = folder.join(name);
    // The script is written under another name and then renamed, because a file that is open for writing cannot be
    // executed, and a concurrent fork may hold it open.
    let draft = folder.join(format!("{name}.draft"));
    fs::write(&draft, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&draft, &path).unwrap();
    path
}

/// Whether the process exists and is not a zombie.
pub(crate) fn runs(pid: u32) -> bool {
    if cfg!(target_os = "linux") {
        group_of(pid).is_some()
    } else {
        test_kill_process(to_pid(pid)).is_ok()
    }
}

/// Whether a process runs in the group of the program, the supervising script and the guard.
pub(crate) fn group_runs(group: Pid) -> bool {
    if !cfg!(target_os = "linux") {
        return test_kill_process_group(group).is_ok();
    }
    let group = group.as_raw_nonzero().get();
    let entries = fs::read_dir("/proc")
        .unwrap()
        .map(|entry| entry.unwrap().file_name());
    let mut pids = entries.filter_map(|name| name.to_str()?.parse().ok());
    pids.any(|pid| group_of(pid) == Some(group))
}

/// The process group of a running process. A zombie does not count.
fn group_of(pid: u32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let mut fields = stat.rsplit(')').next()?.split_whitespace();
    let (state, _parent, group) = (fields.next()?, fields.next()?, fields.next()?);
    if state == "Z" { None } else { group.parse().ok() }
}

pub(crate) fn to_pid(pid: u32) -> Pid {
    i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap()
}
