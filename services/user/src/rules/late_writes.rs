//! Late writes: HubSpot may apply a call long after its worker gave up on it, over a newer value, and nobody is told.
//!
//! The row of the user whose call it was has a window until when that may happen, and what the call named. While the window is open,
//! no other user writes to the same contact. When it ends, everything is sent again that the call may have overwritten.

use contracts::{Priority, Reason, WriteTarget};
use serde::{Deserialize, Serialize};

use super::{
    Row, RuleTiming, UnixMs,
    dirty::{changed_after, mark_dirty},
};

/// At most this many targets are kept in a row, those whose time ends last.
const MAX_TARGETS: usize = 8;
/// The code of a user that waits until HubSpot can no longer apply a call of another user to the same contact.
pub(super) const LATE_WRITE_POSSIBLE: &str = "LATE_WRITE_POSSIBLE";

/// The time in which HubSpot may still apply calls that we gave up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateWriteWindow {
    /// The lowest version that one of the calls carried.
    pub from_version: u64,
    /// The end of the window.
    pub until: UnixMs,
    /// What the calls named, each with the time until which other users wait for it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<(WriteTarget, UnixMs)>,
    /// The attempt that was given up, if the window is for that one alone. Its result may still come and say that none of its calls
    /// can be applied any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_up: Option<u64>,
}

impl LateWriteWindow {
    fn add_target(&mut self, target: WriteTarget, until: UnixMs) {
        match self.targets.iter_mut().find(|(known, _)| *known == target) {
            Some((_, end)) => *end = until.max(*end),
            None => self.targets.push((target, until)),
        }
        if self.targets.len() > MAX_TARGETS {
            self.targets.sort_by_key(|(_, end)| *end);
            self.targets.remove(0);
        }
    }

    fn end_by(&mut self, latest: UnixMs) {
        self.until = self.until.min(latest);
        for (_, until) in &mut self.targets {
            *until = latest.min(*until);
        }
    }
}

impl Row {
    /// Begins a late-write window because the last attempt was given up, or extends the current one.
    pub(super) fn extend_window_for_given_up(
        &mut self,
        version: u64,
        until: UnixMs,
        target: Option<WriteTarget>,
    ) {
        let is_first = self.in_doubt.is_none();
        self.extend_late_write_window(version, until, target);
        if let Some(window) = &mut self.in_doubt {
            window.given_up = Some(self.attempt).filter(|_| is_first);
        }
    }

    /// The result of an earlier attempt has come, and HubSpot can apply none of its calls any more. If the window is for this attempt
    /// alone, it ends now, and the sweep does what follows.
    pub(super) fn end_window_of(&mut self, attempt: u64, now: UnixMs) {
        if let Some(window) = self
            .in_doubt
            .as_mut()
            .filter(|window| window.given_up == Some(attempt))
        {
            window.end_by(now);
        }
    }

    /// Begins a late-write window, or extends the current one to the lower version and the later end. `target` is what the call
    /// named; none if it cannot have written anything that another user may write.
    pub(super) fn extend_late_write_window(
        &mut self,
        version: u64,
        until: UnixMs,
        target: Option<WriteTarget>,
    ) {
        let window = self.in_doubt.get_or_insert(LateWriteWindow {
            from_version: version,
            until,
            targets: Vec::new(),
            given_up: None,
        });
        window.given_up = None;
        window.from_version = window.from_version.min(version);
        window.until = window.until.max(until);
        if let Some(target) = target {
            window.add_target(target, until);
        }
    }

    /// Whether the user waits until HubSpot can no longer apply a call of another user.
    pub(super) fn waits_for_late_write(&self) -> bool {
        let waits = |reason: &Reason| reason.code == LATE_WRITE_POSSIBLE;
        self.is_dirty() && self.open_attempt.is_none() && self.last_failure.as_ref().is_some_and(waits)
    }

    /// Puts the user off until HubSpot can no longer apply a call of another user to the same contact.
    pub(super) fn wait_for_late_write(&mut self, until: UnixMs, now: UnixMs, timing: &RuleTiming) {
        self.wake_at = Some(until.min(now + timing.late_write));
        self.last_failure = Some(Reason::ours(
            LATE_WRITE_POSSIBLE,
            "HubSpot may still apply a call of another user to this contact; the user is sent when that is over",
        ));
    }

    /// The user need not wait any more.
    pub(super) fn end_wait_for_late_write(&mut self) {
        self.last_failure
            .take_if(|reason| reason.code == LATE_WRITE_POSSIBLE);
    }
}

/// Contacts that were merged into this one count as this one: a window that names one of them names this contact too. Returns
/// whether there was one.
pub fn extend_windows_to(row: &mut Row, former: &[WriteTarget], contact: &WriteTarget) -> bool {
    let Some(window) = &mut row.in_doubt else {
        return false;
    };
    let ends = window
        .targets
        .iter()
        .filter(|(target, _)| former.contains(target));
    let Some(until) = ends.map(|(_, until)| *until).max() else {
        return false;
    };
    window.add_target(contact.clone(), until);
    true
}

/// Ends the window in which HubSpot may apply a late call. If it did, the call replaced values that callers changed after its version.
/// Those fields are sent again, even if they are dirty already or being sent. Other fields have the value that the call wrote.
///
/// Returns the contacts that the calls named and that another user may be linked to now.
pub(super) fn end_late_write_window(row: &mut Row, now: UnixMs, timing: &RuleTiming) -> Vec<WriteTarget> {
    // If the clock stepped back, the window ends a whole term from now, and never earlier.
    if let Some(window) = &mut row.in_doubt {
        window.end_by(now + timing.late_write);
    }
    let Some(window) = row.in_doubt.take_if(|window| window.until <= now) else {
        return Vec::new();
    };
    let newer = changed_after(row, window.from_version);
    mark_dirty(row, newer, Priority::Live, now);
    let targets = window.targets.into_iter().map(|(target, _)| target);
    targets.filter(|target| may_be_of_another(row, target)).collect()
}

/// Whether a user other than this one may be linked to a contact.
pub(super) fn may_be_of_another(row: &Row, target: &WriteTarget) -> bool {
    let is_own = row.linked_contact().as_ref() == Some(target);
    let is_shared = row.link.as_ref().is_some_and(|link| link.shared);
    target.as_contact().is_some() && (!is_own || is_shared)
}
