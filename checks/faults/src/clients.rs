//! Callers: many at a time, who repeat what was not answered until it is.

mod caller;
mod turnstile;

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
use reqwest::Client;
use tokio::task::JoinSet;

use self::{caller::Caller, turnstile::Turnstile};
use crate::{ledger::Ledger, options::Options, people::Person};

pub use caller::Answers;

/// How often a hot user is chosen.
const HOT: f64 = 0.5;
/// So many cold users are changed at a time, and after so many changes the next one has its turn. Then it is left alone for
/// long: what stands wrong in its contact is not mended by chance.
const COLD_AT_A_TIME: u64 = 8;
const CHANGES_IN_A_TURN: u64 = 80;
/// How often a change that was answered is sent once more.
const REPEATED: f64 = 0.03;
/// Once things are well, everything is answered within this time.
const LAST_ANSWERS: Duration = Duration::from_mins(2);

/// What all callers share.
#[derive(Debug)]
struct Shared {
    people: Vec<Person>,
    turnstiles: BTreeMap<String, Turnstile>,
    caller: Caller,
    next_change: AtomicU64,
    stopped: AtomicBool,
    think: Duration,
}

/// Callers at work.
#[derive(Debug)]
pub struct Clients {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

impl Clients {
    /// Callers of the gateways at these addresses; nobody calls yet.
    pub fn new(http: Client, gateways: Vec<String>, ledger: Arc<Ledger>, options: &Options) -> Self {
        let people = Person::all(options.hot, options.cold);
        let turnstiles = people.iter().map(|person| (person.id(), Turnstile::default()));
        let shared = Shared {
            turnstiles: turnstiles.collect(),
            people,
            caller: Caller::new(http, gateways, ledger),
            next_change: AtomicU64::new(1),
            stopped: AtomicBool::new(false),
            think: options.think,
        };
        Self {
            shared: Arc::new(shared),
            tasks: JoinSet::new(),
        }
    }

    /// Makes the hot users known, one after another.
    pub async fn introduce(&self, seed: u64) {
        let mut random = StdRng::seed_from_u64(seed);
        for person in self.shared.people.iter().filter(|person| person.hot) {
            let change = person.introduction(self.shared.number());
            self.shared.caller.change(&change, &mut random).await;
        }
    }

    /// Starts so many callers.
    pub fn start(&mut self, seed: u64, clients: usize) {
        for client in 0..clients as u64 {
            let random = StdRng::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(client));
            self.tasks.spawn(Arc::clone(&self.shared).call(random));
        }
    }

    /// What callers were answered so far.
    pub fn answers(&self) -> Answers {
        self.shared.caller.answers()
    }

    /// Lets nobody begin anything new, and waits until everything was answered.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.shared.stopped.store(true, Ordering::Relaxed);
        let all = async {
            while let Some(ended) = self.tasks.join_next().await {
                ended.context("a caller broke")?;
            }
            Ok(())
        };
        let answered = tokio::time::timeout(LAST_ANSWERS, all).await;
        answered.with_context(|| format!("a change was not answered within {LAST_ANSWERS:?} of calm"))?
    }
}

impl Shared {
    fn number(&self) -> u64 {
        self.next_change.fetch_add(1, Ordering::Relaxed)
    }

    async fn call(self: Arc<Self>, mut random: StdRng) {
        while !self.stopped.load(Ordering::Relaxed) {
            let number = self.number();
            let Some(person) = self.choose(number, &mut random) else {
                return;
            };
            let Some(turnstile) = self.turnstiles.get(&person.id()) else {
                return;
            };
            let position = turnstile.pass().await;
            let change = person.change(number, &mut random);
            self.caller.change(&change, &mut random).await;
            if random.random_bool(REPEATED) {
                self.caller.change(&change, &mut random).await;
            }
            drop(position);
            tokio::time::sleep(self.think.mul_f64(random.random())).await;
        }
    }

    fn choose(&self, number: u64, random: &mut StdRng) -> Option<Person> {
        let hot = self.people.partition_point(|person| person.hot);
        let (hot, cold) = self.people.split_at(hot);
        if cold.is_empty() || random.random_bool(HOT) {
            return hot.choose(random).copied();
        }
        let position = number / CHANGES_IN_A_TURN + random.random_range(0..COLD_AT_A_TIME);
        let index = usize::try_from(position).unwrap_or(0) % cold.len();
        cold.get(index).copied()
    }
}
