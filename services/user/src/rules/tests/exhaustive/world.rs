//! A row, the attempts that are out, and HubSpot.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
};

use contracts::{Claim, Field, Found, Outcome, Values, Verdict};

use super::{
    super::{
        desk::{Desk, SECOND},
        hubspot::{HubSpot, LateCall},
        verdicts::{ACCOUNT, all, done, failed, found, may_be_late, refused},
    },
    step::{Fate, Step},
};
use crate::rules::{Claimed, Row, outcome::rechecked_fields};

/// An attempt whose verdict is not in.
#[derive(Debug, Clone)]
pub(super) struct Out {
    pub(super) claim: Claim,
    pub(super) holder: String,
}

#[derive(Clone)]
pub(super) struct World {
    pub(super) desk: Desk,
    pub(super) hubspot: HubSpot,
    pub(super) out: Vec<Out>,
    /// The last verdict and who sent it.
    said: Option<(Verdict, String)>,
    /// Values that HubSpot refused.
    pub(super) refused: BTreeSet<(Field, Option<String>)>,
    /// Values that HubSpot took, or answers to.
    taken: BTreeSet<(Field, Option<String>)>,
    contacts: u32,
}

impl World {
    fn of(desk: Desk) -> Self {
        Self {
            desk,
            hubspot: HubSpot::default(),
            out: Vec::new(),
            said: None,
            refused: BTreeSet::new(),
            taken: BTreeSet::new(),
            contacts: 1,
        }
    }

    /// A user that was just created.
    pub(super) fn created() -> Self {
        Self::of(Desk::new())
    }

    /// A user whose contact is known and holds everything.
    pub(super) fn linked() -> Self {
        let mut world = Self::of(Desk::settled());
        let values = world.desk.row.values();
        world.wrote("c1", values);
        world
    }

    /// The same user with a change on its way.
    pub(super) fn on_its_way() -> Self {
        let mut world = Self::linked();
        world.change(Field::FirstName);
        world.claim();
        world
    }

    /// Does a step. Returns whether it can happen now.
    pub(super) fn take(&mut self, step: Step) -> bool {
        match step {
            Step::Change(field) => self.change(field),
            Step::Claim => return self.claim(),
            Step::ClaimNewer => {
                self.desk.epoch += 1;
                self.desk.holder = format!("worker-{}", self.desk.epoch);
                return self.claim();
            }
            Step::Oldest(fate) => return self.meet(0, fate),
            Step::Newest(fate) => return self.out.len() > 1 && self.meet(self.out.len() - 1, fate),
            Step::Repeat => return self.repeat(),
            Step::CarryOutLate => {
                if self.hubspot.late().is_empty() {
                    return false;
                }
                self.carry_out();
            }
            Step::Second => self.pass(SECOND),
            Step::Term => self.pass(self.desk.terms.attempt),
            Step::Doubt => self.pass(self.desk.terms.doubt),
        }
        true
    }

    fn change(&mut self, field: Field) {
        let value = format!("{}{}@example.com", field.name(), self.desk.row.version + 1);
        self.desk.change([(field, value.as_str())]);
    }

    pub(super) fn claim(&mut self) -> bool {
        let before = (self.desk.row.attempt, self.desk.row.open.clone());
        let claimed = self.desk.try_claim();
        if before.1.is_some() && self.desk.row.open != before.1 {
            let last_moment = self.desk.now + self.desk.terms.doubt - 1;
            self.hubspot.limit_late(0, before.0, last_moment);
        }
        match claimed {
            Claimed::Given(claim) => {
                let holder = self.desk.holder.clone();
                self.out.push(Out {
                    claim: *claim,
                    holder,
                });
                true
            }
            Claimed::InWork | Claimed::NothingOwed => false,
        }
    }

    fn carry_out(&mut self) {
        let values = self.hubspot.late()[0].values.clone();
        self.taken.extend(values);
        self.hubspot.carry_out(0);
    }

    /// Late calls come at their last moment, rows are swept after that.
    pub(super) fn pass(&mut self, by: i64) {
        self.desk.now += by;
        self.hubspot.carry_out_until(self.desk.now);
        self.desk.sweep();
    }

    fn wrote(&mut self, contact: &str, values: Values) {
        self.taken.extend(values.clone());
        self.hubspot.write(contact, values);
    }

    fn repeat(&mut self) -> bool {
        let Some((verdict, holder)) = self.said.clone() else {
            return false;
        };
        let is_last = verdict.attempt.get() == self.desk.row.attempt && holder == self.desk.row.holder;
        let before = self.desk.row.clone();
        self.record(verdict, holder);
        assert!(
            !is_last || before == self.desk.row,
            "a repeat changed the row: {before:?} became {:?}",
            self.desk.row
        );
        true
    }

    pub(super) fn record(&mut self, verdict: Verdict, holder: String) -> contracts::Next {
        self.said = Some((verdict.clone(), holder.clone()));
        let own = std::mem::replace(&mut self.desk.holder, holder);
        let effects = self.desk.record(verdict);
        self.desk.holder = own;
        effects.next
    }

    /// What was to be sent, and where to; none without a contact.
    fn call(claim: &Claim) -> Option<(String, Values)> {
        let contact = claim.link.clone()?.contact_id;
        let values = claim
            .owed
            .iter()
            .map(|field| (field, claim.values[&field].clone()));
        Some((contact, values.collect()))
    }

    fn meet(&mut self, index: usize, fate: Fate) -> bool {
        let Some(out) = self.out.get(index).cloned() else {
            return false;
        };
        let Some(verdict) = self.fate(&out.claim, fate) else {
            return false;
        };
        self.out.remove(index);
        if let Some(verdict) = verdict {
            self.record(verdict, out.holder);
        }
        true
    }

