//! Checks that an older value never overwrote a newer one, except where that cannot be prevented.
//!
//! Each value belongs to one version. Two things explain an older value over a newer one. A late effect: the call was
//! sent or arrived before the newer one, at a time when calls could time out and still be applied. A superseded worker:
//! the call came from another worker that had written before, at a time when it could lose the lease. Nothing explains a
//! worker that sends an older value after a newer one, or a value that no accepted change gave. Whether an overwritten
//! value was repaired is shown by the contact's final values.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use contracts::{Field, FieldDefinitions, Value};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{
    callers::accepted_changes::Expected,
    injection::{fault::Fault, injector::FaultWindow},
    system::{components::Link, hubspot::Write},
};

/// A write that was in progress during a fault can arrive this much later.
const MAX_DELAY: SignedDuration = SignedDuration::from_secs(5);

/// When each worker made its first write to any contact.
pub(super) type FirstWrites = BTreeMap<String, Timestamp>;

/// Records the first write of each worker.
pub(super) fn note_first_writes(first: &mut FirstWrites, writes: &[Write]) {
    for write in writes {
        if let Some(mark) = mark(write) {
            let seen = first.entry(mark.worker.to_owned()).or_insert(write.at);
            *seen = write.at.min(*seen);
        }
    }
}

/// What can explain that an older value overwrote a newer one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Circumstances<'a> {
    /// When each fault was in effect.
    pub(super) windows: &'a [FaultWindow],
    /// When each worker made its first write.
    pub(super) first_writes: &'a FirstWrites,
    /// How long after a time-out HubSpot may still apply a call.
    pub(super) latest_effect: SignedDuration,
}

/// How often an older value overwrote a newer one, and why.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct History {
    /// The number of writes that were checked.
    pub writes: u64,
    /// Older values of a call that was applied late.
    pub late_effects: u64,
    /// Older values of a worker that had lost the lease.
    pub superseded: u64,
    /// Older values without an explanation.
    pub unexplained: u64,
}

/// The worker that sent a write, and the number of its call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct CallMark<'a> {
    worker: &'a str,
    call: u64,
}

/// The newest write of a property so far.
#[derive(Debug, Clone, Copy)]
struct Newest<'a> {
    version: u64,
    write: &'a Write,
}

enum Explanation {
    LateEffect,
    Overtaken,
    None,
}

impl History {
    /// Checks the writes of one contact, and returns a sentence for each that has no explanation. `users` are those that may write to
    /// it. The order of their values matters for each of them alone.
    pub(super) fn read(
        &mut self,
        users: &[(&str, &Expected)],
        writes: &[Write],
        circumstances: Circumstances<'_>,
    ) -> Vec<String> {
        self.writes += writes.len() as u64;
        let mut wrong = Vec::new();
        let mut newest: BTreeMap<(&str, Field), Newest<'_>> = BTreeMap::new();
        for write in writes {
            for (property, value) in &write.properties {
                let Some(field) = FieldDefinitions::built_in().by_property(property) else {
                    continue;
                };
                let Some((user, version)) = version_of(users, field, value) else {
                    wrong.extend(unknown_value(users, field, value, write));
                    continue;
                };
                match newest.get(&(user, field)) {
                    Some(newer) if newer.version > version => {
                        let explanation = circumstances.explanation(newer.write, write);
                        wrong.extend(self.count(&explanation, user, property, (newer, version, write)));
                    }
                    _ => {
                        newest.insert((user, field), Newest { version, write });
                    }
                }
            }
        }
        wrong
    }

