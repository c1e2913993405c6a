//! A row, the attempts in flight, and what they wrote.

use std::collections::BTreeSet;

use contracts::{AttemptResult, Claim, Field, FieldResult, LinkOrigin, NextAction, Value, Values};

use super::{
    super::{
        attempt_results::{all_confirmed, all_with, contact_found, failed, rejected, timed_out},
        test_user::{SECOND, TestUser},
    },
    contacts::{Contacts, LateWrite},
    step::{AttemptEnd, Step},
};
use crate::rules::Claimed;

/// The id of the first contact.
pub(super) const FIRST: &str = "1";

/// An attempt without a report.
#[derive(Debug, Clone)]
pub(super) struct AttemptInFlight {
    pub(super) claim: Claim,
    pub(super) holder: String,
}

/// The present state of a sequence of steps.
#[derive(Clone)]
pub(super) struct Scenario {
    pub(super) user: TestUser,
    pub(super) contacts: Contacts,
    pub(super) in_flight: Vec<AttemptInFlight>,
    /// The last result and the worker that reported it.
    pub(super) last_report: Option<(AttemptResult, String)>,
    /// Values that were rejected.
    pub(super) rejected: BTreeSet<(Field, Option<Value>)>,
    /// Values that were written, and addresses by which contacts were found.
    pub(super) accepted: BTreeSet<(Field, Option<Value>)>,
    last_contact: u32,
}

impl Scenario {
    fn of(user: TestUser) -> Self {
        Self {
            user,
            contacts: Contacts::default(),
            in_flight: Vec::new(),
            last_report: None,
            rejected: BTreeSet::new(),
            accepted: BTreeSet::new(),
            last_contact: 1,
        }
    }

    /// A user that was just created.
    pub(super) fn created() -> Self {
        Self::of(TestUser::created())
    }

    /// A user that is linked to a contact, with every field confirmed.
    pub(super) fn linked() -> Self {
        let mut scenario = Self::of(TestUser::confirmed());
        let values = scenario.user.row.values();
        scenario.user.row.link.as_mut().expect("it is linked").contact_id = FIRST.to_owned();
        scenario.write(FIRST, values);
        scenario
    }

    /// The same user with a change that an attempt carries.
    pub(super) fn in_attempt() -> Self {
        let mut scenario = Self::linked();
        scenario.change(Field::FIRST_NAME);
        scenario.claim();
        scenario
    }

    /// A clean user with an attempt in flight that was superseded long ago.
    pub(super) fn superseded() -> Self {
        let mut scenario = Self::in_attempt();
        scenario.change(Field::FIRST_NAME);
        for step in [
            Step::ClaimWithNewLease,
            Step::EndNewest(AttemptEnd::Confirmed),
            Step::LateWriteTerm,
            Step::Claim,
            Step::EndNewest(AttemptEnd::Confirmed),
        ] {
            assert!(scenario.take(step));
        }
        assert!(scenario.user.row.due_at().is_none() && scenario.in_flight.len() == 1);
        scenario
    }

    /// Takes a step. Returns whether it is possible now.
    pub(super) fn take(&mut self, step: Step) -> bool {
        match step {
            Step::Change(field) => self.change(field),
            Step::Claim => return self.claim(),
            Step::ClaimWithNewLease => {
                self.user.epoch += 1;
                self.user.holder = format!("worker-{}", self.user.epoch);
                return self.claim();
            }
            Step::EndOldest(end) => return self.end_attempt(0, end),
            Step::EndNewest(end) => {
                let newest = self.in_flight.len().wrapping_sub(1);
                return self.in_flight.len() > 1 && self.end_attempt(newest, end);
            }
            Step::RepeatReport => return self.repeat_report(),
            Step::Operator(action) => return self.operate(action),
            Step::ApplyLateWrite => return self.apply_late_write(),
            Step::Second => self.pass(SECOND),
            Step::AttemptTerm => self.pass(self.user.timing.attempt),
            Step::LateWriteTerm => self.pass(self.user.timing.late_write),
        }
        true
    }

    fn change(&mut self, field: Field) {
        let value = format!("{}{}@example.com", field.name(), self.user.row.version + 1);
        self.user.change([(field, value.as_str())]);
    }

    pub(super) fn claim(&mut self) -> bool {
        let before = (self.user.row.attempt, self.user.row.open_attempt.clone());
        let claimed = self.user.try_claim();
        if before.1.is_some() && self.user.row.open_attempt != before.1 {
            self.record_given_up(before.0);
        }
        match claimed {
            Claimed::Given(claim) => {
                let holder = self.user.holder.clone();
                self.in_flight.push(AttemptInFlight {
                    claim: *claim,
                    holder,
                });
                true
            }
            Claimed::InProgress | Claimed::Clean | Claimed::Waiting => false,
        }
    }

    /// The attempt was given up just now. Its late write is applied within the late-write window.
    pub(super) fn record_given_up(&mut self, attempt: u64) {
        let last_moment = self.user.now + self.user.timing.late_write - 1;
        self.contacts.limit_late(attempt, last_moment);
    }

