//! How many files and connections a process may have open.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Allows this process as many open files as the system lets it ask for.
///
/// Many systems start a process with 1,024, for the sake of programs that use `select`, and let it ask for far more. A
/// service with a connection for each caller needs them. Returns what is allowed now; none means no limit.
pub fn allow_most() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let most = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // Some systems refuse more than a number of their own; what there was before is all right, too.
    match setrlimit(Resource::Nofile, most) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    }
}
