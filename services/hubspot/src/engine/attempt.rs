//! One claimed attempt: what has happened to it, and the one table that says what comes next.
//!
//! An attempt never acts by itself. It says which [`Step`] it needs, batching puts it into a call, and the response
//! comes back as an [`Event`]. [`Attempt::handle`] turns step and event into the next step, until it is done.

mod create;
mod link;
mod lookup;
mod verify;
mod write;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use contracts::{
    AttemptFailure, AttemptResult, Claim, Field, FieldDefinitions, FieldResult, FieldSet, LastResponse,
    LinkOrigin, NewLink, Reason, Value, Values, WriteTarget,
};

use super::{
    CallError, Check, Contact, EmailConflict, MissingContact, Profile, WrittenContact,
    circuit_breaker::FailureScope,
};
pub(crate) use lookup::{FoundContacts, Lookup, LookupResult, result_of_single_lookup};

/// What an attempt needs next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Look up addresses, in a batch with others.
    Find(Lookup),
    /// Look up the first of the addresses in a call of its own; the others follow.
    FindSingle(Lookup),
    /// Write the pending fields, in a batch with others.
    Update,
    /// Write the pending fields in a call of its own.
    UpdateSingle,
    /// Create a contact, in a batch with others.
    Create,
    /// Read the user's contact by its id or, after a merge, by the id with which HubSpot answered.
    Read(Option<String>),
    /// Read the contact, in a batch with others, to see what became of values that no answer to a write has shown.
    ReadBack,
    /// Nothing: report the result.
    Done,
}

/// What a response means for one attempt.
#[derive(Debug)]
pub(crate) enum Event<'r> {
    /// A batch read by address was answered.
    LookedUp(&'r FoundContacts<'r>),
    /// The first address was looked up in a call of its own.
    LookedUpSingle(LookupResult),
    /// The first address was looked up in a call of its own, and no contact has it.
    AddressNotFound,
    /// The contact was asked for by its id, and this one answered.
    ContactRead(&'r Contact),
    /// No contact answers to the id.
    ContactNotFound,
    /// HubSpot listed the update as done, for this contact.
    Updated(&'r WrittenContact),
    /// HubSpot listed the create as done, with this contact.
    Created(&'r WrittenContact),
    /// The contact was read back after a write.
    ReadBack(&'r Profile),
    /// The call succeeded, but its response does not mention this attempt.
    Unlisted,
    /// HubSpot did not carry out this attempt's write, for this reason.
    WriteFailed(&'r CallError),
    /// A batch of creates failed on the side of HubSpot, so the contact may exist although HubSpot returned no id.
    CreateMayHaveHappened,
    /// The attempt cannot go on.
    Failed(Failure),
}

/// Why an attempt ended with pending fields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    pub(crate) reason: Reason,
    pub(crate) scope: FailureScope,
    /// Whether the failure may pass without anybody acting.
    pub(crate) is_transient: bool,
    /// The check of the same kind as the call that failed. If it succeeds, the next failure counts.
    pub(crate) check: Check,
}

impl Failure {
    /// A failure of the account, the network or a whole batch: the record is given back and claimed again.
    pub(crate) fn of_account(reason: Reason) -> Self {
        Self {
            reason,
            scope: FailureScope::Account,
            is_transient: true,
            check: Check::Writes,
        }
    }

    /// A failure of this record alone.
    pub(crate) fn of_record(reason: Reason) -> Self {
        Self {
            reason,
            scope: FailureScope::Record,
            is_transient: true,
            check: Check::Writes,
        }
    }
}

/// How an attempt's fields are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum WriteMode {
    /// All fields, in a batch with other records.
    Batch,
    /// All fields, in a call of its own, because a batch update did not mention the record.
    Single,
    /// One field after another, because a rejection named none of them.
    FieldByField,
}

/// The settings that all attempts of an engine share, and the time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AttemptPolicy<'a> {
    pub(crate) now: Duration,
    /// The account that the token belongs to.
    pub(crate) account_id: &'a str,
    pub(crate) email_conflict: EmailConflict,
    pub(crate) missing_contact: MissingContact,
}

/// What the calls of an attempt may do or have done although no response says so.
#[derive(Debug, Default)]
struct PossibleEffects {
    /// HubSpot may apply a call even later.
    apply_late: bool,
    /// HubSpot may have created a contact.
    created: bool,
}

/// One claimed attempt.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and most combinations occur"
)]
pub(crate) struct Attempt {
    claim: Claim,
    /// The definitions of the fields when it began.
    fields: Arc<FieldDefinitions>,
    /// When the claim was requested. The user service's term for the attempt started after that.
    requested_at: Duration,
    /// The epoch it was claimed under.
    epoch: u64,
    step: Step,
    /// The maximum number of records in a batch with it; shrinks when a batch with it fails.
    batch_limit: usize,
    /// Whether a call was made for it.
    has_call: bool,
    /// How HubSpot responded to the last call made for it.
    last_response: Option<LastResponse>,
    /// The dirty fields without a result.
    pending: FieldSet,
    /// The pending fields that were written, although the answer did not show their values. They are not sent again.
    unverified: FieldSet,
    /// When the contact may be read to see what became of them.
    read_back_at: Duration,
    /// The fields of the last write, whether it is in flight or answered.
    sent: FieldSet,
    write_mode: WriteMode,
    /// Whether a read by id has shown that the contact exists.
    is_contact_seen: bool,
    results: BTreeMap<Field, FieldResult>,
    /// The fields that HubSpot has or may have written.
    written: FieldSet,
    possible_effects: PossibleEffects,
    link: Option<NewLink>,
    confirmed_address: Option<String>,
    /// Whether the contact showed all its addresses, and the user's confirmed address is none of them.
    lacks_address: bool,
    /// Values of a former user of the contact, until it is known which of them the contact still has.
    former_values: Values,
    /// Whether the contact has to be read before it is written, because what is written depends on its values.
    reads_first: bool,
    failure: Option<Failure>,
}

