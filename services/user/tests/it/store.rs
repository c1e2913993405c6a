//! What every store promises: transactions, locks, and how far a page reads.

use std::collections::BTreeMap;

use contracts::{Field, FieldSet, Link, LinkOrigin, Priority, UserId, WriteTarget};
use user::{
    rules::{ChangeHash, KeyHash, KeyedChange, Lease, OpenAttempt, Row, RuleTiming, StoredKey},
    store::{FoundKey, LateWrite, LoadedRows, Opened, ScanFilter, StoreError, UserScan},
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
    the_newest_entry_of_a_key_counts,
    expired_keys_are_deleted_in_pages,
    keys_that_another_transaction_deletes_are_skipped,
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
    email.value = Some(format!("{user}@example.com"));
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
        fields: FieldSet::all(),
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

fn key_of(user: &str, number: u64, key: &str, expires_at: i64) -> StoredKey {
    StoredKey {
        user_id: id(user),
        number,
        key: KeyHash::of(key),
        change: KeyedChange {
            version: number + 7,
            is_changed: number.is_multiple_of(2),
            hash: ChangeHash(KeyHash::of(&format!("change {number}")).0),
            expires_at,
        },
    }
}

async fn save_keys(opened: &mut Opened, keys: &[StoredKey]) {
    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    transaction.save_keys(keys).await.unwrap();
    transaction.commit().await.unwrap();
}

async fn keys_are_found_until_they_expire(kind: StoreKind) {
    let (mut opened, _store) = open(kind).await;
    let keys = [
        key_of("1", 1, "a", NOW),
        key_of("1", 2, "b", NOW + 1),
        key_of("2", 1, "b", NOW + 5),
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
    let expected = [
        (Some(keys[2].change), 1),
        (None, 2),
        (Some(keys[1].change), 2),
        (None, 1),
        (None, 0),
    ];
    let expected = expected.map(|(change, newest)| FoundKey { change, newest });
    assert_eq!(found, expected);
    assert_eq!(transaction.key_expiry(&one, 1).await.unwrap(), Some(NOW));
    assert_eq!(transaction.key_expiry(&one, 3).await.unwrap(), None);
    // What is saved and not committed is gone.
    transaction
        .save_keys(&[key_of("1", 3, "c", NOW + 1)])
        .await
        .unwrap();
    let saved = transaction.find_keys(&[(&one, KeyHash::of("c"))]).await.unwrap();
    assert_eq!(saved[0].newest, 3);
    drop(transaction);
    opened.writers[0].forget_connection();
    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    let gone = transaction.find_keys(&[(&one, KeyHash::of("c"))]).await.unwrap();
    assert_eq!(
        gone,
        [FoundKey {
            change: None,
            newest: 2
        }]
    );
    drop(transaction);
    opened.close().await.unwrap();
}

/// After the clock stepped back, a key that had expired may be valid again beside the one that was used later.
async fn the_newest_entry_of_a_key_counts(kind: StoreKind) {
    let (mut opened, _store) = open(kind).await;
    let keys = [key_of("1", 1, "a", NOW + 1), key_of("1", 2, "a", NOW + 2)];
    save_keys(&mut opened, &keys).await;
    let one = id("1");
    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    let wanted = [(&one, KeyHash::of("a")), (&one, KeyHash::of("b"))];
    let found = transaction.find_keys(&wanted).await.unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].change, Some(keys[1].change));
    drop(transaction);
    opened.close().await.unwrap();
}

async fn expired_keys_are_deleted_in_pages(kind: StoreKind) {
    let (mut opened, _store) = open(kind).await;
    let keys: Vec<StoredKey> = (1..=5)
        .map(|number| {
            key_of(
                "1",
                number,
                &number.to_string(),
                NOW - 5 + i64::try_from(number).unwrap(),
            )
        })
        .chain([key_of("1", 6, "6", NOW + 1)])
        .collect();
    save_keys(&mut opened, &keys).await;
    let one = id("1");
    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    assert_eq!(transaction.delete_expired_keys(3).await.unwrap(), 3);
    assert_eq!(
        transaction.key_expiry(&one, 3).await.unwrap(),
        None,
        "the oldest first"
    );
    transaction.commit().await.unwrap();
    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    assert_eq!(transaction.key_expiry(&one, 4).await.unwrap(), Some(NOW - 1));
    assert_eq!(transaction.delete_expired_keys(3).await.unwrap(), 2);
    assert_eq!(transaction.delete_expired_keys(3).await.unwrap(), 0);
    transaction.commit().await.unwrap();
    let (mut transaction, _) = opened.writers[0].begin(&[]).await.unwrap();
    let found = transaction.find_keys(&[(&one, KeyHash::of("6"))]).await.unwrap();
    assert_eq!(found[0].change, Some(keys[5].change));
    drop(transaction);
    opened.close().await.unwrap();
}

async fn keys_that_another_transaction_deletes_are_skipped(kind: StoreKind) {
    if !kind.has_several_writers() {
        return;
    }
    let (mut opened, _store) = open(kind).await;
    let keys = [1, 2, 3].map(|number| key_of("1", number, &number.to_string(), NOW));
    save_keys(&mut opened, &keys).await;
    let [first, second, ..] = opened.writers.as_mut_slice() else {
        panic!("there are several writers");
    };
    let (mut one, _) = first.begin(&[]).await.unwrap();
    assert_eq!(one.delete_expired_keys(2).await.unwrap(), 2);
    let (mut other, _) = second.begin(&[]).await.unwrap();
    assert_eq!(other.delete_expired_keys(10).await.unwrap(), 1);
    // An expired key is used again while its old entry is being deleted.
    other.save_keys(&[key_of("1", 4, "1", NOW + 1)]).await.unwrap();
    other.commit().await.unwrap();
    one.commit().await.unwrap();
    let (mut transaction, _) = first.begin(&[]).await.unwrap();
    let one = id("1");
    let found = transaction.find_keys(&[(&one, KeyHash::of("1"))]).await.unwrap();
    assert_eq!(found[0].newest, 4);
    assert!(found[0].change.is_some());
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
