//! What every store promises: transactions, locks, and how far a page reads.

use std::collections::BTreeMap;

use contracts::{Field, FieldDefinitions, Link, LinkOrigin, Priority, UserId, WriteTarget};
use user::{
    rules::{ChangeHash, KeyHash, KeyedChange, Lease, OpenAttempt, Row, RuleTiming, StoredKey},
    store::{
        KeyCount, KeyPosition, KeysDeleted, LateWrite, LoadedRows, Opened, ScanFilter, StoreError, UserScan,
        UserWriter,
    },
    time::Clock,
};

use crate::{
    stack::id,
    stores::{StoreKind, on_each_store},
};

const NOW: i64 = 1_000_000;

on_each_store![
    a_committed_row_and_lease_can_be_read_again,
    a_dropped_transaction_changes_nothing,
    a_transaction_sees_what_it_has_written,
    rows_that_another_transaction_holds_are_contended,
    rows_that_another_transaction_holds_are_not_due,
    a_user_that_another_transaction_created_is_contended,
    only_one_transaction_holds_the_lease,
    a_scan_returns_an_empty_page_where_few_rows_match,
    keys_are_found_until_they_expire,
    a_key_that_is_used_again_is_replaced,
    keys_of_a_user_are_counted,
    expired_keys_are_deleted_in_pages,
    keys_that_another_transaction_deletes_or_saves_are_skipped,
    late_writes_are_found_until_they_end,
];

/// A store whose time is [`NOW`].
async fn open(kind: StoreKind) -> (Opened, crate::stores::TestStore) {
    let store = kind.fresh().await;
    let mut opened = store.open().await;
    for writer in &mut opened.writers {
        writer.use_clock(Clock::new(|| NOW));
    }
    (opened, store)
}

/// A user with a change that is due, and a link.
fn row(user: &str) -> Row {
    let mut row = Row::new(id(user));
    row.version = 1;
    row.generation = 1;
    row.updated_at = NOW;
    row.pending_since = Some(NOW);
    row.wake_at = Some(NOW);
    let email = &mut row.fields[Field::EMAIL];
    email.value = Some(format!("{user}@example.com").into());
    (email.changed_in, email.dirty_since) = (1, 1);
    row.was_linked = true;
    row.link = Some(Link {
        contact_id: format!("contact of {user}"),
        account_id: "4711".to_owned(),
        address: None,
        origin: LinkOrigin::PrimaryAddress,
        shared: false,
    });
    row
}

fn readable(rows: LoadedRows) -> Vec<Row> {
    rows.into_iter().map(Result::unwrap).collect()
}