impl Attempt {
    pub(crate) fn new(
        claim: Claim,
        fields: Arc<FieldDefinitions>,
        requested_at: Duration,
        epoch: u64,
        batch_limit: usize,
        policy: AttemptPolicy<'_>,
    ) -> Self {
        let mut attempt = Self {
            pending: claim.dirty,
            claim,
            fields,
            requested_at,
            epoch,
            step: Step::Done,
            batch_limit,
            has_call: false,
            last_response: None,
            unverified: FieldSet::EMPTY,
            read_back_at: Duration::ZERO,
            sent: FieldSet::EMPTY,
            write_mode: WriteMode::Batch,
            is_contact_seen: false,
            results: BTreeMap::new(),
            written: FieldSet::EMPTY,
            possible_effects: PossibleEffects::default(),
            link: None,
            confirmed_address: None,
            former_values: Values::new(),
            reads_first: false,
            lacks_address: false,
            failure: None,
        };
        attempt.former_values = attempt.claim.former_values.clone();
        // A link into another account says nothing about this one.
        attempt
            .claim
            .link
            .take_if(|link| link.account_id != policy.account_id);
        attempt.step = match &attempt.claim.link {
            None => attempt.find(policy),
            Some(_) => attempt.begin_linked(),
        };
        attempt
    }

