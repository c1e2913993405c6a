//! The row of a user.

use std::collections::BTreeMap;

use contracts::{
    Field, FieldDefinitions, FieldResult, FieldSet, Link, PerField, PossibleCreate, Priority, Reason,
    RequestContext, User, UserId, Value, Values, WriteTarget, is_same_address,
};
use serde::{Deserialize, Serialize};

use super::{
    LateWriteWindow, PastAttempt, RecentChange, RuleTiming, UnixMs,
    version_floor::{lost_calls_end_at, next_number},
};

/// At most this many addresses are kept under which a contact may have been created. The oldest one is dropped. That is rare: each
/// address needs a change of the address and an attempt that failed or was given up.
const MAX_REMEMBERED_CREATES: usize = 8;
/// At most this many ranges of lost versions are kept. The oldest one is dropped; receipts of its versions say `superseded` then.
const MAX_LOST_RANGES: usize = 8;

/// A user: its values, which of them are dirty, and the results of the others.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The user.
    pub user_id: UserId,
    /// The version. It grows by one with each change of a caller that gives a field another value, or jumps above the version floor, and
    /// never goes back.
    pub version: u64,
    /// The generation. It grows by one with each change and each time fields are marked dirty again, and never goes back.
    pub generation: u64,
    /// When the last change was accepted.
    pub updated_at: UnixMs,
    /// When the oldest change without a result was accepted; none if every field has a result.
    pub pending_since: Option<UnixMs>,
    /// Each field's value and state.
    pub fields: PerField<FieldState>,
    /// The contact that the user is linked to.
    pub link: Option<Link>,
    /// When the user was linked to the contact. If HubSpot merges the contact into another one, this does not change.
    pub linked_at: UnixMs,
    /// When an attempt last wrote the address to the contact, or may have written it; 0 for never.
    pub address_written_at: UnixMs,
    /// Whether the user was ever linked. A contact that was deleted is not created again. If another user got the contact, the user
    /// counts as one that never had a contact.
    pub was_linked: bool,
    /// Values that a former user of the contact had confirmed there, of fields that this user never had. They have to be cleared.
    pub former_values: Values,
    /// Addresses under which HubSpot may have created a contact for this user, or may still do so.
    pub possible_creates: Vec<RememberedCreate>,
    /// The number of the last attempt; 0 before the first.
    pub attempt: u64,
    /// How many attempts were given. It differs from the number of the last one once the version floor was raised.
    pub attempts_given: u64,
    /// The last few ranges of versions that this row never had, both ends included: they may have been handed out in commits that were
    /// lost.
    pub lost_versions: Vec<(u64, u64)>,
    /// The worker that was given the last attempt; empty if an operator superseded it.
    pub holder: String,
    /// The last attempt, while it has no result.
    pub open_attempt: Option<OpenAttempt>,
    /// The late-write window, while HubSpot may still apply calls that we gave up.
    pub in_doubt: Option<LateWriteWindow>,
    /// When a dirty user is woken again or, after a failure, tried again.
    pub wake_at: Option<UnixMs>,
    /// When fields with a problem that may pass are tried again.
    pub recheck_at: Option<UnixMs>,
    /// How many rechecks there were since the last change.
    pub rechecks: u32,
    /// The HTTP request of the last change, while the user is dirty.
    pub request: Option<RequestContext>,
    /// How urgent the user is, while it is dirty.
    pub priority: Priority,
    /// How many attempts failed since the last success, or since a caller or an operator ended a pause after a failure.
    pub failures: u32,
    /// How many of them count against the record.
    pub counted_failures: u32,
    /// Why the last attempt failed; none after a success.
    pub last_failure: Option<Reason>,
    /// The last few attempts that ended, the latest one last.
    pub history: Vec<PastAttempt>,
    /// The last few changes whose senders may send them a second time, the latest one last.
    pub recent_changes: Vec<RecentChange>,
    /// A change that was made later is still among them; 0 if none was forgotten.
    pub changes_forgotten_through: UnixMs,
    /// An upper bound of how many idempotency keys of the user have not expired. They are counted when it reaches the maximum.
    pub idempotency_keys: u64,
    /// When the oldest key expires, if the user had as many as it may have when they were last counted; otherwise 0.
    pub keys_full_until: UnixMs,
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
    /// The value; none if the field was never given or is cleared.
    pub value: Option<Value>,
    /// The version in which a caller last gave the field; 0 for never.
    pub changed_in: u64,
    /// The generation at which the field was last marked dirty; 0 for never.
    pub dirty_since: u64,
    /// The generation at which the field was last resolved; 0 for never.
    pub resolved_at: u64,
    /// The result for the current value; none until an attempt that carried it has a result.
    pub result: Option<FieldResult>,
    /// When the result was recorded.
    pub recorded_at: UnixMs,
    /// For a field that is written only if the contact has no value of its own: what HubSpot last confirmed, if it is another value.
    pub last_confirmed: Option<Value>,
    /// What a later version of the service stored for this field.
    pub unknown: UnknownMembers,
}

