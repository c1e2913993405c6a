//! The file for the refresh token: readable by its owner only from the first moment, and never half written.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use runtime::settings::Secret;
use tempfile::NamedTempFile;

/// A place for the token, and an empty file beside it that takes it up.
pub(super) struct TokenFile {
    path: PathBuf,
    folder: PathBuf,
    existed: bool,
    /// Removed again unless the token is kept.
    beside: NamedTempFile,
}

impl TokenFile {
    /// Makes sure that the file can be written. What it holds stays as it is.
    pub(super) fn prepare(path: &Path) -> io::Result<Self> {
        // A link goes on pointing to the same place.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if path.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        let folder = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        make_folder(&folder)?;
        Ok(Self {
            existed: path.exists(),
            beside: tempfile::Builder::new()
                .prefix(".hubsync-")
                .tempfile_in(&folder)?,
            path,
            folder,
        })
    }

    /// Puts the token in its place. Whoever reads finds the old file or the new one, even after a power cut.
    pub(super) fn keep(mut self, token: &Secret) -> io::Result<()> {
        writeln!(self.beside, "{}", token.expose())?;
        self.beside.as_file().sync_all()?;
        if self.existed {
            self.beside.persist(&self.path)?;
        } else {
            // A file that appeared meanwhile is somebody else's, and nobody has agreed to replace it.
            self.beside.persist_noclobber(&self.path)?;
        }
        File::open(&self.folder)?.sync_all()
    }
}

fn make_folder(folder: &Path) -> io::Result<()> {
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

    fn names(folder: &Path) -> usize {
        fs::read_dir(folder).unwrap().count()
    }

    #[test]
    fn a_token_is_readable_by_its_owner_only_from_the_first_moment() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("token");
        let file = TokenFile::prepare(&path).unwrap();
        assert_eq!(mode(file.beside.path()), 0o600);
        assert_eq!(mode(path.parent().unwrap()), 0o700);
        file.keep(&Secret::from("rt-1")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "rt-1\n");
        assert_eq!(mode(&path), 0o600);
        assert_eq!(names(path.parent().unwrap()), 1);
    }

    #[test]
    fn a_file_that_is_there_stays_until_the_new_one_is_complete_and_keeps_nothing_of_its_permissions() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        drop(TokenFile::prepare(&path).unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(names(folder.path()), 1, "nothing is left beside it");
        let file = TokenFile::prepare(&path).unwrap();
        file.keep(&Secret::from("rt-2")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "rt-2\n");
        assert_eq!(mode(&path), 0o600);
    }

    #[test]
    fn a_file_that_appears_meanwhile_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let file = TokenFile::prepare(&path).unwrap();
        fs::write(&path, "of somebody else").unwrap();
        assert!(file.keep(&Secret::from("rt-1")).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "of somebody else");
        assert_eq!(names(folder.path()), 1);
    }

    #[test]
    fn a_link_goes_on_pointing_to_the_same_file_and_a_folder_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("token"), folder.path().join("link"));
        fs::write(&path, "old").unwrap();
        symlink(&path, &link).unwrap();
        TokenFile::prepare(&link)
            .unwrap()
            .keep(&Secret::from("rt-1"))
            .unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "rt-1\n");
        assert!(TokenFile::prepare(folder.path()).is_err());
    }
}