    fn apply_late_write(&mut self) -> bool {
        let applied = self.contacts.apply_late();
        let has_one = applied.is_some();
        self.accepted.extend(applied.into_iter().flatten());
        has_one
    }

    /// Late writes are applied at their last moment, and then the row is swept.
    pub(super) fn pass(&mut self, by: i64) {
        self.user.now += by;
        self.contacts.apply_late_until(self.user.now);
        self.user.sweep();
    }

    fn write(&mut self, contact: &str, values: Values) {
        self.accepted.extend(values.clone());
        self.contacts.write(contact, values);
    }

    fn repeat_report(&mut self) -> bool {
        let Some((result, holder)) = self.last_report.clone() else {
            return false;
        };
        let is_last = result.attempt.get() == self.user.row.attempt && holder == self.user.row.holder;
        let before = self.user.row.clone();
        self.report(result, holder);
        assert!(
            !is_last || before == self.user.row,
            "a repeat changed the row: {before:?} became {:?}",
            self.user.row
        );
        true
    }

    pub(super) fn report(&mut self, result: AttemptResult, holder: String) -> NextAction {
        self.last_report = Some((result.clone(), holder.clone()));
        let present = std::mem::replace(&mut self.user.holder, holder);
        let effects = self.user.report(result);
        self.user.holder = present;
        effects.next
    }

    fn end_attempt(&mut self, index: usize, end: AttemptEnd) -> bool {
        let Some(attempt) = self.in_flight.get(index).cloned() else {
            return false;
        };
        if end == AttemptEnd::WorkerDies {
            return self.die(index, &attempt.claim);
        }
        let Some(result) = self.result_of(&attempt.claim, end) else {
            return false;
        };
        self.in_flight.remove(index);
        self.report(result, attempt.holder);
        true
    }

    /// The worker dies during the call of its open attempt, and the call is applied late.
    ///
    /// An attempt that was superseded does not end like this: for a process that is killed long after it was superseded, between its
    /// write and its report, nothing is promised.
    fn die(&mut self, index: usize, claim: &Claim) -> bool {
        let is_open = self.user.row.open_attempt.is_some() && claim.attempt.get() == self.user.row.attempt;
        let Some(call) = call_of(claim).filter(|_| is_open) else {
            return false;
        };
        self.write_late(claim, call, None);
        self.in_flight.remove(index);
        true
    }

    /// Writes what an attempt writes that ends like this, and returns its result; none if it cannot end like this.
    pub(super) fn result_of(&mut self, claim: &Claim, end: AttemptEnd) -> Option<AttemptResult> {
        Some(match end {
            AttemptEnd::WorkerDies => return None,
            AttemptEnd::Failed => failed(claim, false),
            AttemptEnd::FailedAndCounted => failed(claim, true),
            AttemptEnd::NotFound => all_with(claim, &FieldResult::NotFound),
            AttemptEnd::Confirmed => {
                let (contact, values) = call_of(claim)?;
                self.write(&contact, values);
                all_confirmed(claim)
            }
            AttemptEnd::TimedOut => {
                let at = self.user.now + self.user.timing.late_write - 1;
                self.write_late(claim, call_of(claim)?, Some(at));
                timed_out(claim)
            }
            AttemptEnd::OneRejected => {
                let (contact, mut values) = call_of(claim)?;
                let field = claim.dirty.iter().next()?;
                let value = values.remove(&field)?;
                self.rejected.insert((field, value));
                self.write(&contact, values);
                rejected(claim, field)
            }
            AttemptEnd::Merged => {
                let (contact, values) = call_of(claim)?;
                let into = self.new_contact();
                self.contacts.merge(&contact, &into);
                self.write(&into, values);
                AttemptResult {
                    link: contact_found(claim, &into, LinkOrigin::Merged).link,
                    ..all_confirmed(claim)
                }
            }
            AttemptEnd::ContactFound(origin) => self.find(claim, origin)?,
        })
    }

    fn write_late(&mut self, claim: &Claim, (contact, values): (String, Values), at: Option<i64>) {
        self.accepted.extend(values.clone());
        self.contacts.add_late(LateWrite {
            contact,
            values,
            at,
            attempt: claim.attempt.get(),
        });
    }

    fn find(&mut self, claim: &Claim, origin: LinkOrigin) -> Option<AttemptResult> {
        let follows = origin == LinkOrigin::Followed;
        if claim.link.is_some() != follows || (follows && !claim.dirty.contains(Field::EMAIL)) {
            return None;
        }
        let contact = self.new_contact();
        let address = claim.values[&Field::EMAIL].clone();
        self.accepted.insert((Field::EMAIL, address.clone()));
        self.contacts.record_found(&contact, address);
        Some(contact_found(claim, &contact, origin))
    }

    pub(super) fn new_contact(&mut self) -> String {
        self.last_contact += 1;
        self.last_contact.to_string()
    }
}

/// The contact and the values of the attempt's write; none without a contact.
fn call_of(claim: &Claim) -> Option<(String, Values)> {
    let contact = claim.link.clone()?.contact_id;
    let values = claim
        .dirty
        .iter()
        .map(|field| (field, claim.values[&field].clone()));
    Some((contact, values.collect()))
}
