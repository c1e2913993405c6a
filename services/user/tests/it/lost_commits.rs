//! Versions after commits were lost. Real fail-overs are in checks/postgres, many random ones in checks/simulation.

use std::{
    io,
    sync::{Arc, Mutex},
};

use contracts::{
    AttemptResult, ChangeLease, Claim, ErrorCode, Field, FieldDefinitions, LeaseAnswer, LinkOrigin,
    ReportResults, TokenState, UpdateUser, delivery::LeaseAction,
};
use runtime::{CurrentFields, health::Registry};
use tokio::sync::mpsc;
use user::{
    commit::{self, AfterCommit, CommitQueue},
    operations::raise_version_floor,
    relay::{AcceptedNotices, StreamCapacity},
    rules::RuleTiming,
    store::memory::{MemoryFault, MemoryStore},
};

use crate::{
    delivery::contact_found,
    stack::{ACCOUNT, CEILING, Stack, ada, claim_of, patch},
};

/// What was logged on this thread.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl Logged {
    fn count(&self, sentence: &str) -> usize {
        let logged = self.0.lock().unwrap();
        String::from_utf8_lossy(&logged).matches(sentence).count()
    }
}

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn committing_on(store: &MemoryStore) -> CommitQueue {
    let after_commit = AfterCommit {
        wake_ups: mpsc::channel(8).0,
        resolved: mpsc::channel(8).0,
        accepted: AcceptedNotices::default(),
        capacity: StreamCapacity::default(),
    };
    let health = Registry::new("user", &[]);
    commit::start(
        store.open(1).writers,
        RuleTiming::default(),
        &CurrentFields::new(FieldDefinitions::built_in().clone()),
        after_commit,
        &health,
    )
    .0
}

fn named(name: &str) -> UpdateUser {
    patch("1", [(Field::FIRST_NAME, name)])
}

fn only_if(version: u64) -> UpdateUser {
    UpdateUser {
        if_match: Some(version),
        ..named("Eva")
    }
}

#[tokio::test]
async fn a_raise_whose_commit_fails_is_made_by_the_next_one() {
    let store = MemoryStore::default();
    store.add_standby(1);
    let queue = committing_on(&store);
    for (version, change) in [(1, ada("1")), (2, named("Eva"))] {
        let updated = queue.run(change, None).await.unwrap();
        assert_eq!(updated.sync.version, version);
    }
    assert_eq!(store.fail_over(1), 1);
    store.faults().plant(MemoryFault::CommitLost);
    let error = queue.run(named("Ida"), None).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::OutcomeUnknown);
    assert_eq!(store.lease().version_floor, 0);
    let error = queue.run(only_if(2), None).await.unwrap_err();
    assert_eq!(
        (error.code, error.current_version),
        (ErrorCode::VersionMismatch, Some(1))
    );
    let updated = queue.run(only_if(1), None).await.unwrap();
    assert_eq!(updated.sync.version, store.lease().version_floor + 1);
}

async fn claim(queue: &CommitQueue, epoch: u64, user: &str) -> Claim {
    let given = queue.run(claim_of("w", epoch, &[user]), None).await.unwrap();
    given.claims[0].clone()
}

fn report_of(result: AttemptResult) -> ReportResults {
    ReportResults {
        holder: "w".to_owned(),
        results: vec![result],
        retractions: Vec::new(),
        claim: None,
    }
}

#[tokio::test]
async fn a_lost_contact_is_logged_once_and_after_the_commit() {
    let logged = Logged::default();
    let writer = logged.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let store = MemoryStore::default();
    let queue = committing_on(&store);
    let lease = ChangeLease {
        holder: "w".to_owned(),
        account_id: ACCOUNT.to_owned(),
        action: LeaseAction::Hold,
        token: TokenState::Accepted,
    };
    let LeaseAnswer::Granted { epoch, .. } = queue.run(lease, None).await.unwrap() else {
        panic!("nobody else has the lease");
    };
    // User 1 has a contact of which user 2 has the primary address.
    let secondary = patch("1", [(Field::EMAIL, "secondary@example.com")]);
    queue.run(secondary, None).await.unwrap();
    let mut found = contact_found(&claim(&queue, epoch, "1").await, "c1");
    let link = found.link.as_mut().unwrap();
    link.origin = LinkOrigin::SecondaryAddress;
    link.primary_address = Some("ada@example.com".to_owned());
    queue.run(report_of(found), None).await.unwrap();

    queue.run(ada("2"), None).await.unwrap();
    let found = report_of(contact_found(&claim(&queue, epoch, "2").await, "c1"));
    store.faults().plant(MemoryFault::CommitLost);
    queue.run(found.clone(), None).await.unwrap_err();
    assert_eq!(logged.count("a user lost its contact"), 0);
    queue.run(found, None).await.unwrap();
    assert_eq!(logged.count("a user lost its contact"), 1);
}

#[tokio::test]
async fn each_fail_over_raises_the_floor_once() {
    let store = MemoryStore::default();
    store.add_standby(8);
    let queue = committing_on(&store);
    for change in [ada("1"), named("Zoe")] {
        queue.run(change, None).await.unwrap();
    }
    let mut floors = vec![0];
    for _ in 0..3 {
        store.fail_over(1);
        for name in ["Eva", "Ida", "Ada"] {
            queue.run(named(name), None).await.unwrap();
        }
        floors.push(store.lease().version_floor);
    }
    assert!(floors.windows(2).all(|pair| pair[0] < pair[1]), "{floors:?}");
    let version = store.rows()[0].version;
    assert_eq!(
        version,
        floors[3] + 3,
        "the changes after the last one are counted one by one"
    );
}

#[tokio::test]
async fn an_operator_raises_the_floor_after_a_restore() {
    let (stack, service) = Stack::serving(&[]).await;
    stack.update(&ada("1")).await.unwrap();
    service.stop().await.unwrap();
    let floor = raise_version_floor(&stack.database(), &RuleTiming::default())
        .await
        .unwrap();
    let service = stack.serve().await;
    assert_eq!(
        stack.get("1").await.unwrap().version,
        1,
        "its entity tag stays valid"
    );
    let updated = stack.update(&only_if(1)).await.unwrap();
    assert_eq!(updated.sync.version, floor + 1);
    let epoch = testing::wait::until("the lease", CEILING, async || {
        match stack.change_lease("w", LeaseAction::Hold).await {
            LeaseAnswer::Granted { epoch, .. } => Ok(epoch),
            other => Err(other),
        }
    })
    .await;
    assert_eq!(epoch, floor + 1);
    let given = stack.claim("w", epoch, &["1"]).await.unwrap();
    assert_eq!(given.claims[0].attempt.get(), floor + 1);
    let receipt = stack.receipt("1", None).await.unwrap();
    assert_eq!(receipt.attempts, 1);
    assert!(stack.receipt("1", Some(2)).await.is_err(), "no such version");
    service.stop().await.unwrap();
}
