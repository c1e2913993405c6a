//! The folder that keeps all data between runs. Only its owner can read it, and only one hubsync uses it at a time.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    net::SocketAddr,
    path::Path,
};

use anyhow::{Context, bail};
use runtime::private_files;

/// The names of hubsync's own files in the folder begin with these.
const OWN_NAMES: [&str; 4] = ["hubspot-sandbox.jsonl", "lock", "nats", "users.db"];
const LOCK_FILE: &str = "lock";

/// Creates the folder if necessary, closes it to other users of the machine, and locks it. The system releases the lock
/// of a process that was killed.
pub(super) fn lock(folder: &Path) -> anyhow::Result<DataFolderLock> {
    let shown = folder.display();
    let created = private_files::create_folder(folder)
        .with_context(|| format!("the data folder {shown} cannot be created"))?;
    if !created {
        close_to_others(folder)?;
    }
    // The content is not truncated: if another process holds the lock, the file contains its gateway's address.
    let mut open = File::options();
    let open = open.write(true).create(true).truncate(false);
    let file = open
        .open(folder.join(LOCK_FILE))
        .with_context(|| format!("the data folder {shown} cannot be written to"))?;
    match file.try_lock() {
        Ok(()) => Ok(DataFolderLock(file)),
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

/// Locks the folder until it is dropped.
pub(super) struct DataFolderLock(File);

impl Drop for DataFolderLock {
    /// Closing the file is not enough: a child process that another thread starts has a copy of it for a moment, and the
    /// lock lasts until all copies are closed.
    fn drop(&mut self) {
        // If it fails, the lock ends with the last copy.
        let _ = self.0.unlock();
    }
}

impl DataFolderLock {
    /// Writes the address of this process's gateway into the lock file, where `hubsync doctor` reads it.
    pub(super) fn write_gateway_address(&mut self, address: SocketAddr) -> io::Result<()> {
        self.0.set_len(0)?;
        writeln!(self.0, "{address}")
    }
}

/// The address of the gateway of the hubsync that uses this folder; `None` if no hubsync uses it now.
pub(crate) fn gateway_of(folder: &Path) -> Option<SocketAddr> {
    let mut file = File::open(folder.join(LOCK_FILE)).ok()?;
    if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return None;
    }
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Closes an existing folder and hubsync's files in it to other users. A folder with files of other programs is not
/// changed; if others can read it, that is an error.
fn close_to_others(folder: &Path) -> anyhow::Result<()> {
    let shown = folder.display();
    let cannot = || {
        format!(
            "others can read the data folder {shown}, and its permissions cannot be changed; run hubsync as its owner"
        )
    };
    let is_ours = folder.join(LOCK_FILE).exists() || is_empty(folder).with_context(cannot)?;
    if !is_ours && private_files::is_open_to_others(folder).with_context(cannot)? {
        bail!(
            "the data folder {shown} contains files that are not hubsync's, and others can read it; name another folder \
             with --data, or close this one with chmod 700"
        );
    }
    // The folder is closed first, so that no other user can open its files in the meantime.
    let mut open = usize::from(private_files::close_to_others(folder).with_context(cannot)?);
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let name = entry.file_name();
        if OWN_NAMES
            .iter()
            .any(|own| name.to_string_lossy().starts_with(own))
        {
            open += private_files::close_all_to_others(&entry.path()).with_context(cannot)?;
        }
    }
    if open > 0 {
        tracing::warn!(
            folder = %shown,
            open,
            "others could read the data folder or files in it; hubsync has restricted them to the owner"
        );
    }
    Ok(())
}

fn is_empty(folder: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(folder)?.next().is_none())
}
