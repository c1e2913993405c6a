//! Which versions of the server are supported.

use semver::Version;

/// The oldest supported version. Older servers lose wake-ups after their files were rolled back, and restart slowly.
pub const OLDEST_SERVER: Version = Version::new(2, 10, 0);

/// Whether the version is supported. A preview of 2.10 counts as 2.10.
pub(super) fn is_supported(version: &str) -> bool {
    let parsed = Version::parse(version.trim().trim_start_matches('v'));
    parsed.is_ok_and(|version| (version.major, version.minor) >= (OLDEST_SERVER.major, OLDEST_SERVER.minor))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_from_2_10_on_will_do() {
        for version in ["2.10.0", "v2.10.25", "2.10.0-RC.1", "2.15.1", "3.0.0"] {
            assert!(is_supported(version), "{version}");
        }
        for version in ["2.9.10", "1.4.1", "", "unknown"] {
            assert!(!is_supported(version), "{version}");
        }
    }
}
