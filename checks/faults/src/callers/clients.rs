//! Concurrent callers that repeat each change until it is answered.

mod caller;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use reqwest::Client;
use tokio::task::JoinSet;

use self::caller::Caller;
use crate::{
    callers::{accepted_changes::AcceptedChanges, test_users::TestUser},
    options::Options,
};

pub use caller::AnswerCounts;

/// The share of changes that are for hot users.
const HOT_SHARE: f64 = 0.5;
/// How many cold users are changed in the same period.
const CONCURRENT_COLD_USERS: u64 = 8;
/// How many changes pass until the next cold user replaces one of them. A replaced user stays unchanged for long, so that
/// no later change hides a wrong value in its contact.
const CHANGES_PER_COLD_USER: u64 = 80;
/// The share of answered changes that are sent again.
const REPEAT_SHARE: f64 = 0.03;
/// How long callers may take for their last answers, after all faults have ended.
const LAST_ANSWERS_TIMEOUT: Duration = Duration::from_mins(2);

/// The state that all callers share.
#[derive(Debug)]
struct Shared {
    users: Vec<TestUser>,
    caller: Caller,
    next_change: AtomicU64,
    stopped: AtomicBool,
    think: Duration,
}

/// Running callers.
#[derive(Debug)]
pub struct Clients {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

impl Clients {
    /// Prepares callers for these gateways, without starting them.
    pub fn new(
        http: Client,
        gateways: Vec<String>,
        accepted_changes: Arc<AcceptedChanges>,
        options: &Options,
    ) -> Self {
        let users = TestUser::all(options.hot, options.cold);
        let shared = Shared {
            users,
            caller: Caller::new(http, gateways, accepted_changes),
            next_change: AtomicU64::new(1),
            stopped: AtomicBool::new(false),
            think: options.think,
        };
        Self {
            shared: Arc::new(shared),
            tasks: JoinSet::new(),
        }
    }

    /// Creates the hot users, one after another.
    pub async fn create_hot_users(&self, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        for user in self.shared.users.iter().filter(|user| user.hot) {
            let change = user.first_change(self.shared.number());
            self.shared.caller.change(&change, &mut random).await;
        }
    }

    /// Starts this many callers.
    pub fn start(&mut self, seed: u64, clients: usize) {
        for client in 0..clients as u64 {
            let random = StdRng::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(client));
            self.tasks.spawn(Arc::clone(&self.shared).call(random));
        }
    }

    /// The number of answers so far, by status.
    pub fn answers(&self) -> AnswerCounts {
        self.shared.caller.answers()
    }

    /// Stops the callers after their current changes are answered.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let all = async {
            while let Some(ended) = self.tasks.join_next().await {
                ended.context("a caller panicked")?;
            }
            Ok(())
        };
        let answered = tokio::time::timeout(LAST_ANSWERS_TIMEOUT, all).await;
        answered.with_context(|| {
            format!("a change was not answered within {LAST_ANSWERS_TIMEOUT:?} after the last fault")
        })?
    }
}

impl Shared {
    fn number(&self) -> u64 {
        self.next_change.fetch_add(1, Ordering::Relaxed)
    }

    async fn call(self: Arc<Self>, mut random: StdRng) {
        while !self.stopped.load(Ordering::Relaxed) {
            let number = self.number();
            let Some(user) = self.choose(number, &mut random) else {
                return;
            };
            let change = user.change(number, &mut random);
            self.caller.change(&change, &mut random).await;
            if random.random_bool(REPEAT_SHARE) {
                self.caller.change(&change, &mut random).await;
            }
            tokio::time::sleep(self.think.mul_f64(random.random())).await;
        }
    }

    fn choose(&self, number: u64, random: &mut StdRng) -> Option<TestUser> {
        let hot = self.users.partition_point(|user| user.hot);
        let (hot, cold) = self.users.split_at(hot);
        if cold.is_empty() || random.random_bool(HOT_SHARE) {
            return hot.choose(random).copied();
        }
        let position = number / CHANGES_PER_COLD_USER + random.random_range(0..CONCURRENT_COLD_USERS);
        let index = usize::try_from(position).unwrap_or(0) % cold.len();
        cold.get(index).copied()
    }
}
