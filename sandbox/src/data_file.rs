//! The data set in a file: one JSON object per line. The last line of a contact or property counts.
//!
//! The lines of a request are written before its response, so a killed process loses nothing that it confirmed. If the
//! machine fails, lines that the system has not flushed to the disk are lost. Opening the file compacts it: the new
//! file replaces the old one in one rename.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{self, BufWriter, Write as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::model::{
    Account, Changes, Contact, ContactId, Properties, PropertyDefinition, PropertyGroup, StoredAccount, Write,
};

/// A file is compacted if it has more lines than `MIN_LINES_TO_COMPACT` and this many for each contact together.
const LINES_PER_CONTACT: usize = 20;
const MIN_LINES_TO_COMPACT: usize = 10_000;

/// Why a data file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataFileError {
    /// Another sandbox uses the file.
    #[error("data file {0}: another sandbox uses it; stop that one or name another file")]
    InUse(PathBuf),
    /// The file cannot be read or written.
    #[error("data file {path}")]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// A line cannot be parsed.
    #[error("data file {path}, line {line}")]
    Line {
        /// The file.
        path: PathBuf,
        /// The number of the line, counted from 1.
        line: usize,
        /// The error of the parser.
        source: serde_json::Error,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Line {
    Account(StoredAccount),
    PropertyGroup(PropertyGroup),
    Property(Box<PropertyDefinition>),
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
    _lock: DataFileLock,
}

/// Keeps a file for one sandbox until it is dropped, so that two sandboxes never use one file.
#[derive(Debug)]
pub(crate) struct DataFileLock(File);

impl Drop for DataFileLock {
    /// Closing the file is not enough: a child process that another thread starts has a copy of it for a moment, and the
    /// lock lasts until all copies are closed.
    fn drop(&mut self) {
        // If it fails, the lock ends with the last copy.
        let _ = self.0.unlock();
    }
}

impl DataFile {
    /// Locks a file for this sandbox. Callers lock it before they load it.
    pub(crate) fn lock(path: &Path) -> Result<DataFileLock, DataFileError> {
        let failed = |source| DataFileError::Io {
            path: path.to_owned(),
            source,
        };
        let file = File::create(with_suffix(path, ".lock")).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(DataFileLock(file)),
            Err(TryLockError::WouldBlock) => Err(DataFileError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Loads the data set from a file; none if the file does not exist.
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
                // The process was killed while it wrote this line, so it never sent the response.
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
                // Every data file begins with its account, so other lines before it are skipped.
                (_, None) => {}
            }
        }
        Ok(account)
    }

    /// Replaces the file by this data set, and opens it for appending.
    pub(crate) fn create(path: &Path, account: &Account, lock: DataFileLock) -> Result<Self, DataFileError> {
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

    /// Appends the changes of a request, in one write.
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
            // Half a line in the middle of the file would make it unreadable.
            self.file.set_len(length)?;
            return Err(error);
        }
        self.lines += lines;
        Ok(())
    }

    /// Rewrites the file if it has far more lines than contacts.
    pub(crate) fn compact_if_long(&mut self, account: &Account) -> Result<(), io::Error> {
        if self.lines > MIN_LINES_TO_COMPACT + LINES_PER_CONTACT * account.contact_count() {
            (self.file, self.lines) = write_all(&self.path, account)?;
        }
        Ok(())
    }

    /// Flushes everything to the disk.
    pub(crate) fn flush(&mut self) -> Result<(), io::Error> {
        self.file.sync_all()
    }
}

fn restore(account: &mut Account, line: Line) {
    match line {
        Line::Account(stored) => account.stored = stored,
        Line::PropertyGroup(group) => account.properties.insert_group(group),
        Line::Property(definition) => drop(account.properties.insert(*definition)),
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
    let groups = changes
        .new_groups
        .iter()
        .filter_map(|name| account.properties.group(name));
    let properties = changes
        .properties_before
        .keys()
        .filter_map(|name| account.properties.definition(name));
    stored
        .chain(groups.map(group_line))
        .chain(properties.map(property_line))
        .chain(contacts)
        .chain(changes.writes.iter().cloned().map(Line::Write))
        .collect()
}

fn group_line(group: &PropertyGroup) -> Line {
    Line::PropertyGroup(group.clone())
}

fn property_line(definition: &PropertyDefinition) -> Line {
    Line::Property(Box::new(definition.clone()))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn write_all(path: &Path, account: &Account) -> Result<(File, usize), io::Error> {
    let new = with_suffix(path, ".new");
    let mut output = BufWriter::new(File::create(&new)?);
    let mut lines = 0;
    let contacts = account.contacts().cloned().map(Line::Contact);
    let mut writes: Vec<&Write> = account.all_writes().collect();
    writes.sort_by_key(|write| write.sequence);
    let writes = writes.into_iter().cloned().map(Line::Write);
    let groups = account.properties.custom_groups().map(group_line);
    let properties = account.properties.changed_definitions().map(property_line);
    // Properties come before contacts, whose unique values are indexed by them.
    for line in std::iter::once(Line::Account(account.stored.clone()))
        .chain(groups)
        .chain(properties)
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