    fn count(
        &mut self,
        explanation: &Explanation,
        user: &str,
        property: &str,
        (newer, version, write): (&Newest<'_>, u64, &Write),
    ) -> Option<String> {
        match explanation {
            Explanation::LateEffect => self.late_effects += 1,
            Explanation::Overtaken => self.superseded += 1,
            Explanation::None => {
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

/// The user and the version to which a value belongs. Cleared values, and values of several versions or users, belong to none and are
/// not checked.
fn version_of<'u>(users: &[(&'u str, &Expected)], field: Field, value: &str) -> Option<(&'u str, u64)> {
    let key = (field, Value::from(value));
    let mut givers = users.iter().filter(|(_, expected)| expected.given.contains(&key));
    let (user, expected) = givers.next()?;
    let version = expected.version_of.get(&key)?;
    givers.next().is_none().then_some((*user, *version))
}

/// A sentence about a value that no change gave.
fn unknown_value(users: &[(&str, &Expected)], field: Field, value: &str, write: &Write) -> Option<String> {
    let key = (field, Value::from(value));
    if value.is_empty() || users.iter().any(|(_, expected)| expected.given.contains(&key)) {
        return None;
    }
    let (name, at, trace) = (field.name(), write.at, &write.trace_id);
    let users: Vec<&str> = users.iter().map(|(user, _)| *user).collect();
    let user = users.join(" or ");
    Some(format!(
        "{name} of {user} was {value:?} at {at} ({trace:?}), which no accepted change gave"
    ))
}

impl Circumstances<'_> {
    /// Finds the explanation for a write of an older value after a newer one.
    fn explanation(self, newer: &Write, older: &Write) -> Explanation {
        let superseded = |worker: &str| {
            let wrote_before = self
                .first_writes
                .get(worker)
                .is_some_and(|first| *first <= newer.at);
            // If this is the worker's first write, its call may have been held up since before the newer one.
            let may_be = wrote_before || self.was_broken(older, holds_calls_up, MAX_DELAY);
            may_be && self.was_broken(older, takes_the_lease, MAX_DELAY)
        };
        let late = || self.was_broken(older, makes_calls_late, self.latest_effect + MAX_DELAY);
        match (mark(newer), mark(older)) {
            (Some(newer), Some(older)) if newer.worker == older.worker => {
                if older.call < newer.call && late() {
                    Explanation::LateEffect
                } else {
                    Explanation::None
                }
            }
            // Calls of two workers, or calls for a single contact, which have no mark: the sandbox's numbers give the order in
            // which the calls arrived.
            _ if older.call < newer.call && late() => Explanation::LateEffect,
            (_, Some(older)) if superseded(older.worker) => Explanation::Overtaken,
            (Some(_), Some(_)) => Explanation::None,
            _ if self.was_broken(older, takes_the_lease, MAX_DELAY) => Explanation::Overtaken,
            _ => Explanation::None,
        }
    }

    /// Whether a fault of this kind was in effect shortly before a write.
    fn was_broken(self, write: &Write, kind: fn(Fault) -> bool, shortly: SignedDuration) -> bool {
        self.windows
            .iter()
            .any(|window| kind(window.fault) && window.from <= write.at && write.at <= window.until + shortly)
    }
}

/// Whether a fault can keep the holder from renewing the lease for seconds.
fn takes_the_lease(fault: Fault) -> bool {
    match fault {
        Fault::Kill(component) | Fault::Terminate(component) | Fault::Freeze(component) => {
            !component.is_gateway()
        }
        Fault::Refuse(link) | Fault::Stall(link, _) | Fault::Slow(link) => {
            matches!(link, Link::Nats(component) if !component.is_gateway())
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
        | Fault::TakeOverLease(_) => true,
    }
}

/// Whether a fault can make a worker time out on a call that HubSpot has received or will receive.
fn makes_calls_late(fault: Fault) -> bool {
    match fault {
        Fault::Hubspot(fault, _) => fault.may_act_late(),
        Fault::Cut(Link::Hubspot(_)) => true,
        other => holds_calls_up(other),
    }
}

/// Whether a fault can delay a call between the worker's last check and HubSpot.
fn holds_calls_up(fault: Fault) -> bool {
    match fault {
        Fault::Refuse(link) | Fault::Stall(link, _) | Fault::Slow(link) => matches!(link, Link::Hubspot(_)),
        Fault::Freeze(component) => component.is_hubspot(),
        Fault::TakeOverLease(_) => true,
        _ => false,
    }
}

/// The engine marks each input of a batch with the worker, the number of the call, and the place in the call.
fn mark(write: &Write) -> Option<CallMark<'_>> {
    let (rest, _place) = write.trace_id.as_deref()?.rsplit_once('-')?;
    let (worker, call) = rest.rsplit_once('-')?;
    let call = call.parse().ok()?;
    Some(CallMark { worker, call })
}
