//! Data files on disk, without a server.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use jiff::Timestamp;

use super::*;
use crate::{
    Switches,
    model::{ApiVersion, Context, Source, Values, create, update},
};

fn properties() -> Properties {
    Properties::new(&[], &[])
}

fn account() -> Account {
    Account::new(StoredAccount::new(12_345_678), properties(), 100)
}

fn values(first_name: &str) -> Values {
    Values::from([("firstname".to_owned(), first_name.to_owned())])
}

fn with_context<T>(act: impl FnOnce(&Context<'_>) -> T) -> T {
    let switches = Switches::default();
    act(&Context {
        now: Timestamp::UNIX_EPOCH,
        version: ApiVersion::V3,
        switches: &switches,
        source: Source::Integration,
        author: "token 1",
        call: 1,
    })
}

fn open(path: &Path, account: &Account) -> DataFile {
    DataFile::create(path, account, DataFile::lock(path).unwrap()).unwrap()
}

fn add(account: &mut Account, file: &mut DataFile, first_name: &str) -> ContactId {
    let contact = with_context(|context| create(account, context, &values(first_name), None)).unwrap();
    file.append(account, account.pending()).unwrap();
    account.commit();
    contact.id
}

#[test]
fn an_absent_file_has_no_data_set() {
    let folder = tempfile::tempdir().unwrap();
    let loaded = DataFile::load(&folder.path().join("none"), &properties(), 100).unwrap();
    assert!(loaded.is_none());
}

#[test]
fn a_dropped_lock_is_free_although_a_child_process_has_a_copy_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let lock = DataFile::lock(&path).unwrap();
    let _copy = lock.0.try_clone().unwrap();
    assert!(matches!(DataFile::lock(&path), Err(DataFileError::InUse(_))));
    drop(lock);
    DataFile::lock(&path).unwrap();
}

#[test]
fn the_last_line_of_a_contact_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let mut account = account();
    let mut file = open(&path, &account);
    let id = add(&mut account, &mut file, "First");
    with_context(|context| update(&mut account, context, id, &values("Second"), Some("t-1"))).unwrap();
    file.append(&account, account.pending()).unwrap();
    account.commit();

    let loaded = DataFile::load(&path, &properties(), 100).unwrap().unwrap();
    assert_eq!(loaded.contact(id), account.contact(id));
    assert_eq!(loaded.writes(id), account.writes(id));
    assert_eq!(loaded.stored, account.stored);
}

#[test]
fn a_long_file_is_compacted_without_loss() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let mut account = account();
    let mut file = open(&path, &account);
    let id = add(&mut account, &mut file, "Ada");
    file.lines = MIN_LINES_TO_COMPACT + LINES_PER_CONTACT + 1;
    file.compact_if_long(&account).unwrap();
    let second = add(&mut account, &mut file, "Grace");

    let lines = std::fs::read_to_string(&path).unwrap().lines().count();
    assert_eq!(
        lines,
        3 + 3,
        "account, contact and write of the first; the same of the second"
    );
    let loaded = DataFile::load(&path, &properties(), 100).unwrap().unwrap();
    assert!(loaded.contact(id).is_some() && loaded.contact(second).is_some());
}

#[test]
fn only_an_incomplete_last_line_is_skipped() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data");
    let mut account = account();
    let mut file = open(&path, &account);
    add(&mut account, &mut file, "Ada");
    let good = std::fs::read_to_string(&path).unwrap();

    // The line ends in the middle of a character.
    let half_a_line = [good.as_bytes(), b"{\"contact\":{\"id\":\"101\",\"x\":\"\xc3"].concat();
    std::fs::write(&path, half_a_line).unwrap();
    let loaded = DataFile::load(&path, &properties(), 100).unwrap().unwrap();
    assert_eq!(loaded.contact_count(), 1);

    std::fs::write(&path, format!("{good}{{\"contact\":\n{good}")).unwrap();
    let error = DataFile::load(&path, &properties(), 100).unwrap_err();
    assert!(matches!(error, DataFileError::Line { line: 5, .. }), "{error}");
}
