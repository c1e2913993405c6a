//! The checks after the last fault has ended.

mod contacts;
mod convergence;
mod history;
mod links;
mod pairs;
mod receipts;
mod rows;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use anyhow::Context;

use serde::Serialize;

pub use convergence::{Convergence, wait_for_convergence};
pub use history::History;
use history::{Circumstances, FirstWrites, note_first_writes};
use links::Losses;
use pairs::{PairFound, UserFound};

use contracts::{Field, FieldDefinitions};

use crate::{
    callers::{accepted_changes::Expected, pairs::Pair, test_users::TestUser},
    injection::injector::FaultWindow,
    system::{hubspot::Hubspot, stack::Stack},
};

/// A check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// The system converges in time: no user is dirty, in doubt or waiting, and the stream is empty.
    Convergence,
    /// Answers do not contradict each other, and no valid change was rejected.
    Answers,
    /// The database contains every accepted change, and no others.
    Rows,
    /// Every contact has the last accepted values.
    Contacts,
    /// No older value overwrote a newer one, except where that cannot be prevented, and then it was repaired.
    History,
    /// Every user is linked to its own contact, two users share none, and a conflict is true.
    Links,
    /// Every receipt has its final and correct state.
    Receipts,
    /// No service stopped unexpectedly, each exits without an error on SIGTERM, and none is left running.
    Processes,
    /// The harness injected and undid every planned fault.
    Harness,
}

/// Something that a check found.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The check that found it.
    pub check: Check,
    /// What was found, in one sentence.
    pub what: String,
}

impl Finding {
    /// Makes a finding of each sentence.
    pub fn all(check: Check, sentences: impl IntoIterator<Item = String>) -> impl Iterator<Item = Self> {
        sentences.into_iter().map(move |what| Self { check, what })
    }
}

/// Everything that the checks read.
#[derive(Debug)]
pub struct CheckContext<'a> {
    /// The system.
    pub stack: &'a Stack,
    /// The sandbox.
    pub hubspot: &'a Hubspot,
    /// The expected state of each user.
    pub expected: &'a BTreeMap<String, Expected>,
    /// The ids of the contacts that users had at first, by user id. Only those of pairs change.
    pub contacts: &'a BTreeMap<String, String>,
    /// The users whose addresses or contacts mix.
    pub pairs: &'a [Pair],
    /// When each fault was in effect.
    pub windows: &'a [FaultWindow],
    /// How long after its arrival HubSpot may still apply a call.
    pub latest_effect: Duration,
}

/// What the checks counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counted {
    /// Older values that overwrote newer ones.
    pub history: History,
    /// What became of the pairs.
    pub pairs: PairCounts,
}

/// What became of the pairs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct PairCounts {
    /// The number of users in conflict in the end.
    pub conflicts: u64,
    /// How often a user lost its contact to another one.
    pub losses: u64,
    /// Values in fields that the user of a contact never gave. A former user gave them.
    pub left_values: u64,
}

impl PairCounts {
    fn of(pairs: &[PairFound<'_>], losses: &Losses) -> Self {
        let users = || pairs.iter().flat_map(|pair| &pair.users);
        Self {
            conflicts: users().filter(|user| user.is_in_conflict()).count() as u64,
            losses: losses.values().sum(),
            left_values: users().map(UserFound::count_left_values).sum(),
        }
    }
}

impl CheckContext<'_> {
    /// Runs every check that needs running services.
    pub async fn run_all(&self) -> anyhow::Result<(Vec<Finding>, Counted)> {
        let mut findings = Vec::new();
        findings.extend(Finding::all(Check::Rows, rows::check(self).await?));
        let pairs = pairs::read(self).await?;
        findings.extend(Finding::all(
            Check::Receipts,
            receipts::check(self, &pairs).await?,
        ));
        findings.extend(Finding::all(Check::Links, links::check(self, &pairs).await?));
        let losses = links::read_losses(self.stack)?;
        let too_many = links::check_losses(self.pairs, &losses);
        findings.extend(Finding::all(Check::Links, too_many));
        let (wrong, history) = self.check_contacts(&pairs).await?;
        findings.extend(wrong);
        let pairs = PairCounts::of(&pairs, &losses);
        Ok((findings, Counted { history, pairs }))
    }

    /// The users that have a contact of their own which never changes.
    fn users_without_partner(&self) -> impl Iterator<Item = &String> {
        let paired: BTreeSet<String> = self
            .pairs
            .iter()
            .flat_map(Pair::users)
            .map(TestUser::id)
            .collect();
        self.expected.keys().filter(move |user| !paired.contains(*user))
    }

    /// Checks what contacts have, and everything that was ever written to them.
    async fn check_contacts(&self, pairs: &[PairFound<'_>]) -> anyhow::Result<(Vec<Finding>, History)> {
        let mut contacts = Vec::new();
        let mut first_writes = FirstWrites::new();
        for user in self.users_without_partner() {
            let id = self.contacts.get(user).context("every user has a contact")?;
            let contact = self.hubspot.contact(id).await?;
            note_first_writes(&mut first_writes, &contact.writes);
            contacts.push((user, &self.expected[user], contact));
        }
        for writes in pairs.iter().flat_map(|pair| &pair.writes) {
            note_first_writes(&mut first_writes, writes);
        }
        let circumstances = Circumstances {
            windows: self.windows,
            first_writes: &first_writes,
            latest_effect: self.latest_effect.try_into()?,
        };
        let mut history = History::default();
        let (mut wrong, mut backwards) = (Vec::new(), Vec::new());
        for (user, expected, contact) in contacts {
            wrong.extend(contacts::check(user, expected, &contact));
            backwards.extend(history.read(&[(user, expected)], &contact.writes, circumstances));
        }
        for pair in pairs {
            let users = pair
                .users
                .each_ref()
                .map(|user| (user.id.as_str(), user.expected));
            for writes in &pair.writes {
                backwards.extend(history.read(&users, writes, circumstances));
            }
        }
        let findings = Finding::all(Check::Contacts, wrong);
        let findings = findings.chain(Finding::all(Check::History, backwards)).collect();
        Ok((findings, history))
    }
}

/// The property of HubSpot that a field is written to.
fn property_of(field: Field) -> &'static str {
    let definition = FieldDefinitions::built_in().get(field);
    definition.map_or("", |definition| &definition.property)
}