/// An attempt without a result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAttempt {
    /// The epoch of the lease under which it was given.
    pub epoch: u64,
    /// The version that it carries.
    pub version: u64,
    /// The generation up to which its result resolves fields.
    #[serde(alias = "turn")]
    pub generation: u64,
    /// The fields to send.
    pub fields: FieldSet,
    /// When it was given to the worker.
    pub since: UnixMs,
    /// The address under which the worker may create a contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// What a later version of the service stored for this attempt.
    #[serde(flatten)]
    pub unknown: UnknownMembers,
}

/// An address under which HubSpot may have created a contact although it returned no id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RememberedCreate {
    /// The address.
    pub address: String,
    /// When HubSpot can no longer create it.
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

impl FieldState {
    /// Whether the field has to be sent.
    pub fn is_dirty(&self) -> bool {
        self.dirty_since > self.resolved_at
    }

    /// Whether a caller gave the field and there is no result yet.
    pub fn is_pending(&self) -> bool {
        self.changed_in > 0 && self.result.is_none()
    }
}

impl Row {
    /// A user that does not exist yet.
    pub fn new(user_id: UserId) -> Self {
        Self {
            user_id,
            version: 0,
            generation: 0,
            updated_at: 0,
            pending_since: None,
            fields: PerField::default(),
            link: None,
            linked_at: 0,
            address_written_at: 0,
            was_linked: false,
            former_values: Values::new(),
            possible_creates: Vec::new(),
            attempt: 0,
            attempts_given: 0,
            lost_versions: Vec::new(),
            holder: String::new(),
            open_attempt: None,
            in_doubt: None,
            wake_at: None,
            recheck_at: None,
            rechecks: 0,
            request: None,
            priority: Priority::Live,
            failures: 0,
            counted_failures: 0,
            last_failure: None,
            history: Vec::new(),
            recent_changes: Vec::new(),
            changes_forgotten_through: 0,
            idempotency_keys: 0,
            keys_full_until: 0,
            unknown: UnknownParts::default(),
        }
    }

    /// Goes on to the next version, above the floor. Versions in between were never this row's.
    pub(super) fn begin_version(&mut self, floor: u64, now: UnixMs, timing: &RuleTiming) {
        let next = next_number(self.version, floor);
        if next > self.version + 1 {
            if self.lost_versions.len() == MAX_LOST_RANGES {
                self.lost_versions.remove(0);
            }
            self.lost_versions.push((self.version + 1, next - 1));
            // HubSpot may still apply a call of an attempt that is lost, over what is accepted from now on.
            let until = lost_calls_end_at(floor, timing);
            if until > now {
                let target = self.linked_contact();
                self.extend_late_write_window(self.version, until.min(now + timing.late_write), target);
            }
        }
        self.version = next;
    }

    /// Goes on to the next attempt, above the floor.
    pub(super) fn begin_attempt(&mut self, floor: u64) {
        self.attempt = next_number(self.attempt, floor);
        self.attempts_given += 1;
    }

    /// Whether this row never had a version that was handed out, because its commit was lost.
    pub fn has_lost(&self, version: u64) -> bool {
        let is_in = |(first, last): &(u64, u64)| (*first..=*last).contains(&version);
        version > self.version || self.lost_versions.iter().any(is_in)
    }

    /// The fields that have to be sent.
    pub fn dirty_fields(&self) -> FieldSet {
        self.fields_where(FieldState::is_dirty)
    }

    /// Whether a field has to be sent, or a value of a former user cleared.
    pub fn is_dirty(&self) -> bool {
        !self.former_values.is_empty() || self.fields.iter().any(|(_, state)| state.is_dirty())
    }

    /// Ends the pause after a failure, because a caller changed the user or an operator retries it. Returns whether there was one. The
    /// next pauses begin short again.
    pub(super) fn end_failure_pause(&mut self) -> bool {
        let waits = self.waits_after_failure();
        if waits {
            self.failures = 0;
        }
        waits
    }

    fn waits_after_failure(&self) -> bool {
        self.is_dirty() && self.failures > 0 && self.open_attempt.is_none()
    }

    /// When the next attempt is due after one that failed, or after the late-write window of another user; none while an attempt is
    /// running.
    pub(crate) fn retry_at(&self) -> Option<UnixMs> {
        self.wake_at
            .filter(|_| self.waits_after_failure() || self.waits_for_late_write())
    }

