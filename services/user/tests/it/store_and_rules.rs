//! Random work through the writer on each store, compared with the same work by the rules alone.
//!
//! The test controls the time, batches contain several pieces of work, and the store is opened again from time to time.

mod migration;
mod model;
mod operation;
mod operators;
mod overview;
mod random;

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use futures_util::future::join_all;
use rand::{RngExt, SeedableRng, rngs::StdRng};
use runtime::health::Registry;
use tokio::{sync::mpsc, task::JoinHandle};
use user::{
    commit::{self, AfterCommit, CommitQueue},
    relay::{AcceptedNotices, StreamCapacity},
    rules::RuleTiming,
    store::{self, UserReader},
    time::Clock,
};

use crate::stores::{StoreKind, TestStore, on_each_store};
use model::Model;
use random::{USERS, work};

const ROUNDS: usize = 120;

on_each_store![a_store_follows_the_rules_whatever_is_asked_together];

struct Opened {
    handle: CommitQueue,
    task: JoinHandle<()>,
    reader: Arc<dyn UserReader>,
}

/// Opens the store with one writer, so that work that is asked together forms one batch.
async fn open(store: &TestStore, now: &Arc<AtomicI64>) -> Opened {
    let store::Opened { mut writers, reader } = store.open().await;
    writers.truncate(1);
    let now = Arc::clone(now);
    writers[0].use_clock(Clock::new(move || now.load(Ordering::Relaxed)));
    let after_commit = AfterCommit {
        wake_ups: mpsc::channel(1).0,
        resolved: mpsc::channel(1).0,
        accepted: AcceptedNotices::default(),
        capacity: StreamCapacity::default(),
    };
    let health = Registry::new("user", &[]);
    let (handle, task) = commit::start(writers, RuleTiming::default(), after_commit, &health);
    Opened { handle, task, reader }
}

impl Opened {
    async fn close(self) {
        drop(self.handle);
        self.task.await.unwrap();
        self.reader.close().await;
    }
}

async fn a_store_follows_the_rules_whatever_is_asked_together(kind: StoreKind) {
    for seed in 0..6 {
        let store = kind.fresh().await;
        let mut rng = StdRng::seed_from_u64(seed);
        let now = Arc::new(AtomicI64::new(1_000_000));
        let mut opened = open(&store, &now).await;
        let mut model = Model::default();
        for round in 0..ROUNDS {
            let step = [0, 10, 1_000, 30_000, 61_000, 121_000][rng.random_range(0..6)];
            now.fetch_add(step, Ordering::Relaxed);
            let batch: Vec<_> = (0..rng.random_range(1..8))
                .map(|_| work(&mut rng, &model))
                .collect();
            // Asked before the writer runs, they form one batch, in this order.
            let asked = batch.iter().map(|work| work.clone().run(&opened.handle));
            let answers = join_all(asked).await;
            let expected = model.run(now.load(Ordering::Relaxed), &batch);
            for (index, (answer, expected)) in answers.iter().zip(&expected).enumerate() {
                let answer = model::digest(answer);
                assert_eq!(
                    &answer, expected,
                    "seed {seed}, round {round}, work {:?}",
                    batch[index]
                );
            }
            for user in USERS {
                let stored = opened.reader.find(&user.parse().unwrap()).await.unwrap();
                assert_eq!(stored.as_ref(), model.row(user), "seed {seed}, round {round}");
            }
            overview::check(
                opened.reader.as_ref(),
                &model,
                &format!("seed {seed}, round {round}"),
            )
            .await;
            if round % 20 == 19 {
                opened.close().await;
                opened = open(&store, &now).await;
            }
        }
        opened.close().await;
    }
}
