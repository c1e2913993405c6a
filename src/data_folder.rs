//! The folder that holds everything between runs: nobody but its owner may read it, and one hubsync uses it at a time.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Read, Write},
    net::SocketAddr,
    path::Path,
};

use anyhow::{Context, bail};
use runtime::private_files;

/// What hubsync keeps in its folder, by the beginning of the names.
const OWN: [&str; 4] = ["hubspot-sandbox.jsonl", "lock", "nats", "users.db"];
const LOCK: &str = "lock";

/// Makes the folder where it is missing, and keeps other people and other processes out of it; the processes while the
/// file is open. The system takes the lock back from a process that was killed.
pub(crate) fn lock(folder: &Path) -> anyhow::Result<Lock> {
    let shown = folder.display();
    let created = private_files::create_folder(folder)
        .with_context(|| format!("the data folder {shown} cannot be made"))?;
    if !created {
        close(folder)?;
    }
    // Another process that has the lock keeps what it wrote there.
    let mut open = File::options();
    let open = open.write(true).create(true).truncate(false);
    let file = open
        .open(folder.join(LOCK))
        .with_context(|| format!("the data folder {shown} cannot be written to"))?;
    match file.try_lock() {
        Ok(()) => Ok(Lock(file)),
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

/// Keeps other processes out of the folder for as long as it is held.
pub(crate) struct Lock(File);

impl Lock {
    /// Notes where the gateway of this process listens, for `hubsync doctor`.
    pub(crate) fn note_gateway(&mut self, address: SocketAddr) -> io::Result<()> {
        self.0.set_len(0)?;
        writeln!(self.0, "{address}")
    }
}

/// Where the gateway of the hubsync that uses this folder listens; `None` if no hubsync uses it now.
pub(crate) fn gateway_of(folder: &Path) -> Option<SocketAddr> {
    let mut file = File::open(folder.join(LOCK)).ok()?;
    if !matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)) {
        return None;
    }
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

/// Closes a folder that was there already, and what hubsync keeps in it. Somebody else's folder is left as it is.
fn close(folder: &Path) -> anyhow::Result<()> {
    let shown = folder.display();
    let cannot =
        || format!("others may read the data folder {shown}, and that cannot be changed; run as its owner");
    let is_ours = folder.join(LOCK).exists() || is_empty(folder).with_context(cannot)?;
    if !is_ours && private_files::is_open_to_others(folder).with_context(cannot)? {
        bail!(
            "the data folder {shown} holds files that are not hubsync's, and others may read it; name a folder of its own \
             with --data, or close it with chmod 700"
        );
    }
    // The folder first, so that nobody reaches what is in it meanwhile.
    let mut open = usize::from(private_files::close_to_others(folder).with_context(cannot)?);
    for entry in fs::read_dir(folder).with_context(cannot)? {
        let entry = entry.with_context(cannot)?;
        let name = entry.file_name();
        if OWN.iter().any(|own| name.to_string_lossy().starts_with(own)) {
            open += private_files::close_all_to_others(&entry.path()).with_context(cannot)?;
        }
    }
    if open > 0 {
        tracing::warn!(
            folder = %shown,
            open,
            "others could read the data folder or files in it; now only its owner can"
        );
    }
    Ok(())
}

fn is_empty(folder: &Path) -> io::Result<bool> {
    Ok(fs::read_dir(folder)?.next().is_none())
}
