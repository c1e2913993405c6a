//! What is kept of a user.

use std::collections::BTreeMap;

use contracts::{
    Field, FieldResult, FieldSet, Link, PerField, PossibleCreate, Priority, Reason, User, UserId, Values,
    is_same_address,
};
use serde::{Deserialize, Serialize};

use super::{PastAttempt, UnixMs};

/// So many addresses are remembered under which a contact may have been created. Each takes a change of address, and an
/// attempt after it that failed or was given up.
const MOST_CREATING: usize = 8;

/// A user, what HubSpot has yet to hear of it, and what became of the rest.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Who.
    pub user_id: UserId,
    /// Grows by one with each change a caller made; never goes back.
    pub version: u64,
    /// Grows by one with each change and each owing-again; never goes back.
    pub generation: u64,
    /// When the last change was accepted.
    pub updated_at: UnixMs,
    /// When the oldest change was accepted that waits for its outcome; none while every field has one.
    pub pending_since: Option<UnixMs>,
    /// Each field's value and standing.
    pub fields: PerField<FieldState>,
    /// The contact, once one is known.
    pub link: Option<Link>,
    /// Whether a contact was ever known: one that is gone is not made anew.
    pub was_linked: bool,
    /// Contacts that HubSpot may still create, or may have created, for this user.
    pub possible_creates: Vec<RememberedCreate>,
    /// The number of the last attempt; 0 before the first.
    pub attempt: u64,
    /// The worker that was given the last attempt.
    pub holder: String,
    /// The last attempt, while it has no verdict.
    pub open_attempt: Option<OpenAttempt>,
    /// A call that may still be carried out, or several as one.
    pub in_doubt: Option<LateWriteWindow>,
    /// When a user that owes is announced again, or, after a failure, tried again.
    pub wake_at: Option<UnixMs>,
    /// When what is missing, taken or parked is looked at again.
    pub recheck_at: Option<UnixMs>,
    /// How many rechecks there were in a row.
    pub rechecks: u32,
    /// How urgent the user is, while it owes.
    pub priority: Priority,
    /// Attempts that failed since the last success.
    pub failures: u32,
    /// Those of them that were charged to the record.
    pub counted_failures: u32,
    /// Why the last attempt failed, until one succeeds.
    pub last_failure: Option<Reason>,
    /// The last few attempts that are over, the latest last.
    pub history: Vec<PastAttempt>,
    /// The last few idempotency keys.
    pub keys: Vec<UsedKey>,
    /// Ranges of versions that touched nothing, the last few, both ends included.
    pub unchanged: Vec<(u64, u64)>,
    /// What a later version of the service stored in this row.
    pub unknown: UnknownParts,
}

/// Members of stored JSON that this version does not know.
pub type UnknownMembers = BTreeMap<String, serde_json::Value>;

/// What a later version of the service stored in a row. It is written back unchanged, so that versions can run side by side.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct UnknownParts {
    /// Members of the row itself.
    pub members: UnknownMembers,
    /// Fields that this version does not know, by name.
    pub fields: UnknownMembers,
    /// Members of the link, and the contact that it led to. They are dropped when the user is linked to another contact.
    pub link: Option<(String, UnknownMembers)>,
}

/// One field of a row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FieldState {
    /// Its value; none where it was never given or is cleared.
    pub value: Option<String>,
    /// The version in which a caller last gave it; 0 for never.
    pub changed_in: u64,
    /// The turn at which it was last owed; 0 for never.
    pub dirty_since: u64,
    /// The turn at which it was last settled; 0 for never.
    pub resolved_at: u64,
    /// What became of the value last touched; none until an attempt that carried it has a verdict.
    pub result: Option<FieldResult>,
    /// When that outcome was recorded.
    pub recorded_at: UnixMs,
    /// What a later version of the service stored for this field.
    pub unknown: UnknownMembers,
}

/// An attempt without a verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAttempt {
    /// The epoch under which it was given.
    pub epoch: u64,
    /// The version whose state it carries.
    pub version: u64,
    /// The turn up to which its verdict settles.
    #[serde(rename = "turn")]
    pub generation: u64,
    /// The fields it was given to send.
    pub fields: FieldSet,
    /// When it was given.
    pub since: UnixMs,
    /// The address under which its worker may create a contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What a later version of the service stored for this attempt.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// A contact that may be created without anybody being told its id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedCreate {
    /// Its address.
    pub address: String,
    /// When it can no longer happen.
    pub until: UnixMs,
}

impl RememberedCreate {
    pub(super) fn to_possible_create(&self, now: UnixMs) -> PossibleCreate {
        PossibleCreate {
            address: self.address.clone(),
            in_doubt: self.until > now,
        }
    }
}

/// HubSpot may still carry out a call that its caller gave up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LateWriteWindow {
    /// The version the oldest such call carried.
    pub from_version: u64,
    /// When it can no longer happen.
    pub until: UnixMs,
}

/// An idempotency key and the change made under it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsedKey {
    /// The key.
    pub key: String,
    /// The version the change made.
    pub version: u64,
    /// A fingerprint of what the change gave.
    pub given: u64,
}

