//! Pairs of users whose addresses or contacts mix, and the record of what happened to them.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::{
    callers::test_users::{TestUser, UserKind},
    system::hubspot::Write,
};

/// Two users whose addresses or contacts mix.
#[derive(Debug)]
pub struct Pair {
    /// The number, from 0.
    pub number: usize,
    /// What happens to them.
    pub kind: PairKind,
    /// Held by the caller that exchanges addresses of this pair.
    pub addresses: tokio::sync::Mutex<[String; 2]>,
    record: Mutex<PairRecord>,
}

/// What happens to the users of a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PairKind {
    /// Each takes the address of the other. HubSpot's contacts keep their addresses.
    Swaps,
    /// One takes a new address, and the other one takes the former address of the first. HubSpot keeps that as a secondary address of
    /// the first one's contact.
    HandsOver,
    /// Somebody merges their contacts in HubSpot, once. Before and after that they exchange their addresses.
    Merges,
}

/// What happened to a pair.
#[derive(Debug, Clone, Default)]
pub struct PairRecord {
    /// The number of exchanges: both have another address.
    pub swaps: u64,
    /// The number of addresses that one handed to the other.
    pub hand_overs: u64,
    /// The number of merges of their contacts.
    pub merges: u64,
    /// The writes to the two contacts before the merge. HubSpot shows only the merged contact afterwards.
    pub writes_before_merge: Vec<Vec<Write>>,
}

/// How often addresses and contacts mixed, over all pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ExchangeCounts {
    /// Exchanges of two addresses.
    pub swaps: u64,
    /// Addresses that one user handed to the other.
    pub hand_overs: u64,
    /// Merges of two users' contacts.
    pub merges: u64,
}

impl Pair {
    /// Makes this many pairs. All kinds take turns.
    pub fn all(pairs: usize) -> Vec<Self> {
        let kinds = [PairKind::Swaps, PairKind::HandsOver, PairKind::Merges];
        let pairs = (0..pairs).zip(kinds.into_iter().cycle());
        pairs.map(|(number, kind)| Self::new(number, kind)).collect()
    }

    fn new(number: usize, kind: PairKind) -> Self {
        Self {
            number,
            kind,
            addresses: tokio::sync::Mutex::new(users(number).map(TestUser::email)),
            record: Mutex::default(),
        }
    }

    /// The two users.
    pub fn users(&self) -> [TestUser; 2] {
        users(self.number)
    }

    /// What happened to it so far.
    pub fn record(&self) -> MutexGuard<'_, PairRecord> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a user of this pair may be in conflict in the end, because one contact has the addresses of both.
    pub fn may_be_in_conflict(&self) -> bool {
        self.kind != PairKind::Swaps
    }
}

fn users(number: usize) -> [TestUser; 2] {
    let user = |number| TestUser {
        kind: UserKind::Paired,
        number,
    };
    [user(2 * number), user(2 * number + 1)]
}

impl PairRecord {
    /// The number of events after which a contact may belong to another user.
    pub fn causes(&self) -> u64 {
        self.swaps + self.hand_overs + self.merges
    }
}

impl ExchangeCounts {
    /// Adds up what happened to all pairs.
    pub fn of(pairs: &[Pair]) -> Self {
        pairs.iter().fold(Self::default(), |mut counts, pair| {
            let record = pair.record();
            counts.swaps += record.swaps;
            counts.hand_overs += record.hand_overs;
            counts.merges += record.merges;
            counts
        })
    }
}
