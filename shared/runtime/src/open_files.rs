//! The limit on files and connections that a process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// `OPEN_MAX` of macOS, which rejects a higher limit even if it reports none.
const MAX_ON_MACOS: u64 = 10_240;

/// Raises the limit on open files of this process to the highest that the system allows.
///
/// Many systems start a process with a limit of 1,024, because of programs that use `select`, and allow it to raise the limit. A
/// service with a connection for each caller needs that.
pub fn raise_limit() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    for current in [maximum, Some(MAX_ON_MACOS)] {
        // If it fails, the process goes on with the limit that it had.
        if setrlimit(Resource::Nofile, Rlimit { current, maximum }).is_ok() {
            return;
        }
    }
}
