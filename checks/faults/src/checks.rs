//! What must be true once things are well again.

mod contacts;
mod history;
mod receipts;
mod rest;
mod rows;

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;

use serde::Serialize;

pub use history::History;
use history::{Circumstances, FirstWrites, note_first_writes};
pub use rest::{Rest, wait_for_rest};

use crate::{breaker::Window, hubspot::Hubspot, ledger::Expected, stack::Stack};

/// A check, by what it asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Everything comes to rest within its time: nobody owes, doubts or waits, and the stream is empty.
    Rest,
    /// Answers agree with each other, and none is one that nobody deserves.
    Answers,
    /// The database holds every accepted change, and no other.
    Rows,
    /// Every contact holds the last accepted values.
    Contacts,
    /// Nothing went backwards but what could not be prevented, and that was repaired.
    History,
    /// Every receipt is final and true.
    Receipts,
    /// No service ended by itself, each ended well when told to, and none was left running.
    Processes,
    /// The harness did what it planned.
    Harness,
}

/// Something that is not as promised.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The check that found it.
    pub check: Check,
    /// What it is.
    pub what: String,
}

impl Finding {
    /// One for each sentence.
    pub fn all(check: Check, sentences: impl IntoIterator<Item = String>) -> impl Iterator<Item = Self> {
        sentences.into_iter().map(move |what| Self { check, what })
    }
}

/// What the checks look at.
#[derive(Debug)]
pub struct Scene<'a> {
    /// The system.
    pub stack: &'a Stack,
    /// The sandbox.
    pub hubspot: &'a Hubspot,
    /// What must be true of each user.
    pub expected: &'a BTreeMap<String, Expected>,
    /// Contact ids by user.
    pub contacts: &'a BTreeMap<String, String>,
    /// What was broken when.
    pub windows: &'a [Window],
    /// The latest that HubSpot carries out a call after it came.
    pub latest_effect: Duration,
}

impl Scene<'_> {
    /// Looks at everything that can be looked at while the services run.
    pub async fn look(&self) -> anyhow::Result<(Vec<Finding>, History)> {
        let mut findings = Vec::new();
        findings.extend(Finding::all(Check::Rows, rows::check(self).await?));
        findings.extend(Finding::all(Check::Receipts, receipts::check(self).await?));
        let mut contacts = Vec::new();
        let mut first_writes = FirstWrites::new();
        for (user, expected) in self.expected {
            let id = self.contacts.get(user).context("everybody has a contact")?;
            let contact = self.hubspot.contact(id).await?;
            note_first_writes(&mut first_writes, &contact.writes);
            contacts.push((user, expected, contact));
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
            backwards.extend(history.read(user, expected, &contact.writes, circumstances));
        }
        findings.extend(Finding::all(Check::Contacts, wrong));
        findings.extend(Finding::all(Check::History, backwards));
        Ok((findings, history))
    }
}
