//! Callers that exchange the addresses of two users, and people who merge their contacts in HubSpot.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use anyhow::Context;
use rand::{RngExt, SeedableRng, rngs::StdRng};

use super::Shared;
use crate::{
    callers::{
        pairs::{Pair, PairKind},
        test_users::TestUser,
    },
    system::hubspot::Hubspot,
};

/// How many callers exchange addresses. Each of them is busy with one pair.
const EXCHANGING_CALLERS: usize = 2;
/// How many exchanges follow each other while a caller is busy with a pair. After that the pair stays unchanged for long, so that no
/// later change hides a wrong value in its contacts.
const EXCHANGES_PER_VISIT: std::ops::RangeInclusive<usize> = 1..=3;
/// The longest time between a change of a user and its next one.
const PAUSE: Duration = Duration::from_millis(700);
const PAUSE_BETWEEN_VISITS: Duration = Duration::from_secs(2);
/// At most this many changes of names before, and as many after a change of the address.
const MAX_NAMES: usize = 3;

/// What the exchanging callers share.
#[derive(Debug)]
pub(super) struct Exchanges {
    pairs: Arc<Vec<Pair>>,
    hubspot: Hubspot,
    /// The contacts that users had at first, by user id.
    contacts: BTreeMap<String, String>,
    next_pair: AtomicUsize,
    failures: Mutex<Vec<String>>,
}

impl Exchanges {
    pub(super) fn new(pairs: Arc<Vec<Pair>>, hubspot: Hubspot, contacts: BTreeMap<String, String>) -> Self {
        Self {
            pairs,
            hubspot,
            contacts,
            next_pair: AtomicUsize::new(0),
            failures: Mutex::default(),
        }
    }

    /// The number of callers that are needed.
    pub(super) fn callers(&self) -> usize {
        EXCHANGING_CALLERS.min(self.pairs.len())
    }

    /// Merges that failed, because of an error in the harness.
    pub(super) fn failures(&self) -> Vec<String> {
        self.failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn next_pair(&self) -> &Pair {
        let next = self.next_pair.fetch_add(1, Ordering::Relaxed);
        &self.pairs[next % self.pairs.len()]
    }

    /// Somebody merges the contacts of a pair in HubSpot.
    async fn merge(&self, pair: &Pair, kept: usize) -> anyhow::Result<()> {
        let contact = |user: TestUser| self.contacts.get(&user.id()).context("every user has a contact");
        let users = pair.users();
        let (primary, other) = (contact(users[kept])?, contact(users[1 - kept])?);
        // Afterwards HubSpot shows only the merged contact.
        let mut writes = vec![self.hubspot.contact(primary).await?.writes];
        writes.push(self.hubspot.contact(other).await?.writes);
        self.hubspot.merge(primary, other).await?;
        let mut record = pair.record();
        record.writes_before_merge = writes;
        record.merges += 1;
        Ok(())
    }
}

impl Shared {
    /// Exchanges addresses of one pair after another.
    pub(super) async fn exchange_addresses(self: Arc<Self>, mut random: StdRng) {
        while !self.is_stopped() {
            self.visit(self.exchanges.next_pair(), &mut random).await;
            pause(PAUSE_BETWEEN_VISITS, &mut random).await;
        }
    }

    async fn visit(&self, pair: &Pair, random: &mut StdRng) {
        // Another caller may still be busy with the pair.
        let mut addresses = pair.addresses.lock().await;
        for _ in 0..random.random_range(EXCHANGES_PER_VISIT) {
            if self.is_stopped() {
                return;
            }
            match pair.kind {
                PairKind::Swaps | PairKind::Merges => self.swap(pair, &mut addresses, random).await,
                PairKind::HandsOver => self.hand_over(pair, &mut addresses, random).await,
            }
        }
        if pair.kind == PairKind::Merges && pair.record().merges == 0 {
            self.merge(pair, random).await;
        }
    }

    /// Each user takes the address of the other one, at about the same time.
    async fn swap(&self, pair: &Pair, addresses: &mut [String; 2], random: &mut StdRng) {
        pair.record().swaps += 1;
        addresses.swap(0, 1);
        let [one, other] = pair.users();
        let (mut first, mut second) = (branch(random), branch(random));
        tokio::join!(
            self.move_to(one, &addresses[0], &mut first),
            self.move_to(other, &addresses[1], &mut second)
        );
    }

    /// One user takes a new address, and then the other one takes its former address.
    async fn hand_over(&self, pair: &Pair, addresses: &mut [String; 2], random: &mut StdRng) {
        pair.record().hand_overs += 1;
        let giver = random.random_range(0..=1);
        let users = pair.users();
        let (giving, taking) = (users[giver], users[1 - giver]);
        let fresh = giving.fresh_email(self.number());
        let handed_over = std::mem::replace(&mut addresses[giver], fresh);
        addresses[1 - giver] = handed_over;
        let (mut first, mut second) = (branch(random), branch(random));
        tokio::join!(
            self.move_to(giving, &addresses[giver], &mut first),
            self.change_names(taking, 0, &mut second)
        );
        tokio::join!(
            self.change_names(giving, 0, &mut first),
            self.move_to(taking, &addresses[1 - giver], &mut second)
        );
    }

    /// Somebody merges the contacts of both users while they are changed. The next changes show that the contacts are gone.
    async fn merge(&self, pair: &Pair, random: &mut StdRng) {
        let [one, other] = pair.users();
        let (mut first, mut second) = (branch(random), branch(random));
        let kept = random.random_range(0..=1);
        let ((), (), merged) = tokio::join!(
            self.change_names(one, 0, &mut first),
            self.change_names(other, 0, &mut second),
            async {
                pause(PAUSE, random).await;
                self.exchanges.merge(pair, kept).await
            }
        );
        if let Err(error) = merged {
            let number = pair.number;
            let text = format!("the contacts of pair {number} were not merged: {error:#}");
            let failures = &self.exchanges.failures;
            failures.lock().unwrap_or_else(PoisonError::into_inner).push(text);
        }
        tokio::join!(
            self.change_names(one, 1, &mut first),
            self.change_names(other, 1, &mut second)
        );
    }

    /// A user takes an address. Its names are changed before and after that, in some cases not at all.
    async fn move_to(&self, user: TestUser, email: &str, random: &mut StdRng) {
        self.change_names(user, 0, random).await;
        let change = user.change_of_address(self.number(), email, random);
        self.caller.change(&change, random).await;
        self.change_names(user, 0, random).await;
    }

    async fn change_names(&self, user: TestUser, at_least: usize, random: &mut StdRng) {
        for _ in 0..random.random_range(at_least..=MAX_NAMES) {
            let change = user.change_of_names(self.number(), random);
            self.caller.change(&change, random).await;
            pause(PAUSE, random).await;
        }
    }
}

/// Another source of random numbers, for a user that is changed at the same time.
fn branch(random: &mut StdRng) -> StdRng {
    StdRng::seed_from_u64(random.random())
}

async fn pause(longest: Duration, random: &mut StdRng) {
    tokio::time::sleep(longest.mul_f64(random.random())).await;
}
