//! Concurrent callers that repeat each change until it is answered.

mod caller;
mod exchanges;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use rand::{RngExt, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use tokio::task::JoinSet;

use self::{caller::Caller, exchanges::Exchanges};
use crate::{
    callers::{
        accepted_changes::AcceptedChanges,
        pairs::Pair,
        test_users::{TestUser, UserKind},
    },
    options::Options,
    system::hubspot::Hubspot,
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
    exchanges: Exchanges,
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
    /// Prepares callers for these gateways, without starting them. `contacts` are the contact ids by user id.
    pub fn new(
        gateways: Vec<String>,
        hubspot: Hubspot,
        contacts: BTreeMap<String, String>,
        pairs: Arc<Vec<Pair>>,
        accepted_changes: Arc<AcceptedChanges>,
        options: &Options,
    ) -> Self {
        let shared = Shared {
            users: TestUser::all(options.hot, options.cold, options.pairs),
            caller: Caller::new(hubspot.http.clone(), gateways, accepted_changes),
            exchanges: Exchanges::new(pairs, hubspot, contacts),
            next_change: AtomicU64::new(1),
            stopped: AtomicBool::new(false),
            think: options.think,
        };
        Self {
            shared: Arc::new(shared),
            tasks: JoinSet::new(),
        }
    }

    /// Creates the hot users and the pairs, one after another.
    pub async fn create_first_users(&self, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        let users = self.shared.users.iter();
        for user in users.filter(|user| user.kind != UserKind::Cold) {
            let change = user.first_change(self.shared.number());
            self.shared.caller.change(&change, &mut random).await;
        }
    }

    /// Starts this many callers, and those that exchange addresses.
    pub fn start(&mut self, seed: u64, clients: usize) {
        let mut seeds = (0..).map(|client| seed.wrapping_mul(1_000).wrapping_add(client));
        let mut random = || StdRng::seed_from_u64(seeds.next().unwrap_or(seed));
        for _ in 0..clients {
            self.tasks.spawn(Arc::clone(&self.shared).call(random()));
        }
        for _ in 0..self.shared.exchanges.callers() {
            let shared = Arc::clone(&self.shared);
            self.tasks.spawn(shared.exchange_addresses(random()));
        }
    }

    /// Merges of contacts that failed, because of an error in the harness.
    pub fn failures(&self) -> Vec<String> {
        self.shared.exchanges.failures()
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

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    async fn call(self: Arc<Self>, mut random: StdRng) {
        while !self.is_stopped() {
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
        let hot = self.users.partition_point(|user| user.kind == UserKind::Hot);
        let (hot, others) = self.users.split_at(hot);
        let cold = &others[..others.partition_point(|user| user.kind == UserKind::Cold)];
        if cold.is_empty() || random.random_bool(HOT_SHARE) {
            return hot.choose(random).copied();
        }
        let position = number / CHANGES_PER_COLD_USER + random.random_range(0..CONCURRENT_COLD_USERS);
        let index = usize::try_from(position).unwrap_or(0) % cold.len();
        cold.get(index).copied()
    }
}
