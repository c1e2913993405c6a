//! The checks after the last fault has ended.

mod contacts;
mod convergence;
mod history;
mod receipts;
mod rows;

use std::{collections::BTreeMap, time::Duration};

use anyhow::Context;

use serde::Serialize;

pub use convergence::{Convergence, wait_for_convergence};
pub use history::History;
use history::{Circumstances, FirstWrites, note_first_writes};

use crate::{
    callers::accepted_changes::Expected,
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
    /// Contact ids by user id.
    pub contacts: &'a BTreeMap<String, String>,
    /// When each fault was in effect.
    pub windows: &'a [FaultWindow],
    /// How long after its arrival HubSpot may still apply a call.
    pub latest_effect: Duration,
}

impl CheckContext<'_> {
    /// Runs every check that needs running services.
    pub async fn run_all(&self) -> anyhow::Result<(Vec<Finding>, History)> {
        let mut findings = Vec::new();
        findings.extend(Finding::all(Check::Rows, rows::check(self).await?));
        findings.extend(Finding::all(Check::Receipts, receipts::check(self).await?));
        let mut contacts = Vec::new();
        let mut first_writes = FirstWrites::new();
        for (user, expected) in self.expected {
            let id = self.contacts.get(user).context("every user has a contact")?;
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
