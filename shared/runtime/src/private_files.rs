//! Folders and files that only their owner may read, from the moment they exist and with any umask.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

const FOLDER: u32 = 0o700;
const FILE: u32 = 0o600;
/// The permissions of the owner's group and of all others.
const OTHERS: u32 = 0o077;

/// Sets the umask, so that this process and the programs that it starts create files and folders that nobody else may read. For
/// files that a library creates, this is the only protection.
pub fn by_default() {
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(OTHERS));
}

/// Creates a folder and its parents if they are missing. Returns whether it was created.
pub fn create_folder(folder: &Path) -> io::Result<bool> {
    if folder.as_os_str().is_empty() || folder.is_dir() {
        return Ok(false);
    }
    DirBuilder::new().recursive(true).mode(FOLDER).create(folder)?;
    // The umask may have removed permissions of the owner too.
    fs::set_permissions(folder, Permissions::from_mode(FOLDER))?;
    Ok(true)
}

/// Creates an empty file if there is none. Returns whether it was created.
pub fn create_file(path: &Path) -> io::Result<bool> {
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE)
        .open(path);
    match created {
        Ok(file) => file.set_permissions(Permissions::from_mode(FILE)).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether others have any permission for a file or folder.
pub fn is_open_to_others(path: &Path) -> io::Result<bool> {
    Ok(fs::metadata(path)?.permissions().mode() & OTHERS != 0)
}

/// Removes the permissions of others for a file or folder. Returns whether they had any. It is no error if the file does not
/// exist.
pub fn close_to_others(path: &Path) -> io::Result<bool> {
    let mode = match fs::metadata(path) {
        Ok(metadata) => metadata.permissions().mode(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    if mode & OTHERS == 0 {
        return Ok(false);
    }
    fs::set_permissions(path, Permissions::from_mode(mode & 0o7700))?;
    Ok(true)
}

/// Like [`close_to_others`], for a folder with everything in it. Returns for how many files and folders others had permissions.
/// Links are not followed, because their targets may be outside the folder.
pub fn close_all_to_others(path: &Path) -> io::Result<usize> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        Err(error) => return Err(error),
    };
    if metadata.is_symlink() {
        return Ok(0);
    }
    // The folder comes first, so that nobody can reach its files while they are changed.
    let mut open = usize::from(close_to_others(path)?);
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            open += close_all_to_others(&entry?.path())?;
        }
    }
    Ok(open)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests may panic")]
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn what_is_made_is_private_and_what_is_there_stays() {
        let folder = tempfile::tempdir().unwrap();
        let (inner, file) = (folder.path().join("a/b"), folder.path().join("a/b/c"));
        assert!(create_folder(&inner).unwrap() && create_file(&file).unwrap());
        assert_eq!(
            (mode(&inner), mode(inner.parent().unwrap()), mode(&file)),
            (0o700, 0o700, 0o600)
        );
        fs::write(&file, "x").unwrap();
        assert!(!create_folder(&inner).unwrap() && !create_file(&file).unwrap());
        assert_eq!(fs::read_to_string(&file).unwrap(), "x");
    }

    #[test]
    fn what_is_open_is_closed_but_nothing_behind_a_link() {
        let folder = tempfile::tempdir().unwrap();
        let (inner, elsewhere) = (folder.path().join("inner"), folder.path().join("elsewhere"));
        create_folder(&inner).unwrap();
        let (open, closed) = (inner.join("open"), inner.join("closed"));
        for (path, permissions) in [(&open, 0o664), (&closed, 0o600), (&elsewhere, 0o644)] {
            create_file(path).unwrap();
            set_mode(path, permissions);
        }
        set_mode(&inner, 0o755);
        std::os::unix::fs::symlink(&elsewhere, inner.join("link")).unwrap();
        assert!(is_open_to_others(&inner).unwrap());
        assert_eq!(close_all_to_others(&inner).unwrap(), 2);
        assert_eq!(
            [&inner, &open, &closed, &elsewhere].map(|path| mode(path)),
            [0o700, 0o600, 0o600, 0o644]
        );
        assert_eq!(close_all_to_others(&inner).unwrap(), 0);
        assert_eq!(close_all_to_others(&inner.join("absent")).unwrap(), 0);
    }
}
