//! A small disk for the user database, which can be filled and made read-only, if the harness may mount one.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, bail, ensure};

/// Room for tens of thousands of users and their log.
const SIZE: &str = "size=192m";
const CHUNK_BYTES: usize = 64 * 1024;

/// A folder, on which a disk may be mounted.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    mounted: bool,
}

impl Disk {
    /// Makes the folder, and mounts a small disk in memory on it if that is allowed. Mounting needs root.
    pub fn make(folder: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let mounted = mount(&["-t", "tmpfs", "-o", SIZE, "tmpfs"], &folder);
        Ok(Self { folder, mounted })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Whether it can be filled and made read-only.
    pub fn can_be_broken(&self) -> bool {
        self.mounted
    }

    /// Fills it to the last byte.
    pub fn fill(&self) -> anyhow::Result<()> {
        ensure!(self.mounted, "the database has no disk of its own");
        let mut file = File::create(self.filler())?;
        let chunk = vec![0; CHUNK_BYTES];
        loop {
            match file.write_all(&chunk) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(()),
                Err(error) => return Err(error).context("the disk could not be filled"),
            }
        }
    }

    /// Frees the disk again.
    pub fn empty(&self) -> io::Result<()> {
        fs::remove_file(self.filler())
    }

    /// Makes it read-only or writable. This fails while a file is open for writing.
    pub fn set_read_only(&self, read_only: bool) -> anyhow::Result<()> {
        ensure!(self.mounted, "the database has no disk of its own");
        let option = if read_only { "remount,ro" } else { "remount,rw" };
        if !mount(&["-o", option], &self.folder) {
            bail!("the disk of the database could not be made {option}");
        }
        Ok(())
    }

    fn filler(&self) -> PathBuf {
        self.folder.join("filler")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        if self.mounted {
            // A lazy unmount works even if a process still uses the folder, which is removed next.
            let _ = Command::new("umount").arg("-l").arg(&self.folder).output();
        }
    }
}

/// Runs `mount`, and returns whether it succeeded.
fn mount(arguments: &[&str], folder: &Path) -> bool {
    let tried = Command::new("mount").args(arguments).arg(folder).output();
    tried.is_ok_and(|output| output.status.success())
}