    /// Turns an event into the next step. This table is the whole life of an attempt:
    ///
    /// ```text
    /// linked: Update ──▶ Done            no link: Find ──▶ link found: Done (reported first, claimed again to write)
    ///            │                                  │
    ///            │ not listed: Read ─▶ UpdateSingle │ none found: Create ──▶ Done, or not found: Done
    ///            │ not shown: ReadBack ──▶ Done     │ not listed: FindSingle
    ///            │ gone: Find
    /// ```
    ///
    /// The arms are ordered by event. Where the step does not matter it is not named: a retraction may have changed the
    /// step while the call was in flight, and the response has to count even then.
    pub(crate) fn handle(&mut self, event: Event<'_>, policy: AttemptPolicy<'_>) {
        self.step = match (self.step.clone(), event) {
            // Lookups by address.
            (Step::Find(lookup) | Step::FindSingle(lookup), Event::LookedUp(found)) => {
                self.after_lookup(lookup, policy, |address| found.result_for(address))
            }
            (Step::Find(lookup) | Step::FindSingle(lookup), Event::LookedUpSingle(result)) => {
                self.after_lookup(lookup, policy, |_| result.clone())
            }
            (Step::FindSingle(lookup), Event::AddressNotFound) => {
                self.after_address_not_found(lookup, policy)
            }
            (step, Event::LookedUp(_) | Event::LookedUpSingle(_) | Event::AddressNotFound) => step,

            // Reads by id.
            (_, Event::ContactRead(contact)) if self.is_linked_to(&contact.id) => self.after_contact_seen(),
            (_, Event::ContactRead(contact)) => {
                self.record_merge(contact, policy);
                Step::Done
            }
            (Step::Read(Some(_)), Event::ContactNotFound) => self.after_merge_vanished(),
            // After a create that may have happened, the contact may have the address by now.
            (_, Event::ContactNotFound | Event::CreateMayHaveHappened) => self.find(policy),

            // Updates.
            (_, Event::Updated(contact)) => self.after_update(contact, policy),
            (_, Event::ReadBack(profile)) if self.reads_first => self.after_first_read(profile),
            (_, Event::ReadBack(profile)) => self.after_read_back(profile),
            (step, Event::Unlisted) if step != Step::Create => {
                self.mark_possibly_written(false);
                Step::Read(None)
            }
            (step, Event::WriteFailed(error)) if step != Step::Create => {
                self.after_failed_write(error, policy)
            }

            // Creates.
            (_, Event::Created(contact)) => self.after_create(contact, policy),
            (_, Event::Unlisted) => {
                self.mark_possibly_written(false);
                self.after_unlisted_create()
            }
            (_, Event::WriteFailed(error)) => self.after_failed_create(error, policy),

            // Whole calls.
            (_, Event::Failed(failure)) => self.fail(failure),
        };
    }

    pub(crate) fn claim(&self) -> &Claim {
        &self.claim
    }

