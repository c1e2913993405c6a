//! The disk of the user database: a small one of its own, where this machine lets the harness mount one.

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

/// A folder, and whether a disk of its own is mounted there.
#[derive(Debug)]
pub struct Disk {
    folder: PathBuf,
    mounted: bool,
}

impl Disk {
    /// Makes the folder, and mounts a small disk there if that is allowed; mounting takes root.
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

    /// Gives the room back.
    pub fn empty(&self) -> io::Result<()> {
        fs::remove_file(self.filler())
    }

    /// Makes it read-only or writable; only while nobody has a file open for writing.
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
            // Lazily: the folder is removed next, whoever may still look into it.
            let _ = Command::new("umount").arg("-l").arg(&self.folder).output();
        }
    }
}

/// Whether that worked. Where there is no such program, or it may not, it did not.
fn mount(arguments: &[&str], folder: &Path) -> bool {
    let tried = Command::new("mount").args(arguments).arg(folder).output();
    tried.is_ok_and(|output| output.status.success())
}
