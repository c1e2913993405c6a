//! The output of a program. It is a file, so that the program never waits for a reader and no output is lost.

use std::path::{Path, PathBuf};
use std::{fs, io};

use tempfile::TempDir;

const TAIL_LINES: usize = 30;

/// The file for a program's output.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    /// Where the output of this run begins in an existing file.
    start: usize,
    /// The folder of a temporary file, which is removed with the log.
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

    /// The output of this run so far.
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
