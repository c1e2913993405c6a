//! Reads the version of a nats-server program.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use semver::Version;
use tokio::process::Command;

/// The oldest suitable version. Older servers lose wake-ups after a rollback of their files, and restart slowly.
pub(super) const OLDEST_SUPPORTED: Version = Version::new(2, 10, 0);

const LIMIT: Duration = Duration::from_secs(20);

/// Runs `nats-server --version`.
pub(super) async fn version_of(program: &Path) -> io::Result<Version> {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(LIMIT, command.output())
        .await
        .map_err(|_| io::Error::other("it does not print its version in time"))??;
    let text = String::from_utf8_lossy(&output.stdout);
    parse(&text).ok_or_else(|| io::Error::other("it does not print its version"))
}

/// Whether hubsync supports this version. A preview of 2.10 counts as 2.10.
pub(super) fn is_supported(version: &Version) -> bool {
    (version.major, version.minor) >= (OLDEST_SUPPORTED.major, OLDEST_SUPPORTED.minor)
}

/// Reads `nats-server: v2.15.1`.
fn parse(text: &str) -> Option<Version> {
    let word = text.lines().next()?.split_whitespace().last()?;
    Version::parse(word.trim_start_matches('v')).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_read_from_the_servers_answer() {
        assert_eq!(parse("nats-server: v2.15.1\n"), Some(Version::new(2, 15, 1)));
        assert_eq!(parse("nats-server: v2.9.10"), Some(Version::new(2, 9, 10)));
        assert_eq!(parse("usage: something"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn servers_from_2_10_on_are_supported() {
        assert!(is_supported(&Version::new(2, 10, 0)) && is_supported(&Version::new(3, 0, 0)));
        assert!(!is_supported(&Version::new(2, 9, 99)));
    }
}
