//! One claimed attempt on its way to its verdict: what it still has to do, and what became of it so far.

mod identity;
mod refusals;

use std::{collections::BTreeMap, time::Duration};

use contracts::{Claim, Failure, Field, FieldSet, Found, LinkFound, Outcome, Reason, Verdict};

use super::{EmailTaken, MAX_BATCH, ProblemKind, Properties};

pub(crate) use identity::{Lookup, ours};

/// What an attempt does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Look these addresses up, the first that finds a contact counts; travels in a batch.
    Find(Vec<String>, Why),
    /// Look the first address up alone; the others follow.
    FindAlone(Vec<String>, Why),
    /// Write what is pending; travels in a batch.
    Write,
    /// Ask for the contact by its id.
    Read,
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

/// Whose fault a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    /// This record failed alone.
    Record,
    /// The account, the network, or a batch of many.
    Nobody,
}

impl Blame {
    /// Whose fault a problem is that only this record met.
    fn for_problem(kind: &ProblemKind) -> Self {
        match kind {
            // Faults of the account, which stop the line before a record is looked at; in a batch's list of errors
            // they still are no fault of the record.
            ProblemKind::NoSuchPath
            | ProblemKind::Unauthorized
            | ProblemKind::Disconnected
            | ProblemKind::Misconfigured
            | ProblemKind::NoToken
            | ProblemKind::MissingScopes
            | ProblemKind::Limited { .. }
            | ProblemKind::Moving { .. }
            | ProblemKind::Unreachable => Self::Nobody,
            ProblemKind::Invalid { .. }
            | ProblemKind::Conflict { .. }
            | ProblemKind::NotFound
            | ProblemKind::Forbidden
            | ProblemKind::Locked
            | ProblemKind::ServerFault { .. }
            | ProblemKind::Unanswered
            | ProblemKind::Refused
            | ProblemKind::Garbled => Self::Record,
        }
    }
}

/// What is fixed for all attempts of an engine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules<'a> {
    /// The account the token opens.
    pub(crate) account_id: &'a str,
    /// What to do with a taken address.
    pub(crate) email_taken: EmailTaken,
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
    /// Owed fields without an outcome.
    pending: FieldSet,
    /// The fields of the write that is out or came back last.
    sent: FieldSet,
    manner: Manner,
    /// Whether the contact was read under its id, so that it exists.
    seen: bool,
    outcomes: BTreeMap<Field, Outcome>,
    written: FieldSet,
    may_take_effect_late: bool,
    link: Option<LinkFound>,
    confirmed_address: Option<String>,
    failure: Option<(Reason, Blame, bool)>,
}

impl Attempt {
    pub(crate) fn new(claim: Claim, asked_at: Duration, epoch: u64, rules: Rules<'_>) -> Self {
        let pending = claim.owed;
        let mut attempt = Self {
            claim,
            asked_at,
            epoch,
            step: Step::Done,
            batch_limit: MAX_BATCH,
            began: false,
            pending,
            sent: FieldSet::EMPTY,
            manner: Manner::Together,
            seen: false,
            outcomes: BTreeMap::new(),
            written: FieldSet::EMPTY,
            may_take_effect_late: false,
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
            attempt.look_up();
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
            self.settle(field, Outcome::Confirmed);
        }
        if self.contact_id() != Some(contact_id) {
            self.moved_to(contact_id, rules);
        }
        self.go_on();
    }

    /// The write that is out may have been carried out, or may still be.
    pub(crate) fn may_have_been_written(&mut self, late: bool) {
        self.written = self.written.union(self.sent);
        self.may_take_effect_late |= late;
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
        self.link.is_some()
    }

    /// Whether it brings nothing but a link: the user is claimed again at once to write through it.
    pub(crate) fn only_links(&self) -> bool {
        self.found_link() && self.outcomes.is_empty() && self.failure.is_none()
    }

    /// The verdict; `charged` says whether a failure is charged to the record.
    pub(crate) fn into_verdict(self, charged: bool) -> Verdict {
        Verdict {
            user_id: self.claim.user_id,
            attempt: self.claim.attempt,
            version: self.claim.version,
            turn: self.claim.turn,
            outcomes: self.outcomes,
            written: self.written,
            may_take_effect_late: self.may_take_effect_late,
            link: self.link,
            confirmed_address: self.confirmed_address,
            failure: self.failure.map(|(reason, _, may_pass)| Failure {
                reason,
                charged,
                may_pass,
            }),
        }
    }

    fn settle(&mut self, field: Field, outcome: Outcome) {
        if field == Field::Email && outcome == Outcome::Confirmed {
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

    fn moved_to(&mut self, contact_id: &str, rules: Rules<'_>) {
        self.link = Some(LinkFound {
            contact_id: contact_id.to_owned(),
            account_id: rules.account_id.to_owned(),
            address: None,
            found: Found::Merged,
        });
    }
}