impl FieldState {
    /// Whether HubSpot has yet to hear of the field.
    pub fn is_dirty(&self) -> bool {
        self.dirty_since > self.resolved_at
    }

    /// Whether a caller gave it and nobody knows yet what becomes of that.
    pub fn is_pending(&self) -> bool {
        self.changed_in > 0 && self.result.is_none()
    }
}

impl Row {
    /// A user no change was made to yet.
    pub fn new(user_id: UserId) -> Self {
        Self {
            user_id,
            version: 0,
            generation: 0,
            updated_at: 0,
            pending_since: None,
            fields: PerField::from_fn(|_| FieldState::default()),
            link: None,
            was_linked: false,
            possible_creates: Vec::new(),
            attempt: 0,
            holder: String::new(),
            open_attempt: None,
            in_doubt: None,
            wake_at: None,
            recheck_at: None,
            rechecks: 0,
            priority: Priority::Live,
            failures: 0,
            counted_failures: 0,
            last_failure: None,
            history: Vec::new(),
            keys: Vec::new(),
            unchanged: Vec::new(),
            unknown: UnknownParts::default(),
        }
    }

    /// The fields HubSpot has yet to hear of.
    pub fn dirty_fields(&self) -> FieldSet {
        self.fields_where(FieldState::is_dirty)
    }

    /// Whether a field is owed.
    pub fn is_dirty(&self) -> bool {
        self.fields.iter().any(|(_, state)| state.is_dirty())
    }

    /// A change made fields pending.
    pub(super) fn mark_pending(&mut self, now: UnixMs) {
        self.pending_since.get_or_insert(now);
    }

    /// Fields were settled by an attempt. What is pending after it was accepted after it was given, unless the attempt
    /// carried it.
    pub(super) fn update_pending_since(&mut self, attempt: &OpenAttempt) {
        let pending = self.fields.iter().map(|(_, state)| state);
        let oldest = pending
            .filter(|state| state.is_pending())
            .map(|state| state.changed_in)
            .min();
        self.pending_since = match oldest {
            None => None,
            Some(version) if version > attempt.version => self.pending_since.max(Some(attempt.since)),
            Some(_) => self.pending_since,
        };
    }

    /// The fields of which that is true.
    pub(super) fn fields_where(&self, is_true: impl Fn(&FieldState) -> bool) -> FieldSet {
        self.fields
            .iter()
            .filter(|(_, state)| is_true(state))
            .map(|(field, _)| field)
            .collect()
    }

    /// The value of each field.
    pub fn values(&self) -> Values {
        self.fields
            .iter()
            .map(|(field, state)| (field, state.value.clone()))
            .collect()
    }

    /// The user as callers see it.
    pub fn user(&self) -> User {
        User {
            user_id: self.user_id.clone(),
            values: self.values(),
            version: self.version,
            updated_at: crate::time::rfc3339(self.updated_at),
        }
    }

    /// Whether that is the user's address, compared as HubSpot does, in lower case.
    pub(super) fn has_address(&self, address: &str) -> bool {
        self.fields[Field::Email]
            .value
            .as_deref()
            .is_some_and(|own| is_same_address(own, address))
    }

    /// HubSpot may create a contact under that address, or it is not known that it did not.
    pub(super) fn record_possible_create(&mut self, address: String, until: UnixMs) {
        if self.was_linked {
            return;
        }
        let known = self
            .possible_creates
            .iter_mut()
            .find(|creating| is_same_address(&creating.address, &address));
        match known {
            Some(creating) => creating.until = creating.until.max(until),
            None => self.possible_creates.push(RememberedCreate { address, until }),
        }
        if self.possible_creates.len() > MOST_CREATING {
            self.possible_creates.remove(0);
        }
    }

    /// A contact that has a former address of this user is another's: it was not made for this one, and is not looked
    /// for any more. Says whether it was such an address.
    pub(super) fn forget_create_of_another(&mut self, address: Option<&str>) -> bool {
        let Some(address) = address.filter(|address| !self.has_address(address)) else {
            return false;
        };
        let before = self.possible_creates.len();
        self.possible_creates
            .retain(|creating| !is_same_address(&creating.address, address));
        self.possible_creates.len() < before
    }

    /// Those of the contacts that may have been created were looked for in vain after it could no longer happen.
    pub(super) fn forget_impossible_creates(&mut self, looked_since: UnixMs) {
        self.possible_creates
            .retain(|creating| creating.until > looked_since);
    }

    /// Starts a doubt, or stretches the one there is: from the lowest version to the latest end.
    pub(super) fn extend_late_write_window(&mut self, version: u64, until: UnixMs) {
        let doubt = self.in_doubt.get_or_insert(LateWriteWindow {
            from_version: version,
            until,
        });
        doubt.from_version = doubt.from_version.min(version);
        doubt.until = doubt.until.max(until);
    }

    /// The earliest time at which something is to be done about a wake-up or a doubt.
    pub fn due_at(&self) -> Option<UnixMs> {
        let wake_at = self.wake_at.filter(|_| self.is_dirty());
        let doubt_ends = self.in_doubt.map(|doubt| doubt.until);
        wake_at.into_iter().chain(doubt_ends).min()
    }
}
