//! Finds the server's programs, which distributions like to keep off the `PATH`.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

use super::PostgresError;

const SERVER: &str = "postgres";
/// Where Debian and its kin keep each version in a folder of its own.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The folder with the programs of one version.
#[derive(Debug, Clone)]
pub struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Those on the `PATH`, else the newest that the distribution has installed.
    pub fn find() -> Result<Self, PostgresError> {
        let path = env::var_os("PATH").unwrap_or_default();
        // A link there may lead away from the other programs.
        let on_path = env::split_paths(&path).find_map(|folder| {
            let program = fs::canonicalize(folder.join(SERVER)).ok()?;
            program.parent().map(Path::to_owned)
        });
        let folder = on_path.or_else(newest_of_distribution);
        folder
            .map(|folder| Self { folder })
            .ok_or(PostgresError::NotFound)
    }

    /// One of them, by its name.
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

/// The library that shows a program another time.
pub fn find_faketime() -> Result<PathBuf, PostgresError> {
    let machines = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut libraries = machines.map(|machine| machine.path().join("faketime/libfaketime.so.1"));
    libraries
        .find(|library| library.is_file())
        .ok_or(PostgresError::NoFaketime)
}
