//! Finds the server's programs, which are often not on the `PATH`.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::PostgresError;

const SERVER: &str = "postgres";
/// Where Debian and similar distributions install each version in its own folder.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder with the programs of one version.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Finds the programs on the `PATH`, or else the newest version of the distribution.
    pub fn find() -> Result<Self, PostgresError> {
        let path = env::var_os("PATH").unwrap_or_default();
        // If this is a symbolic link, the other programs are in the folder of its target.
        let on_path = env::split_paths(&path).find_map(|folder| {
            let program = fs::canonicalize(folder.join(SERVER)).ok()?;
            program.parent().map(Path::to_owned)
        });
        let folder = on_path.or_else(newest_of_distribution);
        folder
            .map(|folder| Self { folder })
            .ok_or(PostgresError::NotFound)
    }

    /// The path of a program.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }
}

fn newest_of_distribution() -> Option<PathBuf> {
    let versions = fs::read_dir(DEBIAN).ok()?.flatten();
    let folders = versions.filter_map(|entry| {
        let version: u32 = entry.file_name().to_str()?.parse().ok()?;
        let folder = Path::new(DEBIAN).join(entry.file_name()).join("bin");
        folder.join(SERVER).is_file().then_some((version, folder))
    });
    folders.max().map(|(_, folder)| folder)
}

/// The library that changes a program's clock.
pub fn find_faketime() -> Result<PathBuf, PostgresError> {
    let machines = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut libraries = machines.map(|machine| machine.path().join("faketime/libfaketime.so.1"));
    libraries
        .find(|library| library.is_file())
        .ok_or(PostgresError::NoFaketime)
}
