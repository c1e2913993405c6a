//! Writes the file with the refresh token. The file is readable by its owner only from the start, and is never half
//! written.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use runtime::settings::Secret;
use tempfile::NamedTempFile;

/// The path for the token, and an empty temporary file in the same folder that will replace it.
pub(super) struct TokenFile {
    path: PathBuf,
    folder: PathBuf,
    existed: bool,
    /// Removed when dropped, unless the token was saved.
    temporary: NamedTempFile,
}

impl TokenFile {
    /// Makes sure that the file can be written, without changing an existing one.
    pub(super) fn prepare(path: &Path) -> io::Result<Self> {
        // The target of a symbolic link is replaced, not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if path.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        create_folder(&folder)?;
        Ok(Self {
            existed: path.exists(),
            temporary: tempfile::Builder::new()
                .prefix(".hubsync-")
                .tempfile_in(&folder)?,
            path,
            folder,
        })
    }

    /// Writes the token. A reader finds the old file or the new one, even after a power failure.
    pub(super) fn save(mut self, token: &Secret) -> io::Result<()> {
        writeln!(self.temporary, "{}", token.expose())?;
        self.temporary.as_file().sync_all()?;
        if self.existed {
            self.temporary.persist(&self.path)?;
        } else {
            // Another program has created the file since `prepare`. The person has not agreed to replace that one.
            self.temporary.persist_noclobber(&self.path)?;
        }
        // Without this, the rename could be lost in a power failure.
        File::open(&self.folder)?.sync_all()
    }
}

fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests may panic")]
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    fn count_files(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_new_token_file_is_always_readable_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("token");
        let file = TokenFile::prepare(&path).unwrap();
        assert_eq!(mode(file.temporary.path()), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        file.save(&Secret::from("rt-1")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "rt-1\n");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(count_files(path.parent().unwrap()), 1);
    }

    #[test]
    fn an_existing_file_is_replaced_with_owner_only_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        drop(TokenFile::prepare(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(count_files(folder.path()), 1, "no temporary file is left");
        let file = TokenFile::prepare(&path).unwrap();
        file.save(&Secret::from("rt-2")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "rt-2\n");
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_file_created_after_prepare_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let file = TokenFile::prepare(&path).unwrap();
        fs::write(&path, "of another program").unwrap();
        assert!(file.save(&Secret::from("rt-1")).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "of another program");
        assert_eq!(count_files(folder.path()), 1);
    }

    #[test]
    fn the_target_of_a_link_is_replaced_and_a_folder_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("token"), folder.path().join("link"));
        fs::write(&path, "old").unwrap();
        symlink(&path, &link).unwrap();
        TokenFile::prepare(&link)
            .unwrap()
            .save(&Secret::from("rt-1"))
            .unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "rt-1\n");
        assert!(TokenFile::prepare(folder.path()).is_err());
    }
}
