//! A row, the attempts that are out, and HubSpot.

use std::collections::BTreeSet;

use contracts::{AttemptResult, Claim, Field, FieldResult, LinkOrigin, Values};

use super::{
    super::{
        desk::{Desk, SECOND},
        hubspot::{HubSpot, LateCall},
        verdicts::{all, done, failed, found, may_be_late, refused},
    },
    step::{Fate, Step},
};
use crate::rules::Claimed;

/// The id of the first contact there is.
pub(super) const FIRST: &str = "1";

/// An attempt whose verdict is not in.
#[derive(Debug, Clone)]
pub(super) struct Out {
    pub(super) claim: Claim,
    pub(super) holder: String,
}

/// What an attempt has to say; no verdict where its worker died.
pub(super) struct Report {
    pub(super) verdict: Option<AttemptResult>,
}

#[derive(Clone)]
pub(super) struct World {
    pub(super) desk: Desk,
    pub(super) hubspot: HubSpot,
    pub(super) out: Vec<Out>,
    /// The last verdict and who sent it.
    pub(super) said: Option<(AttemptResult, String)>,
    /// Values that HubSpot refused.
    pub(super) refused: BTreeSet<(Field, Option<String>)>,
    /// Values that HubSpot took, or answers to.
    pub(super) taken: BTreeSet<(Field, Option<String>)>,
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
        world.desk.row.link.as_mut().expect("it is linked").contact_id = FIRST.to_owned();
        world.wrote(FIRST, values);
        world
    }

    /// The same user with a change on its way.
    pub(super) fn on_its_way() -> Self {
        let mut world = Self::linked();
        world.change(Field::FIRST_NAME);
        world.claim();
        world
    }

    /// A settled user with an attempt still out that was overtaken long ago.
    pub(super) fn overtaken() -> Self {
        let mut world = Self::on_its_way();
        world.change(Field::FIRST_NAME);
        for step in [Step::ClaimNewer, Step::Newest(Fate::Done), Step::Doubt] {
            assert!(world.take(step));
        }
        for step in [Step::Claim, Step::Newest(Fate::Done)] {
            assert!(world.take(step));
        }
        assert!(world.desk.row.due_at().is_none() && world.out.len() == 1);
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
            Step::Operator(act) => return self.act(act),
            Step::CarryOutLate => {
                if self.hubspot.late().is_empty() {
                    return false;
                }
                self.carry_out();
            }
            Step::Second => self.pass(SECOND),
            Step::Term => self.pass(self.desk.terms.attempt),
            Step::Doubt => self.pass(self.desk.terms.late_write),
        }
        true
    }

    fn change(&mut self, field: Field) {
        let value = format!("{}{}@example.com", field.name(), self.desk.row.version + 1);
        self.desk.change([(field, value.as_str())]);
    }

    pub(super) fn claim(&mut self) -> bool {
        let before = (self.desk.row.attempt, self.desk.row.open_attempt.clone());
        let claimed = self.desk.try_claim();
        if before.1.is_some() && self.desk.row.open_attempt != before.1 {
            self.record_given_up(before.0);
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
            Claimed::InProgress | Claimed::Clean => false,
        }
    }

    /// The attempt was given up just now: what it left comes late, but not later than that.
    pub(super) fn record_given_up(&mut self, attempt: u64) {
        let last_moment = self.desk.now + self.desk.terms.late_write - 1;
        self.hubspot.limit_late(0, attempt, last_moment);
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

    pub(super) fn record(&mut self, verdict: AttemptResult, holder: String) -> contracts::NextAction {
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
            .dirty
            .iter()
            .map(|field| (field, claim.values[&field].clone()));
        Some((contact, values.collect()))
    }

    fn meet(&mut self, index: usize, fate: Fate) -> bool {
        let Some(out) = self.out.get(index).cloned() else {
            return false;
        };
        let Some(report) = self.fate(&out.claim, fate) else {
            return false;
        };
        self.out.remove(index);
        if let Some(verdict) = report.verdict {
            self.record(verdict, out.holder);
        }
        true
    }

    /// Does to HubSpot what the attempt does. None where it cannot meet that fate, no verdict where none comes.
    pub(super) fn fate(&mut self, claim: &Claim, fate: Fate) -> Option<Report> {
        let call = Self::call(claim);
        let verdict = match fate {
            Fate::NotDone => failed(claim, false),
            Fate::Charged => failed(claim, true),
            Fate::Missing => all(claim, &FieldResult::NotFound),
            Fate::Done => {
                let (contact, values) = call?;
                self.wrote(&contact, values);
                done(claim)
            }
            Fate::MayBeLate => {
                let at = self.desk.now + self.desk.terms.late_write - 1;
                self.call_late(claim, call?, Some(at));
                may_be_late(claim)
            }
            Fate::DiesWithCallOut => {
                // Only of the attempt that is open: a process that is killed long after it was overtaken, between
                // its write and its verdict, is not promised.
                if self.desk.row.open_attempt.is_none() || claim.attempt.get() != self.desk.row.attempt {
                    return None;
                }
                self.call_late(claim, call?, None);
                return Some(Report { verdict: None });
            }
            Fate::Refused => {
                let (contact, mut values) = call?;
                let field = claim.dirty.iter().next()?;
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
                verdict.link = found(claim, &into, LinkOrigin::Merged).link;
                verdict
            }
            Fate::Found(how) => self.find(claim, how)?,
        };
        Some(Report {
            verdict: Some(verdict),
        })
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

    fn find(&mut self, claim: &Claim, how: LinkOrigin) -> Option<AttemptResult> {
        let follows = how == LinkOrigin::Followed;
        if claim.link.is_some() != follows || (follows && !claim.dirty.contains(Field::EMAIL)) {
            return None;
        }
        let contact = self.new_contact();
        let address = claim.values[&Field::EMAIL].clone();
        self.taken.insert((Field::EMAIL, address.clone()));
        self.hubspot.find(&contact, address);
        Some(found(claim, &contact, how))
    }

    pub(super) fn new_contact(&mut self) -> String {
        self.contacts += 1;
        self.contacts.to_string()
    }
}
