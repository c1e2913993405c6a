//! The folder that holds everything between runs.

use std::{
    fs::{File, TryLockError},
    path::Path,
};

use anyhow::{Context, bail};

/// Makes the folder where it is missing, and keeps other processes out of it while the file is open. The system takes
/// the lock back from a process that was killed.
pub(crate) fn lock(folder: &Path) -> anyhow::Result<File> {
    let shown = folder.display();
    std::fs::create_dir_all(folder).with_context(|| format!("the data folder {shown} cannot be made"))?;
    let file = File::create(folder.join("lock"))
        .with_context(|| format!("the data folder {shown} cannot be written to"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            bail!(
                "the data folder {shown} is in use by another hubsync; stop that one, or name another folder with --data"
            )
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("the data folder {shown} cannot be locked"))
        }
    }
}
