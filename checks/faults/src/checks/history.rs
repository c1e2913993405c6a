//! Whether a contact ever went backwards, and whether that could not be prevented and was repaired.
//!
//! Every value names its version. An older one over a newer one is explained by a late effect (a call that was sent or
//! came before the newer one, when calls could be given up) or by an overtaken worker (another one that
//! wrote before, when the lease could pass on). A worker that sends an older state after a newer one has no excuse. A
//! value that no accepted change gave is one that was invented.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use contracts::Field;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{breaker::Window, fault::Fault, hubspot::Write, ledger::Expected, parts::Link};

/// A write that was under way when something was broken may be seen a little later.
const AFTERWARDS: SignedDuration = SignedDuration::from_secs(5);

/// When each worker was first seen to write, to any contact.
pub(super) type FirstWrites = BTreeMap<String, Timestamp>;

/// Notes the first write of each worker.
pub(super) fn note_first_writes(first: &mut FirstWrites, writes: &[Write]) {
    for write in writes {
        if let Some(mark) = mark(write) {
            let seen = first.entry(mark.worker.to_owned()).or_insert(write.at);
            *seen = write.at.min(*seen);
        }
    }
}

/// What explains a write that went backwards.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances<'a> {
    /// What was broken when.
    pub(super) windows: &'a [Window],
    /// When each worker was first seen to write.
    pub(super) first_writes: &'a FirstWrites,
    /// The latest that a call is carried out after it was given up.
    pub(super) latest_effect: SignedDuration,
}

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
    pub(super) fn read(
        &mut self,
        user: &str,
        expected: &Expected,
        writes: &[Write],
        circumstances: Circumstances<'_>,
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
                    wrong.extend(invented(user, expected, field, value, write));
                    continue;
                };
                match newest.get(&field) {
                    Some(newer) if newer.version > version => {
                        let excuse = circumstances.excuse(newer.write, write);
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

/// A sentence about a value that no change gave. Cleared ones and those of several versions name no version.
fn invented(user: &str, expected: &Expected, field: Field, value: &str, write: &Write) -> Option<String> {
    if value.is_empty() || expected.given.contains(&(field, value.to_owned())) {
        return None;
    }
    let (name, at, trace) = (field.name(), write.at, &write.trace_id);
    Some(format!(
        "{name} of {user} was {value:?} at {at} ({trace:?}), which no accepted change gave"
    ))
}

impl Circumstances<'_> {
    /// That it was repaired is shown by what the contact holds in the end.
    fn excuse(self, newer: &Write, older: &Write) -> Excuse {
        let overtaken = |worker: &str| {
            let wrote_before = self
                .first_writes
                .get(worker)
                .is_some_and(|first| *first <= newer.at);
            // Its very first call may have been held up on its way.
            let may_be = wrote_before || self.was_broken(older, holds_calls_up, AFTERWARDS);
            may_be && self.was_broken(older, takes_the_lease, AFTERWARDS)
        };
        let late = || self.was_broken(older, makes_calls_late, self.latest_effect + AFTERWARDS);
        match (mark(newer), mark(older)) {
            (Some(newer), Some(older)) if newer.worker == older.worker => {
                if older.call < newer.call && late() {
                    Excuse::LateEffect
                } else {
                    Excuse::None
                }
            }
            // Of another worker, or without a mark, as calls for one contact are: the sandbox numbers calls as they come.
            _ if older.call < newer.call && late() => Excuse::LateEffect,
            (_, Some(older)) if overtaken(older.worker) => Excuse::Overtaken,
            (Some(_), Some(_)) => Excuse::None,
            _ if self.was_broken(older, takes_the_lease, AFTERWARDS) => Excuse::Overtaken,
            _ => Excuse::None,
        }
    }

    /// Whether something of that kind was broken shortly before a write.
    fn was_broken(self, write: &Write, kind: fn(Fault) -> bool, shortly: SignedDuration) -> bool {
        self.windows
            .iter()
            .any(|window| kind(window.fault) && window.from <= write.at && write.at <= window.until + shortly)
    }
}

/// Where the holder cannot renew it for seconds, or is gone.
fn takes_the_lease(fault: Fault) -> bool {
    match fault {
        Fault::Kill(part) | Fault::Terminate(part) | Fault::Freeze(part) => !part.is_gateway(),
        Fault::Refuse(link) | Fault::Stall(link, _) | Fault::Slow(link) => {
            matches!(link, Link::Nats(part) if !part.is_gateway())
        }
        Fault::Cut(_) | Fault::Hubspot(..) => false,
        Fault::KillEverything
        | Fault::WipeNats
        | Fault::ReplaceNats
        | Fault::RollNatsBack
        | Fault::Node(..)
        | Fault::LoseQuorum(_)
        | Fault::RollingRestart
        | Fault::LockDatabase
        | Fault::KillDatabase
        | Fault::FillDisk
        | Fault::ReadOnlyDisk
        | Fault::FreeLease
        | Fault::Overtake(_) => true,
    }
}

/// Where a caller gives a call up that HubSpot has got, or may get yet.
fn makes_calls_late(fault: Fault) -> bool {
    match fault {
        Fault::Hubspot(trouble, _) => trouble.may_act_late(),
        Fault::Cut(Link::Hubspot(_)) => true,
        other => holds_calls_up(other),
    }
}

/// Where a call stands still between the worker's last look and HubSpot.
fn holds_calls_up(fault: Fault) -> bool {
    match fault {
        Fault::Refuse(link) | Fault::Stall(link, _) | Fault::Slow(link) => matches!(link, Link::Hubspot(_)),
        Fault::Freeze(part) => part.is_hubspot(),
        Fault::Overtake(_) => true,
        _ => false,
    }
}

/// The engine marks each input with the worker, its call and the place in it.
fn mark(write: &Write) -> Option<Mark<'_>> {
    let (rest, _place) = write.trace_id.as_deref()?.rsplit_once('-')?;
    let (worker, call) = rest.rsplit_once('-')?;
    let call = call.parse().ok()?;
    Some(Mark { worker, call })
}
