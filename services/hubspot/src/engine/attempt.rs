//! One claimed attempt on its way to its verdict: what it still has to do, and what became of it so far.

mod blame;
mod create;
mod identity;
mod refusals;

use std::{collections::BTreeMap, time::Duration};

use contracts::{
    AttemptFailure, AttemptResult, Claim, Field, FieldResult, FieldSet, LastResponse, LinkOrigin, NewLink,
    Reason,
};

use super::{EmailConflict, MAX_BATCH, MissingContact, Properties};

pub(crate) use blame::Blame;
pub(crate) use identity::Lookup;

/// What an attempt does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Look these addresses up, the first that finds a contact counts; travels in a batch.
    Find(Vec<String>, Why),
    /// Look the first address up alone; the others follow.
    FindAlone(Vec<String>, Why),
    /// Write what is pending; travels in a batch.
    Write,
    /// Create a contact; travels in a batch.
    Create,
    /// Ask for the contact by its id; where an address is taken, to learn whether it is the holder's former id.
    Read(Option<Holder>),
    /// Write alone.
    Patch,
    /// Report the verdict.
    Done,
}

/// Why an address is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Why {
    /// To learn which contact is the user's.
    Link,
    /// To learn which contact holds the address that a conflict was about.
    Conflict(Reason),
    /// To learn which contact has the address that a create was for.
    Created(Reason),
}

/// Who has an address that could not be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Holder {
    contact_id: String,
    /// The conflict.
    reason: Reason,
}

/// How an attempt's fields are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// All of them, in a batch with other records.
    Together,
    /// All of them, in a call of their own, after a batch update passed over the record.
    Alone,
    /// One after another, after a refusal that named none.
    FieldByField,
}

/// What is fixed for all attempts of an engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// The account the token opens.
    pub(crate) account_id: &'a str,
    /// What to do with a taken address.
    pub(crate) email_taken: EmailConflict,
    /// What to do with a user that has no contact.
    pub(crate) missing: MissingContact,
}

/// What the calls of an attempt may have done without saying so.
#[derive(Debug, Default)]
struct Doubts {
    takes_effect_late: bool,
    has_created: bool,
}

/// One claimed attempt.
#[derive(Debug)]
pub(crate) struct Attempt {
    pub(crate) claim: Claim,
    /// When the claim was asked for: the store's term started after that.
    pub(crate) asked_at: Duration,
    /// The epoch it was claimed under.
    pub(crate) epoch: u64,
    pub(crate) step: Step,
    /// The most records it may share a batch with; shrinks when a batch with it fails.
    pub(crate) batch_limit: usize,
    /// Whether a call was made for it.
    pub(crate) began: bool,
    /// How HubSpot answered the last call made for it.
    pub(crate) answer: Option<LastResponse>,
    /// Owed fields without an outcome.
    pending: FieldSet,
    /// The fields of the write that is out or came back last.
    sent: FieldSet,
    manner: Manner,
    /// Whether the contact was read under its id, so that it exists.
    seen: bool,
    outcomes: BTreeMap<Field, FieldResult>,
    written: FieldSet,
    doubts: Doubts,
    link: Option<NewLink>,
    confirmed_address: Option<String>,
    failure: Option<(Reason, Blame, bool)>,
}

impl Attempt {
    pub(crate) fn new(claim: Claim, asked_at: Duration, epoch: u64, rules: Rules<'_>) -> Self {
        let pending = claim.dirty;
        let mut attempt = Self {
            claim,
            asked_at,
            epoch,
            step: Step::Done,
            batch_limit: MAX_BATCH,
            began: false,
            answer: None,
            pending,
            sent: FieldSet::EMPTY,
            manner: Manner::Together,
            seen: false,
            outcomes: BTreeMap::new(),
            written: FieldSet::EMPTY,
            doubts: Doubts::default(),
            link: None,
            confirmed_address: None,
            failure: None,
        };
        // A link into another account means nothing here.
        if attempt
            .claim
            .link
            .as_ref()
            .is_some_and(|link| link.account_id != rules.account_id)
        {
            attempt.claim.link = None;
        }
        if attempt.claim.link.is_some() {
            attempt.go_on();
        } else {
            attempt.look_up(rules);
        }
        attempt
    }

    /// The contact the user is linked to.
    pub(crate) fn contact_id(&self) -> Option<&str> {
        self.claim.link.as_ref().map(|link| link.contact_id.as_str())
    }