    /// Whether a field that has a result is being sent again.
    pub(crate) fn is_resending(&self) -> bool {
        self.fields
            .iter()
            .any(|(_, state)| state.result.is_some() && state.is_dirty())
    }

    /// Records that a change was accepted whose fields have no result yet.
    pub(super) fn mark_pending(&mut self, now: UnixMs) {
        self.pending_since.get_or_insert(now);
    }

    /// Updates when the oldest pending change was accepted, after fields got results. A change that the attempt did not carry was
    /// accepted after the attempt was given.
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

    /// The fields that fulfil a condition.
    pub(super) fn fields_where(&self, is_true: impl Fn(&FieldState) -> bool) -> FieldSet {
        self.fields
            .iter()
            .filter(|(_, state)| is_true(state))
            .map(|(field, _)| field)
            .collect()
    }

    /// The value of each field that a caller gave.
    pub fn values(&self) -> Values {
        let given = self.fields.iter().filter(|(_, state)| state.changed_in > 0);
        given.map(|(field, state)| (field, state.value.clone())).collect()
    }

    /// The fields that a caller gave.
    pub(crate) fn given_fields(&self) -> FieldSet {
        self.fields_where(|state| state.changed_in > 0)
    }

    /// The user's address; none before it has one.
    pub fn address(&self) -> Option<&str> {
        self.fields[Field::EMAIL].value.as_ref()?.as_text()
    }

    /// The user as the API shows it, with every field of the set.
    pub fn user(&self, definitions: &FieldDefinitions) -> User {
        let value = |(field, _)| (field, self.fields[field].value.clone());
        User {
            user_id: self.user_id.clone(),
            values: definitions.iter().map(value).collect(),
            version: self.version,
            updated_at: crate::time::rfc3339(self.updated_at),
        }
    }

    /// Whether this is the user's address. Addresses are compared in lower case, as HubSpot does.
    pub(super) fn has_address(&self, address: &str) -> bool {
        self.address().is_some_and(|own| is_same_address(own, address))
    }

    /// Remembers that a contact may exist under this address although HubSpot returned no id.
    pub(super) fn record_possible_create(&mut self, address: String, until: UnixMs) {
        let known = self
            .possible_creates
            .iter_mut()
            .find(|create| is_same_address(&create.address, &address));
        match known {
            Some(create) => create.until = create.until.max(until),
            None => self.possible_creates.push(RememberedCreate { address, until }),
        }
        if self.possible_creates.len() > MAX_REMEMBERED_CREATES {
            self.possible_creates.remove(0);
        }
    }

    /// Forgets a former address of this user, because its contact belongs to another user now: no contact is looked up by it any more.
    pub(super) fn forget_former_address(&mut self, address: &str) {
        self.possible_creates
            .retain(|create| !is_same_address(&create.address, address));
        if let Some(link) = &mut self.link {
            link.address
                .take_if(|confirmed| is_same_address(confirmed, address));
        }
    }

    /// Notes that the user got another contact. What HubSpot confirmed in the one before says nothing about it.
    pub(super) fn begin_link(&mut self, now: UnixMs) {
        self.linked_at = now;
        let fields: Vec<Field> = self.fields.iter().map(|(field, _)| field).collect();
        for field in fields {
            self.fields[field].last_confirmed = None;
        }
    }

    /// Whether the field's result says that the linked contact has the value.
    pub(super) fn is_confirmed_here(&self, state: &FieldState) -> bool {
        let is_confirmed = state.result.as_ref().is_some_and(FieldResult::is_confirmed);
        is_confirmed && state.recorded_at >= self.linked_at
    }

    /// The contact that the user is linked to, as what a write names.
    pub fn linked_contact(&self) -> Option<WriteTarget> {
        let link = self.link.as_ref()?;
        Some(WriteTarget::contact(&link.account_id, &link.contact_id))
    }

    /// Forgets addresses under which HubSpot could no longer create a contact at this time. Since then, an attempt has looked them up
    /// and found no contact, or the user is linked.
    pub(super) fn forget_impossible_creates(&mut self, at: UnixMs) {
        self.possible_creates.retain(|create| create.until > at);
    }

    /// When the row is due: at its wake-up time, or when its late-write window ends, whichever is earlier.
    pub fn due_at(&self) -> Option<UnixMs> {
        let wake_at = self.wake_at.filter(|_| self.is_dirty());
        let window_ends = self.in_doubt.as_ref().map(|window| window.until);
        wake_at.into_iter().chain(window_ends).min()
    }
}