    /// Does to HubSpot what the attempt does. None where it cannot meet that fate, no verdict where none comes.
    pub(super) fn fate(&mut self, claim: &Claim, fate: Fate) -> Option<Option<Verdict>> {
        let call = Self::call(claim);
        let verdict = match fate {
            Fate::NotDone => failed(claim, false),
            Fate::Charged => failed(claim, true),
            Fate::Missing => all(claim, &Outcome::Missing),
            Fate::Done => {
                let (contact, values) = call?;
                self.wrote(&contact, values);
                done(claim)
            }
            Fate::MayBeLate => {
                let at = self.desk.now + self.desk.terms.doubt - 1;
                self.call_late(claim, call?, Some(at));
                may_be_late(claim)
            }
            Fate::DiesWithCallOut => {
                // Only of the attempt that is open: a process that is killed long after it was overtaken, between
                // its write and its verdict, is not promised.
                if self.desk.row.open.is_none() || claim.attempt.get() != self.desk.row.attempt {
                    return None;
                }
                self.call_late(claim, call?, None);
                return Some(None);
            }
            Fate::Refused => {
                let (contact, mut values) = call?;
                let field = claim.owed.iter().next()?;
                let value = values.remove(&field)?;
                self.refused.insert((field, value));
                self.wrote(&contact, values);
                refused(claim, field)
            }
            Fate::Merged => {
                let (contact, values) = call?;
                let into = self.new_contact();
                self.hubspot.merge(&contact, &into);
                self.wrote(&into, values);
                let mut verdict = done(claim);
                verdict.link = found(claim, &into, Found::Merged).link;
                verdict
            }
            Fate::Found(how) => return self.find(claim, how).map(Some),
        };
        Some(Some(verdict))
    }

    fn call_late(&mut self, claim: &Claim, (contact, values): (String, Values), at: Option<i64>) {
        self.taken.extend(values.clone());
        self.hubspot.write_late(LateCall {
            contact,
            values,
            at,
            attempt: claim.attempt.get(),
            user: 0,
        });
    }

    fn find(&mut self, claim: &Claim, how: Found) -> Option<Verdict> {
        let follows = how == Found::Followed;
        if claim.link.is_some() != follows || (follows && !claim.owed.contains(Field::Email)) {
            return None;
        }
        let contact = self.new_contact();
        let address = claim.values[&Field::Email].clone();
        self.taken.insert((Field::Email, address.clone()));
        self.hubspot.find(&contact, address);
        Some(found(claim, &contact, how))
    }

    fn new_contact(&mut self) -> String {
        self.contacts += 1;
        format!("c{}", self.contacts)
    }

    /// What must hold after every step.
    pub(super) fn check(&self, before: &Row, path: &[Step]) {
        let row = &self.desk.row;
        let must = |holds: bool, what: &str| assert!(holds, "{what} after {path:?}: {row:?}");
        must(
            row.version >= before.version && row.turn >= before.turn,
            "counts go forward",
        );
        must(row.attempt >= before.attempt, "attempts go forward");
        must(
            row.wake_at.is_some() || !row.is_unsettled(),
            "what is owed has a wake-up",
        );
        must(
            row.due_at().is_some() || row.doubt.is_none(),
            "a doubt has its end",
        );
        for (field, state) in row.fields.iter() {
            must(
                state.settled <= row.turn && state.owed <= row.turn,
                "no field is ahead of its turn",
            );
            must(
                state.outcome.is_some() || state.is_owed(),
                "what is settled has an outcome",
            );
            let value = (field, state.value.clone());
            match state.outcome {
                Some(Outcome::Confirmed) => must(self.taken.contains(&value), "what is confirmed was taken"),
                Some(Outcome::Refused { .. }) => must(self.refused.contains(&value), "what is refused was"),
                _ => {}
            }
        }
        let waits = rechecked_fields(row)
            .iter()
            .any(|field| !row.fields[field].is_owed());
        must(
            !waits || row.recheck_at.is_some(),
            "what time may mend is rechecked",
        );
        let newest = self.out.last().map_or(0, |out| out.claim.attempt.get());
        must(
            row.open.is_none() || newest <= row.attempt,
            "the open attempt is the last one",
        );
        let foreign = row
            .link
            .as_ref()
            .is_some_and(|link| link.account_id != ACCOUNT || link.shared);
        must(!foreign, "the link is this account's and this user's");
    }

    pub(super) fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let row = &self.desk.row;
        (row.version, row.turn, row.attempt, row.wake_at, row.recheck_at).hash(&mut hasher);
        (row.rechecks, row.lane, row.failures, row.charges, &row.holder).hash(&mut hasher);
        for (field, state) in row.fields.iter() {
            (field, state.touched, state.owed, state.settled, state.settled_at).hash(&mut hasher);
            state
                .outcome
                .as_ref()
                .map(std::mem::discriminant)
                .hash(&mut hasher);
        }
        row.open
            .as_ref()
            .map(|open| (open.epoch, open.version, open.turn, open.since))
            .hash(&mut hasher);
        row.doubt
            .map(|doubt| (doubt.from_version, doubt.until))
            .hash(&mut hasher);
        row.link.as_ref().map(|link| &link.contact_id).hash(&mut hasher);
        (self.desk.now, self.desk.epoch, &self.hubspot).hash(&mut hasher);
        for out in &self.out {
            (out.claim.attempt, &out.holder).hash(&mut hasher);
        }
        let said = self.said.as_ref();
        said.map(|(verdict, holder)| {
            (
                verdict.attempt,
                verdict.outcomes.len(),
                verdict.written.is_empty(),
                holder,
            )
        })
        .hash(&mut hasher);
        hasher.finish()
    }
}
