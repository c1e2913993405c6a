//! Replaces a secret in its file atomically: a reader finds the old secret or the new one, even after a power failure.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write},
    path::Path,
};

use runtime::settings::Secret;

/// Writes the secret to a new file with the same permissions, flushes it to disk and renames it over the old one.
pub(super) fn write_back(path: &Path, secret: &Secret) -> io::Result<()> {
    // Resolved first, so that a symbolic link stays a link and its target is replaced.
    let path = fs::canonicalize(path)?;
    let permissions = fs::metadata(&path)?.permissions();
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::from(io::ErrorKind::InvalidFilename));
    };
    let beside = folder.join(format!(".{}.{}", name.display(), uuid::Uuid::new_v4().simple()));
    let replaced = write_new(&beside, secret, permissions).and_then(|()| fs::rename(&beside, &path));
    if replaced.is_err() {
        drop(fs::remove_file(&beside));
    }
    replaced?;
    File::open(folder)?.sync_all()
}

fn write_new(path: &Path, secret: &Secret, permissions: Permissions) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    writeln!(file, "{}", secret.expose())?;
    file.set_permissions(permissions)?;
    file.sync_all()
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests may panic")]
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn the_file_keeps_its_permissions_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        for mode in [0o600, 0o640] {
            fs::write(&path, "one\n").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
            write_back(&path, &Secret::from("two")).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_goes_on_pointing_to_the_same_file() {
        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("token"), folder.path().join("link"));
        fs::write(&path, "one").unwrap();
        symlink(&path, &link).unwrap();
        write_back(&link, &Secret::from("two")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "two\n");
    }

    #[test]
    fn a_file_that_is_gone_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        assert!(write_back(&folder.path().join("token"), &Secret::from("two")).is_err());
    }
}