    /// A write leaves: remembers which fields it carries, and returns their values.
    pub(crate) fn send(&mut self) -> Properties {
        self.sent = self.next_fields();
        let values = &self.claim.values;
        let text = |field| values.get(&field).cloned().flatten().unwrap_or_default();
        self.sent
            .iter()
            .map(|field| (field.property(), text(field)))
            .collect()
    }

    /// The fields of the write that is out or came back last.
    pub(crate) fn sent(&self) -> FieldSet {
        self.sent
    }

    fn next_fields(&self) -> FieldSet {
        match self.manner {
            Manner::Together | Manner::Alone => self.pending,
            Manner::FieldByField => self.pending.iter().take(1).collect(),
        }
    }

    /// HubSpot listed the write as done, for the contact of that id.
    pub(crate) fn was_written(&mut self, contact_id: &str, rules: Rules<'_>) {
        self.written = self.written.union(self.sent);
        for field in self.sent.iter() {
            self.settle(field, FieldResult::Confirmed);
        }
        if self.contact_id() != Some(contact_id) {
            self.moved_to(contact_id, rules);
        }
        self.go_on();
    }

    /// The write that is out may have been carried out, or may still be.
    pub(crate) fn may_have_been_written(&mut self, late: bool) {
        self.written = self.written.union(self.sent);
        self.doubts.takes_effect_late |= late;
        self.doubts.has_created |= self.step == Step::Create;
    }

    /// The attempt ends without settling what is pending.
    pub(crate) fn fail(&mut self, reason: Reason, blame: Blame, may_pass: bool) {
        self.failure = Some((reason, blame, may_pass));
        self.step = Step::Done;
    }

    /// Whose fault its failure is, where it failed.
    pub(crate) fn blame(&self) -> Option<Blame> {
        self.failure.as_ref().map(|(_, blame, _)| *blame)
    }

    /// Whether the user service is told of a link that it has to accept before anything is written through it.
    pub(crate) fn found_link(&self) -> bool {
        self.link
            .as_ref()
            .is_some_and(|link| link.origin != LinkOrigin::Created)
    }

    /// Whether it brings nothing but a link: the user is claimed again at once to write through it.
    pub(crate) fn only_links(&self) -> bool {
        self.found_link() && self.outcomes.is_empty() && self.failure.is_none()
    }

    /// The verdict; `charged` says whether a failure is charged to the record.
    pub(crate) fn into_verdict(self, charged: bool) -> AttemptResult {
        AttemptResult {
            user_id: self.claim.user_id,
            attempt: self.claim.attempt,
            version: self.claim.version,
            generation: self.claim.generation,
            field_results: self.outcomes,
            written: self.written,
            may_apply_late: self.doubts.takes_effect_late,
            may_have_created: self.doubts.has_created && self.link.is_none(),
            link: self.link,
            confirmed_address: self.confirmed_address,
            failure: self.failure.map(|(reason, _, may_pass)| AttemptFailure {
                reason,
                is_counted: charged,
                is_transient: may_pass,
            }),
            last_response: self.answer,
        }
    }

    /// The fields that were refused, and why.
    pub(crate) fn refusals(&self) -> impl Iterator<Item = (Field, &Reason)> {
        self.outcomes.iter().filter_map(|(field, outcome)| match outcome {
            FieldResult::Rejected { reason } => Some((*field, reason)),
            _ => None,
        })
    }

    /// A refusal turned out to be the account's fault: the field is pending again. Whether it was refused so.
    pub(crate) fn take_back(&mut self, field: Field, code: &str) -> bool {
        let is_it = self
            .refusals()
            .any(|(refused, reason)| refused == field && reason.code == code);
        if is_it {
            self.outcomes.remove(&field);
            self.pending.insert(field);
            match (self.contact_id(), &self.step) {
                (Some(_), _) => self.go_on(),
                // Without its address no contact was to be made.
                (None, Step::Done) => self.step = Step::Create,
                // A contact is looked for or made; what to write to it is not known before.
                (None, _) => {}
            }
        }
        is_it
    }

    fn settle(&mut self, field: Field, outcome: FieldResult) {
        if field == Field::Email && outcome == FieldResult::Confirmed {
            self.confirmed_address = self.email();
        }
        self.pending = self.pending.without(field);
        self.outcomes.insert(field, outcome);
    }

    /// Writes what is still pending, or is done.
    fn go_on(&mut self) {
        self.step = match self.manner {
            _ if self.pending.is_empty() => Step::Done,
            Manner::Together => Step::Write,
            Manner::Alone | Manner::FieldByField => Step::Patch,
        };
    }

    fn email(&self) -> Option<String> {
        self.claim.values.get(&Field::Email).cloned().flatten()
    }
}
