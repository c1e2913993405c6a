//! Random operations through the group commit.

use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use user::store::memory::MemoryStore;

use super::{
    Committing, Pair, TestClock,
    any_operation::{Answer, AnyOperation},
    lists,
    random::{Known, USERS, operation},
    reads::compare_reads,
};

const ROUNDS: usize = 120;
const START: i64 = 1_000_000;

#[tokio::test]
async fn memory_and_database_commit_the_same_operations_alike() {
    for seed in 0..6 {
        let mut rng = StdRng::seed_from_u64(seed);
        let mut pair = Pair::start(START).await;
        let mut known = Known::new(&pair.store);
        for round in 0..ROUNDS {
            let place = format!("seed {seed}, round {round}");
            pair.clock
                .advance([0, 10, 1_000, 30_000, 61_000, 121_000][rng.random_range(0..6)]);
            commit_batch(&pair, &mut known, &mut rng, &place).await;
            compare(&pair, &mut rng, &place).await;
            if round % 20 == 19 {
                pair = pair.reopen(async |_, _| {}).await;
            }
        }
        pair.close().await;
    }
}

/// A batch of random operations on both stores. Their answers are the same.
pub(super) async fn commit_batch(pair: &Pair, known: &mut Known, rng: &mut StdRng, place: &str) {
    let batch = random_batch(known, rng);
    let (found, expected) = (
        run_together(&batch, &pair.memory).await,
        run_together(&batch, &pair.disk).await,
    );
    for ((operation, found), expected) in batch.iter().zip(&found).zip(&expected) {
        assert_eq!(found, expected, "{place}: {operation:?}");
    }
    known.learn(&found);
}

fn random_batch(known: &Known, rng: &mut StdRng) -> Vec<AnyOperation> {
    let count = rng.random_range(1..8);
    (0..count).map(|_| operation(rng, known)).collect()
}

/// Operations that are requested before the committer runs form one batch, in this order.
async fn run_together(batch: &[AnyOperation], store: &Committing) -> Vec<Answer> {
    join_all(batch.iter().map(|operation| operation.run(&store.queue))).await
}

/// Rows, lists, scans and counts are the same, and the lists are what follows from the rows.
pub(super) async fn compare(pair: &Pair, rng: &mut StdRng, place: &str) {
    for user in USERS {
        let user_id = user.parse().unwrap();
        let stored = pair.disk.reader.find(&user_id).await.unwrap();
        assert_eq!(pair.store.row(&user_id).as_deref(), stored.as_ref(), "{place}");
    }
    let (memory, disk) = (pair.memory.reader.as_ref(), pair.disk.reader.as_ref());
    compare_reads(memory, disk, rng, place).await;
    lists::check(memory, &pair.store.rows(), place).await;
}

#[tokio::test]
async fn a_batch_does_the_same_as_its_operations_one_by_one() {
    let mut compared = 0;
    for seed in 0..6 {
        let mut rng = StdRng::seed_from_u64(seed);
        let clock = TestClock::at(START);
        let store = MemoryStore::new(clock.clock());
        let together = Committing::start(store.open(1), &clock);
        let mut known = Known::new(&store);
        for round in 0..ROUNDS {
            let place = format!("seed {seed}, round {round}");
            clock.advance([0, 10, 1_000, 30_000, 61_000, 121_000][rng.random_range(0..6)]);
            let batch = random_batch(&known, &mut rng);
            let copy = copy_of(&store, &clock).await;
            let answers = run_together(&batch, &together).await;
            // These look for users in the store, where a batch's own changes are not saved yet.
            if !batch.iter().any(AnyOperation::looks_for_users) {
                let one_by_one = Committing::start(copy.open(1), &clock);
                for (operation, answer) in batch.iter().zip(&answers) {
                    let alone = operation.run(&one_by_one.queue).await;
                    assert_eq!(&alone, answer, "{place}: {operation:?}");
                }
                one_by_one.close().await;
                assert_eq!(copy.rows(), store.rows(), "{place}");
                assert_eq!(copy.lease(), store.lease(), "{place}");
                assert_eq!(copy.keys(), store.keys(), "{place}");
                compared += batch.len();
            }
            known.learn(&answers);
        }
        together.close().await;
    }
    assert!(compared > 300, "only {compared} operations were compared");
}

/// Another store with the same rows, the same keys and the same lease.
async fn copy_of(store: &MemoryStore, clock: &TestClock) -> MemoryStore {
    let copy = MemoryStore::new(clock.clock());
    let (mut writer, rows) = (copy.writer(), store.rows());
    let (mut transaction, _) = writer.begin(&[]).await.unwrap();
    transaction.save(&rows.iter().collect::<Vec<_>>()).await.unwrap();
    transaction.save_keys(&store.keys()).await.unwrap();
    transaction.save_lease(&store.lease()).await.unwrap();
    transaction.commit().await.unwrap();
    copy
}
