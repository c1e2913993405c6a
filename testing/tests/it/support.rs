//! Scripts that stand in for programs, and questions about processes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::{Pid, test_kill_process};

/// Generous, since the machine may be busy.
pub(crate) const CEILING: Duration = Duration::from_secs(30);

/// Writes an executable shell script.
pub(crate) fn script(folder: &Path, name: &str, body: &str) -> PathBuf {
    let path = folder.join(name);
    // Written under another name first: a file being written cannot be executed, and a fork elsewhere may hold it open.
    let draft = folder.join(format!("{name}.draft"));
    fs::write(&draft, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&draft, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&draft, &path).unwrap();
    path
}

/// Whether the process exists and is no zombie.
pub(crate) fn runs(pid: u32) -> bool {
    let id = i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap();
    test_kill_process(id).is_ok() && !is_zombie(pid)
}

/// A zombie has ended; that nobody has asked for its exit code is another matter.
fn is_zombie(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(')')
        .next()
        .is_some_and(|rest| rest.trim_start().starts_with('Z'))
}

pub(crate) fn to_pid(pid: u32) -> Pid {
    i32::try_from(pid).ok().and_then(Pid::from_raw).unwrap()
}
