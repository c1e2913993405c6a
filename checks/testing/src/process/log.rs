//! The output of a program: a file, so that a program is never held up by a reader, and nothing is lost with it.

use std::path::{Path, PathBuf};
use std::{fs, io};

use tempfile::TempDir;

const TAIL_LINES: usize = 30;

/// The file a program writes its output to.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    /// Where this run begins, if the file was there before.
    start: usize,
    /// Removed with the log, unless the file was placed by the caller.
    _folder: Option<TempDir>,
}

impl Log {
    pub(super) fn at(path: PathBuf) -> io::Result<Self> {
        let start = match fs::metadata(&path) {
            Ok(metadata) => usize::try_from(metadata.len()).unwrap_or(usize::MAX),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        Ok(Self {
            path,
            start,
            _folder: None,
        })
    }

    pub(super) fn temporary() -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("hubsync-log-").tempdir()?;
        Ok(Self {
            path: folder.path().join("output.log"),
            start: 0,
            _folder: Some(folder),
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// What this run has written so far.
    pub(super) fn read(&self) -> io::Result<String> {
        let bytes = match fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(error),
        };
        Ok(String::from_utf8_lossy(bytes.get(self.start..).unwrap_or_default()).into_owned())
    }

    /// The last lines, for an error message.
    pub(super) fn tail(&self) -> String {
        let text = self
            .read()
            .unwrap_or_else(|error| format!("(unreadable: {error})"));
        let lines: Vec<_> = text.lines().collect();
        if lines.is_empty() {
            return "  (nothing)".to_owned();
        }
        let last = &lines[lines.len().saturating_sub(TAIL_LINES)..];
        last.iter()
            .map(|line| format!("  {line}"))
            .collect::<Vec<_>>()
            .join("\n")
    }
}
