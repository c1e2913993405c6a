//! The data set in a file: one JSON object per line, the last word on each contact wins.
//!
//! A request's lines are written before it is answered, so a killed process loses nothing it confirmed; what the
//! system had not yet brought to the disk is lost if the whole machine fails. Opening the file rewrites it, short and
//! in one rename.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::model::{Account, Changes, Contact, ContactId, Properties, StoredAccount, Write};

/// A file grows by this many lines for each contact before it is rewritten.
const LINES_PER_CONTACT: usize = 20;
const SPARE_LINES: usize = 10_000;

/// Why a data file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFileError {
    /// Another sandbox has it open.
    #[error("data file {0}: another sandbox uses it; stop that one or name another file")]
    InUse(PathBuf),
    /// The file cannot be read or written.
    #[error("data file {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A line is no part of a data set.
    #[error("data file {path}, line {line}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        source: serde_json::Error,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Account(StoredAccount),
    Contact(Contact),
    Removed(ContactId),
    Write(Write),
}

/// An open data file.
#[derive(Debug)]
pub(crate) struct DataFile {
    path: PathBuf,
    file: File,
    lines: usize,
    /// Held as long as the file is open, so that two sandboxes never share one.
    _lock: File,
}

impl DataFile {
    /// Keeps other sandboxes away from a file; must come before anything else.
    pub(crate) fn lock(path: &Path) -> Result<File, DataFileError> {
        let failed = |source| DataFileError::Io {
            path: path.to_owned(),
            source,
        };
        let file = File::create(beside(path, ".lock")).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(file),
            Err(TryLockError::WouldBlock) => Err(DataFileError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// The data set in a file, if there is one.
    pub(crate) fn load(
        path: &Path,
        properties: &Properties,
        kept_writes: usize,
    ) -> Result<Option<Account>, DataFileError> {
        let failed = |source| DataFileError::Io {
            path: path.to_owned(),
            source,
        };
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut account: Option<Account> = None;
        let lines: Vec<&[u8]> = bytes
            .split(|byte| *byte == b'\n')
            .filter(|line| !line.is_empty())
            .collect();
        for (index, text) in lines.iter().enumerate() {
            let line = match serde_json::from_slice(text) {
                Ok(line) => line,
                // The process was killed while it wrote this line, so nobody was told that it happened.
                Err(_) if index > 0 && index + 1 == lines.len() => break,
                Err(source) => {
                    return Err(DataFileError::Line {
                        path: path.to_owned(),
                        line: index + 1,
                        source,
                    });
                }
            };
            match (line, account.as_mut()) {
                (line, Some(account)) => restore(account, line),
                (Line::Account(stored), None) => {
                    account = Some(Account::new(stored, properties.clone(), kept_writes));
                }
                // Every data file begins with its account.
                (_, None) => {}
            }
        }
        Ok(account)
    }

    /// Writes a data set in place of whatever the file holds, and opens it for changes.
    pub(crate) fn create(path: &Path, account: &Account, lock: File) -> Result<Self, DataFileError> {
        let failed = |source| DataFileError::Io {
            path: path.to_owned(),
            source,
        };
        let (file, lines) = write_all(path, account).map_err(failed)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            lines,
            _lock: lock,
        })
    }

    /// Adds what a request is about to change, in one write.
    pub(crate) fn append(&mut self, account: &Account, changes: &Changes) -> Result<(), io::Error> {
        let mut text = Vec::new();
        let mut lines = 0;
        for line in lines_of(account, changes) {
            serde_json::to_writer(&mut text, &line)?;
            text.push(b'\n');
            lines += 1;
        }
        let length = self.file.metadata()?.len();
        if let Err(error) = self.file.write_all(&text) {
            // Half a line must not stay in the middle of the file.
            self.file.set_len(length)?;
            return Err(error);
        }
        self.lines += lines;
        Ok(())
    }

    /// Rewrites the file once it holds far more lines than contacts.
    pub(crate) fn compact_if_long(&mut self, account: &Account) -> Result<(), io::Error> {
        if self.lines > SPARE_LINES + LINES_PER_CONTACT * account.contact_count() {
            (self.file, self.lines) = write_all(&self.path, account)?;
        }
        Ok(())
    }

    /// Brings everything to the disk.
    pub(crate) fn flush(&mut self) -> Result<(), io::Error> {
        self.file.sync_all()
    }
}

fn restore(account: &mut Account, line: Line) {
    match line {
        Line::Account(stored) => account.stored = stored,
        Line::Contact(contact) => account.restore(contact),
        Line::Removed(id) => account.restore_removal(id),
        Line::Write(write) => account.restore_write(write),
    }
}

fn lines_of(account: &Account, changes: &Changes) -> Vec<Line> {
    let stored = std::iter::once(Line::Account(account.stored.clone())).filter(|_| changes.account);
    let contacts = changes.before.keys().map(|id| match account.contact(*id) {
        Some(contact) => Line::Contact(contact.clone()),
        None => Line::Removed(*id),
    });
    stored
        .chain(contacts)
        .chain(changes.writes.iter().cloned().map(Line::Write))
        .collect()
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn write_all(path: &Path, account: &Account) -> Result<(File, usize), io::Error> {
    let new = beside(path, ".new");
    let mut output = BufWriter::new(File::create(&new)?);
    let mut lines = 0;
    let contacts = account.contacts().cloned().map(Line::Contact);
    let mut writes: Vec<&Write> = account.all_writes().collect();
    writes.sort_by_key(|write| write.sequence);
    let writes = writes.into_iter().cloned().map(Line::Write);
    for line in std::iter::once(Line::Account(account.stored.clone()))
        .chain(contacts)
        .chain(writes)
    {
        serde_json::to_writer(&mut output, &line)?;
        output.write_all(b"\n")?;
        lines += 1;
    }
    output
        .into_inner()
        .map_err(io::IntoInnerError::into_error)?
        .sync_all()?;
    std::fs::rename(&new, path)?;
    Ok((OpenOptions::new().append(true).open(path)?, lines))
}

#[cfg(test)]
mod tests;
