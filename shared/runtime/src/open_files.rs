//! How many files and connections a process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// `OPEN_MAX`: there, more is refused, also where no limit is said.
const MOST_ON_MACOS: u64 = 10_240;

/// Allows this process as many open files as the system lets it ask for.
///
/// Many systems start a process with 1,024, for the sake of programs that use `select`, and let it ask for far more. A
/// service with a connection for each caller needs them.
pub fn allow_most() {
    let maximum = getrlimit(Resource::Nofile).maximum;
    for current in [maximum, Some(MOST_ON_MACOS)] {
        // What there was before is all right, too.
        if setrlimit(Resource::Nofile, Rlimit { current, maximum }).is_ok() {
            return;
        }
    }
}
