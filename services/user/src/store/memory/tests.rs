//! What is special about the store in memory: it never waits, and faults can be planted. What it has in common with the
//! databases is tested with them, in `tests/it/store.rs` and `tests/it/side_by_side.rs`.
#![expect(clippy::unwrap_used, reason = "tests may panic")]

use contracts::UserId;
use futures_util::FutureExt as _;

use super::*;

fn id(user: &str) -> UserId {
    user.parse().unwrap()
}

/// The result of something that does not wait.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().unwrap()
}

fn row(user: &str, version: u64) -> Row {
    let mut row = Row::new(id(user));
    row.version = version;
    row
}

/// Creates or replaces a user in a transaction of its own.
fn write(writer: &mut dyn UserWriter, user: &str, version: u64) -> Result<(), StoreError> {
    let (mut transaction, _) = now(writer.begin(&[&id(user)]))?;
    now(transaction.save(&[&row(user, version)]))?;
    now(transaction.commit())
}

fn version(store: &MemoryStore, user: &str) -> Option<u64> {
    store.row(&id(user)).map(|row| row.version)
}

#[test]
fn a_begin_with_rows_of_another_transaction_is_contended() {
    let store = MemoryStore::default();
    let (mut one, mut other) = (store.writer(), store.writer());
    for user in ["1", "2"] {
        write(one.as_mut(), user, 1).unwrap();
    }
    let users = [id("1"), id("2"), id("3")];
    let users: Vec<&UserId> = users.iter().collect();
    let (holding, _) = now(one.begin(&[&id("2"), &id("3")])).unwrap();
    assert_eq!(store.held(&users), [id("2")]);
    let error = now(other.begin(&users)).map(drop).unwrap_err();
    assert!(matches!(error, StoreError::Contended(held) if held == [id("2")]));
    // The one that failed holds nothing.
    assert_eq!(store.held(&users), [id("2")]);
    drop(holding);
    assert_eq!(store.held(&users), []);
    assert_eq!(now(other.begin(&users)).unwrap().1.len(), 2);
}

#[test]
fn a_begin_that_fails_leaves_the_next_one_alone() {
    let store = MemoryStore::default();
    let mut writer = store.writer();
    store.faults().plant(MemoryFault::BeginFails);
    let error = write(writer.as_mut(), "1", 1).unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert_eq!(
        error.to_string(),
        "the database cannot begin a transaction: the fault BeginFails was planted"
    );
    write(writer.as_mut(), "1", 1).unwrap();
    assert_eq!(version(&store, "1"), Some(1));
}

#[test]
fn a_statement_that_fails_rolls_its_transaction_back() {
    let store = MemoryStore::default();
    let mut writer = store.writer();
    write(writer.as_mut(), "1", 1).unwrap();
    let (mut transaction, _) = now(writer.begin(&[&id("1")])).unwrap();
    now(transaction.save(&[&row("1", 2)])).unwrap();
    store.faults().plant(MemoryFault::StatementFails);
    let error = now(transaction.lease()).unwrap_err();
    assert!(matches!(error, StoreError::NothingChanged(_)), "{error}");
    assert_eq!(store.held(&[&id("1")]), []);
    let error = now(transaction.commit()).unwrap_err();
    assert!(matches!(error, StoreError::NothingChanged(_)), "{error}");
    assert_eq!(version(&store, "1"), Some(1));
}

#[test]
fn a_lost_commit_changes_nothing_and_a_lost_answer_everything() {
    for (fault, expected) in [
        (MemoryFault::CommitLost, None),
        (MemoryFault::AnswerLost, Some(1)),
    ] {
        let store = MemoryStore::default();
        let mut writer = store.writer();
        store.faults().plant(fault);
        let error = write(writer.as_mut(), "1", 1).unwrap_err();
        assert!(matches!(error, StoreError::Unknown(_)), "{error}");
        assert_eq!(version(&store, "1"), expected, "{fault:?}");
        assert_eq!(store.faults().planted(), []);
        assert_eq!(store.held(&[&id("1")]), []);
    }
}

#[test]
fn faults_that_have_not_struck_can_be_removed() {
    let store = MemoryStore::default();
    let faults = store.faults();
    faults.plant(MemoryFault::CommitLost);
    faults.plant(MemoryFault::BeginFails);
    assert_eq!(
        faults.planted(),
        [MemoryFault::CommitLost, MemoryFault::BeginFails]
    );
    faults.clear();
    write(store.writer().as_mut(), "1", 1).unwrap();
}

#[test]
fn users_stay_when_the_store_is_opened_again() {
    let store = MemoryStore::default();
    let mut opened = store.open(2);
    assert_eq!(opened.writers.len(), 2);
    write(opened.writers[1].as_mut(), "1", 1).unwrap();
    now(opened.close()).unwrap();
    let opened = store.open(1);
    assert_eq!(now(opened.reader.find(&id("1"))).unwrap(), Some(row("1", 1)));
}

#[test]
fn a_row_is_loaded_as_it_was_saved_whether_or_not_it_is_encoded() {
    for rows in [
        RowEncoding::All,
        RowEncoding::OneIn(1),
        RowEncoding::OneIn(u32::MAX),
    ] {
        let store = MemoryStore::default();
        store.encode(rows);
        write(store.writer().as_mut(), "1", 7).unwrap();
        assert_eq!(store.row(&id("1")).as_deref(), Some(&row("1", 7)), "{rows:?}");
        store.make_unreadable(&id("1"));
        assert_eq!(store.row(&id("1")), None, "{rows:?}");
    }
}

#[test]
#[should_panic(expected = "a row is stored as")]
fn a_sampled_row_that_loses_something_panics() {
    let store = MemoryStore::default();
    store.encode(RowEncoding::OneIn(2));
    let mut writer = store.writer();
    let mut row = row("1", 1);
    // Nothing is stored of a field that no caller gave.
    row.fields[contracts::Field::EMAIL].dirty_since = 1;
    for _ in 0..2 {
        let (mut transaction, _) = now(writer.begin(&[&row.user_id])).unwrap();
        now(transaction.save(&[&row])).unwrap();
        now(transaction.commit()).unwrap();
    }
}