async fn create(opened: &mut Opened, users: &[&str]) {
    let rows: Vec<Row> = users.iter().map(|user| row(user)).collect();
    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    transaction.save(&rows.iter().collect::<Vec<_>>()).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn a_committed_row_and_lease_can_be_read_again(kind: StoreKind) {
    let (mut opened, _store) = open(kind).await;
    let lease = Lease {
        holder: Some("w".to_owned()),
        epoch: 3,
        expires_at: NOW + 1,
        requested_at: Some(NOW),
        yielded_at: Some(NOW - 1),
        account_id: Some("4711".to_owned()),
        paused_since: Some(NOW - 2),
        version_floor: 7,
        fingerprint: Some("1/1".to_owned()),
        token_refused_at: Some(NOW - 3),
        accepted_request_at: Some(NOW - 4),
    };
    let (mut transaction, loaded) = opened.writers[0].begin(&[&id("1")]).await.unwrap();
    assert!(loaded.is_empty());
    assert_eq!(transaction.now(), NOW);
    assert_eq!(transaction.lease().await.unwrap(), Lease::default());
    transaction.save(&[&row("1")]).await.unwrap();
    transaction.save_lease(&lease).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(opened.reader.find(&id("1")).await.unwrap(), Some(row("1")));
    let (mut transaction, loaded) = opened.writers[0].begin(&[&id("1"), &id("2")]).await.unwrap();
    assert_eq!(readable(loaded), [row("1")]);
    assert_eq!(transaction.lease().await.unwrap(), lease);
    drop(transaction);
    opened.close().await.unwrap();
}

async fn a_dropped_transaction_changes_nothing(kind: StoreKind) {
    let (mut opened, _store) = open(kind).await;
    create(&mut opened, &["1"]).await;
    let (mut transaction, loaded) = opened.writers[0].begin(&[&id("1")]).await.unwrap();
    let mut changed = readable(loaded).remove(0);
    changed.version = 2;
    transaction.save(&[&changed, &row("2")]).await.unwrap();
    let lease = Lease {
        epoch: 9,
        ..Lease::default()
    };
    transaction.save_lease(&lease).await.unwrap();
    drop(transaction);
    // As the writer does: PostgreSQL rolls back when the connection is closed.
    opened.writers[0].forget_connection();
    assert_eq!(opened.reader.find(&id("1")).await.unwrap(), Some(row("1")));
    assert_eq!(opened.reader.find(&id("2")).await.unwrap(), None);
    let (mut transaction, _) = opened.writers[0].begin(&[&id("1")]).await.unwrap();
    assert_eq!(transaction.lease().await.unwrap(), Lease::default());
    drop(transaction);
    opened.close().await.unwrap();
}

async fn a_transaction_sees_what_it_has_written(kind: StoreKind) {
    let (mut opened, _store) = open(kind).await;
    create(&mut opened, &["1", "2", "3"]).await;
    let timing = RuleTiming::default();
    let (mut transaction, loaded) = opened.writers[0].begin(&[&id("1")]).await.unwrap();
    let mut changed = readable(loaded).remove(0);
    // It is claimed, and so no longer due; and it is linked to the contact of another.
    changed.wake_at = None;
    changed.open_attempt = Some(OpenAttempt {
        epoch: 1,
        version: 1,
        generation: 1,
        fields: FieldDefinitions::built_in().all(),
        since: NOW,
        address: None,
        unknown: BTreeMap::new(),
    });
    changed.link = row("2").link;
    transaction.save(&[&changed, &row("4")]).await.unwrap();
    let due = transaction.due(Priority::Live, &timing, 10).await.unwrap();
    assert_eq!(due, [id("2"), id("3"), id("4")]);
    assert_eq!(transaction.left_open(2, 10).await.unwrap(), [id("1")]);
    let mut linked = transaction
        .linked_to("4711", &["contact of 1", "contact of 2"])
        .await
        .unwrap();
    linked.sort();
    assert_eq!(linked, [id("1"), id("2")]);
    let loaded = readable(transaction.load(&[&id("1"), &id("4")]).await.unwrap());
    assert!(loaded.contains(&changed) && loaded.contains(&row("4")));
    // Readers do not see it before the commit.
    assert_eq!(opened.reader.find(&id("4")).await.unwrap(), None);
    transaction.commit().await.unwrap();
    assert_eq!(opened.reader.find(&id("1")).await.unwrap(), Some(changed));
    opened.close().await.unwrap();
}

async fn rows_that_another_transaction_holds_are_contended(kind: StoreKind) {
    if !kind.has_several_writers() {
        return;
    }
    let (mut opened, _store) = open(kind).await;
    create(&mut opened, &["1", "2"]).await;
    let [first, second, ..] = opened.writers.as_mut_slice() else {
        panic!("there are several writers");
    };
    let (holding, _) = first.begin(&[&id("1")]).await.unwrap();
    let (mut other, _) = second.begin(&[&id("2")]).await.unwrap();
    let error = other.load(&[&id("1")]).await.unwrap_err();
    assert!(matches!(error, StoreError::Contended(users) if users == [id("1")]));
    drop(other);
    holding.commit().await.unwrap();
    // The other one was rolled back and holds nothing any more.
    let (transaction, loaded) = first.begin(&[&id("1"), &id("2")]).await.unwrap();
    assert_eq!(loaded.len(), 2);
    transaction.commit().await.unwrap();
    opened.close().await.unwrap();
}

async fn rows_that_another_transaction_holds_are_not_due(kind: StoreKind) {
    if !kind.has_several_writers() {
        return;
    }
    let (mut opened, _store) = open(kind).await;
    create(&mut opened, &["1", "2", "3"]).await;
    let timing = RuleTiming::default();
    let [first, second, third] = opened.writers.as_mut_slice() else {
        panic!("there are three writers");
    };
    let (holding, _) = first.begin(&[&id("2")]).await.unwrap();
    let (mut sweeping, _) = second.begin(&[]).await.unwrap();
    let due = sweeping.due(Priority::Live, &timing, 10).await.unwrap();
    assert_eq!(due, [id("1"), id("3")]);
    // A sweep holds what it found.
    let (mut another, _) = third.begin(&[]).await.unwrap();
    assert_eq!(another.due(Priority::Live, &timing, 10).await.unwrap(), []);
    for transaction in [holding, sweeping, another] {
        transaction.commit().await.unwrap();
    }
    opened.close().await.unwrap();
}

async fn a_user_that_another_transaction_created_is_contended(kind: StoreKind) {
    if !kind.has_several_writers() {
        return;
    }
    let (mut opened, _store) = open(kind).await;
    let [first, second, ..] = opened.writers.as_mut_slice() else {
        panic!("there are several writers");
    };
    let (mut slow, _) = first.begin(&[&id("1")]).await.unwrap();
    let (mut fast, _) = second.begin(&[&id("1")]).await.unwrap();
    fast.save(&[&row("1")]).await.unwrap();
    fast.commit().await.unwrap();
    let mut late = row("1");
    late.version = 7;
    let error = slow.save(&[&late]).await.unwrap_err();
    assert!(matches!(error, StoreError::Contended(users) if users == [id("1")]));
    drop(slow);
    assert_eq!(opened.reader.find(&id("1")).await.unwrap(), Some(row("1")));
    opened.close().await.unwrap();
}

async fn only_one_transaction_holds_the_lease(kind: StoreKind) {
    if !kind.has_several_writers() {
        return;
    }
    let (mut opened, _store) = open(kind).await;
    let [first, second, ..] = opened.writers.as_mut_slice() else {
        panic!("there are several writers");
    };
    let (mut holding, _) = first.begin(&[]).await.unwrap();
    holding.lease().await.unwrap();
    let (mut other, _) = second.begin(&[]).await.unwrap();
    let error = other.lease().await.unwrap_err();
    assert!(matches!(error, StoreError::NothingChanged(_)), "{error}");
    drop(other);
    second.forget_connection();
    holding.commit().await.unwrap();
    let (mut other, _) = second.begin(&[]).await.unwrap();
    other.lease().await.unwrap();
    drop(other);
    opened.close().await.unwrap();
}

async fn a_scan_returns_an_empty_page_where_few_rows_match(kind: StoreKind) {
    const UNLINKED: usize = 5_001;
    let (mut opened, _store) = open(kind).await;
    let rows: Vec<Row> = (0..UNLINKED)
        .map(|number| Row::new(id(&format!("a{number:04}"))))
        .chain([row("z")])
        .collect();
    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    transaction.save(&rows.iter().collect::<Vec<_>>()).await.unwrap();
    transaction.commit().await.unwrap();
    let scan = async |after: Option<UserId>| {
        let scan = UserScan {
            after: after.as_ref(),
            filter: ScanFilter::Linked,
            limit: 10,
        };
        opened.reader.scan(&scan).await.unwrap()
    };
    let first = scan(None).await;
    assert!(first.rows.is_empty());
    assert_eq!(first.next, Some(id("a4999")));
    let second = scan(first.next).await;
    assert_eq!(readable(second.rows), [row("z")]);
    assert_eq!(second.next, None);
    opened.close().await.unwrap();
}

fn key_of(user: &str, key: &str, expires_at: i64) -> StoredKey {
    let version = u64::from(key.as_bytes()[0]);
    StoredKey {
        user_id: id(user),
        key: KeyHash::of(key),
        change: KeyedChange {
            version,
            is_changed: version.is_multiple_of(2),
            hash: ChangeHash(KeyHash::of(&format!("change {key}")).0),
            expires_at,
        },
    }
}

async fn save_keys(opened: &mut Opened, keys: &[StoredKey]) {
    save_keys_with(&mut opened.writers[0], keys).await;
}

async fn save_keys_with(writer: &mut Box<dyn UserWriter>, keys: &[StoredKey]) {
    let (mut transaction, _) = writer.begin(&[]).await.unwrap();
    transaction.save_keys(keys).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn keys_are_found_until_they_expire(kind: StoreKind) {
    let (mut opened, _store) = open(kind).await;
    let keys = [
        key_of("1", "a", NOW),
        key_of("1", "b", NOW + 1),
        key_of("2", "b", NOW + 5),
    ];
    save_keys(&mut opened, &keys).await;
    let (one, two, three) = (id("1"), id("2"), id("3"));
    let wanted = [
        (&two, KeyHash::of("b")),
        (&one, KeyHash::of("a")),
        (&one, KeyHash::of("b")),
        (&two, KeyHash::of("a")),
        (&three, KeyHash::of("b")),
    ];
    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    let found = transaction.find_keys(&wanted).await.unwrap();
    let (first, second) = (Some(keys[2].change), Some(keys[1].change));
    assert_eq!(found, [first, None, second, None, None]);
    // What is saved and not committed is gone.
    transaction.save_keys(&[key_of("1", "c", NOW + 1)]).await.unwrap();
    let wanted = [(&one, KeyHash::of("c"))];
    assert!(transaction.find_keys(&wanted).await.unwrap()[0].is_some());
    drop(transaction);
    opened.writers[0].forget_connection();
    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    assert_eq!(transaction.find_keys(&wanted).await.unwrap(), [None]);
    drop(transaction);
    opened.close().await.unwrap();
}

async fn a_key_that_is_used_again_is_replaced(kind: StoreKind) {
    let (mut opened, _store) = open(kind).await;
    let (one, again) = (id("1"), key_of("1", "a", NOW + 2));
    save_keys(&mut opened, &[key_of("1", "a", NOW), key_of("1", "b", NOW + 1)]).await;
    let again = StoredKey {
        change: KeyedChange {
            version: 99,
            hash: ChangeHash([7; 32]),
            ..again.change
        },
        ..again
    };
    save_keys(&mut opened, std::slice::from_ref(&again)).await;
    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    let found = transaction.find_keys(&[(&one, KeyHash::of("a"))]).await.unwrap();
    assert_eq!(found, [Some(again.change)]);
    let count = transaction.count_keys(&one, 10).await.unwrap();
    assert_eq!(count.keys, 2);
    drop(transaction);
    opened.close().await.unwrap();
}

/// A key that expires later than any key can was used before the clock stepped back.
async fn keys_of_a_user_are_counted(kind: StoreKind) {
    let (mut opened, _store) = open(kind).await;
    let keys = [
        key_of("1", "a", NOW),
        key_of("1", "b", NOW + 10),
        key_of("1", "c", NOW + 3),
        key_of("1", "d", NOW + 11),
        key_of("2", "e", NOW + 1),
    ];
    save_keys(&mut opened, &keys).await;
    let (one, three) = (id("1"), id("3"));
    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    let expected = KeyCount {
        keys: 2,
        oldest_expiry: Some(NOW + 3),
    };
    assert_eq!(transaction.count_keys(&one, 10).await.unwrap(), expected);
    assert_eq!(
        transaction.count_keys(&three, 10).await.unwrap(),
        KeyCount::default()
    );
    drop(transaction);
    opened.close().await.unwrap();
}

async fn expired_keys_are_deleted_in_pages(kind: StoreKind) {
    let (mut opened, _store) = open(kind).await;
    // Every second key has expired.
    let keys: Vec<StoredKey> = (0..10)
        .map(|number| {
            let (user, key) = (number % 3, number.to_string());
            key_of(&user.to_string(), &key, NOW + number % 2)
        })
        .collect();
    save_keys(&mut opened, &keys).await;
    let (mut after, mut deleted) = (KeyPosition::default(), 0);
    loop {
        let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
        let page = transaction.delete_expired_keys(&after, 3).await.unwrap();
        transaction.commit().await.unwrap();
        assert!(page.deleted <= 3);
        deleted += page.deleted;
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    assert_eq!(deleted, 5);
    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    let wanted: Vec<_> = keys.iter().map(|stored| (&stored.user_id, stored.key)).collect();
    let found = transaction.find_keys(&wanted).await.unwrap();
    for (stored, found) in keys.iter().zip(found) {
        let expected = Some(stored.change).filter(|change| change.expires_at > NOW);
        assert_eq!(found, expected);
    }
    let start = KeyPosition::default();
    let nothing = transaction.delete_expired_keys(&start, 1_000).await;
    assert_eq!(nothing.unwrap(), KeysDeleted::default());
    drop(transaction);
    opened.close().await.unwrap();
}

async fn keys_that_another_transaction_deletes_or_saves_are_skipped(kind: StoreKind) {
    if !kind.has_several_writers() {
        return;
    }
    let (mut opened, _store) = open(kind).await;
    let keys = ["a", "b", "c"].map(|key| key_of("1", key, NOW));
    save_keys(&mut opened, &keys).await;
    let [first, second, ..] = opened.writers.as_mut_slice() else {
        panic!("there are several writers");
    };
    let start = KeyPosition::default();
    let used_again = key_of("1", "a", NOW + 1);
    let (mut one, _) = first.begin(&[]).await.unwrap();
    one.save_keys(std::slice::from_ref(&used_again)).await.unwrap();
    let (mut other, _) = second.begin(&[]).await.unwrap();
    assert_eq!(other.delete_expired_keys(&start, 10).await.unwrap().deleted, 2);
    assert_eq!(one.delete_expired_keys(&start, 10).await.unwrap().deleted, 0);
    one.commit().await.unwrap();
    other.commit().await.unwrap();
    let (mut transaction, _) = first.begin(&[]).await.unwrap();
    let owner = id("1");
    let found = transaction
        .find_keys(&[(&owner, KeyHash::of("a"))])
        .await
        .unwrap();
    assert_eq!(found, [Some(used_again.change)]);
    drop(transaction);
    opened.close().await.unwrap();
}

/// The store in memory waits for no other transaction; there the change is tried again.
#[tokio::test]
async fn a_key_that_is_used_again_while_it_is_deleted_is_stored() {
    if !StoreKind::Database.has_several_writers() {
        return;
    }
    let (mut opened, _store) = open(StoreKind::Database).await;
    save_keys(&mut opened, &[key_of("1", "a", NOW)]).await;
    let [first, second, ..] = opened.writers.as_mut_slice() else {
        panic!("there are several writers");
    };
    let (mut deleting, _) = first.begin(&[]).await.unwrap();
    let start = KeyPosition::default();
    assert_eq!(deleting.delete_expired_keys(&start, 10).await.unwrap().deleted, 1);
    let (mut saving, _) = second.begin(&[]).await.unwrap();
    let used_again = [key_of("1", "a", NOW + 1)];
    let (saved, deleted) = tokio::join!(saving.save_keys(&used_again), deleting.commit());
    saved.unwrap();
    deleted.unwrap();
    saving.commit().await.unwrap();
    let (mut transaction, _) = first.begin(&[]).await.unwrap();
    let owner = id("1");
    let found = transaction
        .find_keys(&[(&owner, KeyHash::of("a"))])
        .await
        .unwrap();
    assert_eq!(found, [Some(used_again[0].change)]);
    drop(transaction);
    opened.close().await.unwrap();
}

async fn late_writes_are_found_until_they_end(kind: StoreKind) {
    let (mut opened, _store) = open(kind).await;
    let late_write = |target: &WriteTarget, user: &str, until: i64| LateWrite {
        target: target.clone(),
        user_id: id(user),
        until,
    };
    let contact = WriteTarget::contact("4711", "101");
    let address = WriteTarget::address("ada@example.com");
    let ended = late_write(&contact, "1", NOW);
    let first = late_write(&contact, "2", NOW + 1);
    let other = late_write(&address, "1", NOW + 5);
    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    let all = [ended, first.clone(), other.clone()];
    transaction.save_late_writes(&all).await.unwrap();
    transaction.commit().await.unwrap();

    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    let found = transaction.find_late_writes(&[&contact]).await.unwrap();
    assert_eq!(found, [first]);
    let unknown = WriteTarget::contact("4712", "101");
    assert_eq!(transaction.find_late_writes(&[&unknown]).await.unwrap(), []);
    let longer = late_write(&contact, "2", NOW + 9);
    transaction
        .save_late_writes(std::slice::from_ref(&longer))
        .await
        .unwrap();
    assert_eq!(transaction.delete_ended_late_writes(5).await.unwrap(), 1);
    transaction.commit().await.unwrap();

    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    let mut found = transaction.find_late_writes(&[&contact, &address]).await.unwrap();
    found.sort();
    assert_eq!(found, [other, longer]);
    assert_eq!(transaction.delete_ended_late_writes(5).await.unwrap(), 0);
    drop(transaction);
    opened.close().await.unwrap();
}
