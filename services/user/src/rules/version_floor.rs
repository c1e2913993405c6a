//! The version floor: after commits may have been lost, versions and attempts continue above every number that was handed out.
//!
//! A database that fails over to a copy, or is restored, may have lost its last commits. The versions, the attempts and the epochs of
//! these commits were handed out, as entity tags, to workers, in receipts. Handed out again, they would mean something else: a lost
//! entity tag would pass `If-Match`, and the result of a lost attempt would resolve fields of another one.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::{Lease, RuleTiming, UnixMs};

/// If the clock was set back, the floor rises by at least this much, and by up to twice as much. Nobody changes one user so often between
/// two fail-overs.
const MIN_STEP: u64 = 1_000_000;

/// What the fingerprint of a database says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FingerprintChange {
    /// It is the database that it was, or it has no fingerprint.
    None,
    /// Its fingerprint was not stored yet.
    First,
    /// It is another database, which may have lost commits: the version floor was raised.
    Another,
}

/// Compares the fingerprint of a database with the one that is stored in it. If they differ, raises the version floor and stores the
/// new fingerprint.
pub fn check_fingerprint(
    lease: &mut Lease,
    found: Option<&str>,
    now: UnixMs,
    timing: &RuleTiming,
) -> FingerprintChange {
    let change = match (lease.fingerprint.as_deref(), found) {
        (_, None) => return FingerprintChange::None,
        (Some(stored), Some(found)) if stored == found => return FingerprintChange::None,
        (None, Some(_)) => FingerprintChange::First,
        (Some(_), Some(_)) => FingerprintChange::Another,
    };
    if change == FingerprintChange::Another {
        raise_version_floor(lease, found, now, timing);
    }
    lease.fingerprint = found.map(str::to_owned);
    change
}

/// Raises the version floor, and gives the lease to nobody for one term: the worker that holds it may be unknown to this database.
///
/// The new floor is the time in microseconds. So it is above every number that was handed out even if an earlier raise is among the lost
/// commits. It stays below 2^53 until the year 2255, so that every client can read versions as numbers. If the clock was set back, the
/// floor rises by a step that depends on the fingerprint, so that a raise is not repeated after it was lost.
pub fn raise_version_floor(lease: &mut Lease, fingerprint: Option<&str>, now: UnixMs, timing: &RuleTiming) {
    let microseconds = u64::try_from(now).unwrap_or(0).saturating_mul(1_000);
    let mut hasher = DefaultHasher::new();
    (fingerprint, now).hash(&mut hasher);
    let step = MIN_STEP + hasher.finish() % MIN_STEP;
    lease.version_floor = microseconds.max(lease.version_floor + step);
    lease.holder = None;
    lease.expires_at = now + timing.lease;
}

/// When HubSpot can no longer apply a call of an attempt that was lost before the floor was raised: the worker that sent it held the lease
/// for one term at most, and then the late-write window begins.
pub(super) fn lost_calls_end_at(floor: u64, timing: &RuleTiming) -> UnixMs {
    let raised_at = UnixMs::try_from(floor / 1_000).unwrap_or(UnixMs::MAX / 2);
    raised_at + timing.lease + timing.late_write
}

/// The number after this one. It is above the floor.
pub(super) fn next_number(number: u64, floor: u64) -> u64 {
    number.max(floor) + 1
}