    pub(crate) fn requested_at(&self) -> Duration {
        self.requested_at
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(crate) fn step(&self) -> &Step {
        &self.step
    }

    pub(crate) fn is_done(&self) -> bool {
        self.step == Step::Done
    }

    pub(crate) fn batch_limit(&self) -> usize {
        self.batch_limit
    }

    pub(crate) fn limit_batch(&mut self, limit: usize) {
        self.batch_limit = limit;
    }

    /// Whether a call was made for it, so that there is something to report even if the lease is lost.
    pub(crate) fn has_call(&self) -> bool {
        self.has_call
    }

    pub(crate) fn record_call(&mut self) {
        self.has_call = true;
    }

    pub(crate) fn record_response(&mut self, response: Option<&LastResponse>) {
        self.last_response = response.cloned();
    }

    /// The time before which its next call must not leave.
    pub(crate) fn waits_until(&self) -> Duration {
        if self.step == Step::ReadBack {
            self.read_back_at
        } else {
            Duration::ZERO
        }
    }

    /// The contact the user is linked to.
    pub(crate) fn contact_id(&self) -> Option<&str> {
        self.claim.link.as_ref().map(|link| link.contact_id.as_str())
    }

    fn is_linked_to(&self, contact_id: &str) -> bool {
        self.contact_id() == Some(contact_id)
    }

    fn email(&self) -> Option<String> {
        self.claim.address().map(str::to_owned)
    }

    /// The fields of the last write.
    pub(crate) fn sent(&self) -> FieldSet {
        self.sent
    }

    /// Notes that the write in flight may have been applied, or, if `late`, may be applied even later.
    pub(crate) fn mark_possibly_written(&mut self, late: bool) {
        self.written = self.written.union(self.sent);
        self.possible_effects.apply_late |= late;
        self.possible_effects.created |= self.step == Step::Create;
    }

    /// Ends the attempt with its pending fields unresolved.
    pub(crate) fn fail(&mut self, failure: Failure) -> Step {
        self.failure = Some(failure);
        self.step = Step::Done;
        Step::Done
    }

    pub(crate) fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// Whether its step is a write.
    pub(crate) fn is_writing(&self) -> bool {
        match self.step {
            Step::Update | Step::UpdateSingle | Step::Create => true,
            Step::Find(_) | Step::FindSingle(_) | Step::Read(_) | Step::ReadBack | Step::Done => false,
        }
    }

    /// Whether it found a link that the user service has to accept before anything is written through it.
    pub(crate) fn has_found_link(&self) -> bool {
        self.link
            .as_ref()
            .is_some_and(|link| link.origin != LinkOrigin::Created)
    }

    /// Whether it brings nothing but a link: the user is claimed again at once to write through it.
    pub(crate) fn only_links(&self) -> bool {
        self.has_found_link() && self.results.is_empty() && self.failure.is_none()
    }

    /// The result to report; `is_counted` says whether a failure counts against the record.
    pub(crate) fn into_result(self, is_counted: bool) -> AttemptResult {
        AttemptResult {
            target: self.target(),
            cleared: self.cleared(),
            user_id: self.claim.user_id,
            attempt: self.claim.attempt,
            version: self.claim.version,
            field_results: self.results,
            written: self.written,
            may_apply_late: self.possible_effects.apply_late,
            may_have_created: self.possible_effects.created && self.link.is_none(),
            link: self.link,
            confirmed_address: self.confirmed_address,
            lacks_address: self.lacks_address,
            failure: self.failure.map(|failure| AttemptFailure {
                reason: failure.reason,
                is_counted,
                is_transient: failure.is_transient,
            }),
            last_response: self.last_response,
        }
    }

    /// What its calls wrote to, or may have written to.
    fn target(&self) -> Option<WriteTarget> {
        let PossibleEffects { apply_late, created } = self.possible_effects;
        if self.written.is_empty() && !apply_late && !created {
            return None;
        }
        match &self.claim.link {
            Some(link) => Some(WriteTarget::contact(&link.account_id, &link.contact_id)),
            None => self.email().as_deref().map(WriteTarget::address),
        }
    }

    /// The rejected fields, and why each was rejected.
    pub(crate) fn rejections(&self) -> impl Iterator<Item = (Field, &Reason)> {
        self.results.iter().filter_map(|(field, result)| match result {
            FieldResult::Rejected { reason } => Some((*field, reason)),
            _ => None,
        })
    }

    /// A rejection turned out to be the account's fault, so the field is pending again. Returns whether this attempt's
    /// field was rejected with that code.
    pub(crate) fn retract_rejection(&mut self, field: Field, code: &str) -> bool {
        let is_rejected = self
            .rejections()
            .any(|(rejected, reason)| rejected == field && reason.code == code);
        if !is_rejected {
            return false;
        }
        self.results.remove(&field);
        self.pending.insert(field);
        match (self.contact_id(), &self.step) {
            (Some(_), _) => self.step = self.next_write(),
            // It was done because its address was rejected, without which no contact is created.
            (None, Step::Done) => self.step = Step::Create,
            // Its contact is being looked up or created. What is written afterwards is decided then.
            (None, _) => {}
        }
        true
    }

    fn resolve(&mut self, field: Field, result: FieldResult) {
        if field == Field::EMAIL && result.is_confirmed() {
            self.confirmed_address = self.email();
        }
        self.pending = self.pending.without(field);
        self.unverified = self.unverified.without(field);
        self.results.insert(field, result);
    }

    /// The pending fields that have to be sent.
    fn to_send(&self) -> FieldSet {
        self.pending
            .iter()
            .filter(|field| !self.unverified.contains(*field))
            .collect()
    }

    /// Writes what still has to be sent, if anything has. What was written without being shown is read after all writes.
    fn next_write(&self) -> Step {
        match self.write_mode {
            _ if self.to_send().is_empty() => self.next_read_back(),
            WriteMode::Batch => Step::Update,
            WriteMode::Single | WriteMode::FieldByField => Step::UpdateSingle,
        }
    }

    /// The user's value of a field.
    fn value(&self, field: Field) -> Option<&Value> {
        self.claim.values.get(&field)?.as_ref()
    }

    /// The values of these fields.
    fn values_of(&self, fields: FieldSet) -> Values {
        fields
            .iter()
            .map(|field| (field, self.value(field).cloned()))
            .collect()
    }
}
