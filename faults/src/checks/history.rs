//! Whether a contact ever went backwards, and whether that could not be prevented and was repaired.
//!
//! Every value names its version. An older one over a newer one is explained by a late effect (a call of the same
//! worker that was sent before the newer one) or by an overtaken worker (another one that held the lease before).
//! A worker that sends an older state after a newer one has no excuse.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use contracts::Field;
use jiff::SignedDuration;
use serde::Serialize;

use crate::{breaker::Window, fault::Fault, hubspot::Write, ledger::Expected};

/// A write that was under way when something was broken may be seen a little later.
const AFTERWARDS: SignedDuration = SignedDuration::from_secs(5);

/// How often something went backwards, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct History {
    /// Writes that were looked at.
    pub writes: u64,
    /// By a call that was carried out late.
    pub late_effects: u64,
    /// By a worker that was overtaken.
    pub overtaken: u64,
    /// Without an explanation, or never repaired.
    pub unexplained: u64,
}

/// Who sent a write, and as its how manyth call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark<'a> {
    worker: &'a str,
    call: u64,
}

/// The newest write of a property so far.
#[derive(Debug, Clone, Copy)]
struct Newest<'a> {
    version: u64,
    write: &'a Write,
}

enum Excuse {
    LateEffect,
    Overtaken,
    None,
}

impl History {
    /// Reads the writes of one contact; a sentence for each that has no excuse or was not repaired.
    pub fn read(
        &mut self,
        user: &str,
        expected: &Expected,
        writes: &[Write],
        windows: &[Window],
    ) -> Vec<String> {
        self.writes += writes.len() as u64;
        let mut wrong = Vec::new();
        let mut newest: BTreeMap<Field, Newest<'_>> = BTreeMap::new();
        for write in writes {
            for (property, value) in &write.properties {
                let Some(field) = Field::from_property(property) else {
                    continue;
                };
                let Some(version) = expected.version_of.get(&(field, value.clone())).copied() else {
                    continue;
                };
                match newest.get(&field) {
                    Some(newer) if newer.version > version => {
                        let excuse = excuse(newer.write, write, windows);
                        wrong.extend(self.count(&excuse, user, property, (newer, version, write)));
                    }
                    _ => {
                        newest.insert(field, Newest { version, write });
                    }
                }
            }
        }
        wrong
    }

    fn count(
        &mut self,
        excuse: &Excuse,
        user: &str,
        property: &str,
        (newer, version, write): (&Newest<'_>, u64, &Write),
    ) -> Option<String> {
        match excuse {
            Excuse::LateEffect => self.late_effects += 1,
            Excuse::Overtaken => self.overtaken += 1,
            Excuse::None => {
                self.unexplained += 1;
                let (before, at) = (newer.version, write.at);
                let (first, second) = (&newer.write.trace_id, &write.trace_id);
                return Some(format!(
                    "{property} of {user} went from version {before} ({first:?}) back to {version} ({second:?}) at {at}"
                ));
            }
        }
        None
    }
}

/// That it was repaired is shown by what the contact holds in the end.
fn excuse(newer: &Write, older: &Write, windows: &[Window]) -> Excuse {
    match (mark(newer), mark(older)) {
        (Some(newer), Some(older)) if newer.worker == older.worker => {
            if older.call < newer.call {
                Excuse::LateEffect
            } else {
                Excuse::None
            }
        }
        (Some(_), Some(_)) if lease_could_pass_on(older, windows) => Excuse::Overtaken,
        (Some(_), Some(_)) => Excuse::None,
        // A call for one contact has no mark; the sandbox numbers calls as they come.
        _ if older.call < newer.call => Excuse::LateEffect,
        _ if lease_could_pass_on(older, windows) => Excuse::Overtaken,
        _ => Excuse::None,
    }
}

/// Whether anything was broken shortly before that makes a worker lose the lease.
fn lease_could_pass_on(write: &Write, windows: &[Window]) -> bool {
    windows.iter().any(|window| {
        takes_the_lease(window.fault) && window.from <= write.at && write.at <= window.until + AFTERWARDS
    })
}

/// Where the holder cannot renew it for seconds, or is gone.
fn takes_the_lease(fault: Fault) -> bool {
    !matches!(fault, Fault::Cut(_) | Fault::Hubspot(..))
}

/// The engine marks each input with the worker, its call and the place in it.
fn mark(write: &Write) -> Option<Mark<'_>> {
    let (rest, _place) = write.trace_id.as_deref()?.rsplit_once('-')?;
    let (worker, call) = rest.rsplit_once('-')?;
    let call = call.parse().ok()?;
    Some(Mark { worker, call })
}
