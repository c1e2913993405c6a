//! A worker's call, and what HubSpot makes of it.

use contracts::{AttemptResult, Claim, Field, FieldResult, LinkOrigin, Values};
use rand::RngExt;

use super::{
    super::{
        hubspot::LateCall,
        verdicts::{all, done, failed, found, may_be_late, reason},
    },
    events::{Event, Task},
    world::{SECOND, World},
};
use crate::rules::UnixMs;

/// The address by which a user's contact is found at first.
pub(super) fn address(user: usize) -> String {
    format!("user{user}@example.com")
}

/// Values that HubSpot refuses.
pub(super) fn is_bad(value: Option<&str>) -> bool {
    value.is_some_and(|value| value.starts_with("bad"))
}

impl World {
    /// Calls HubSpot, as late as a frozen worker does.
    pub(super) fn send(&mut self, task: Task<Claim>) {
        let worker = &self.workers[task.worker];
        if worker.life != task.life {
            return;
        }
        let frozen_for = worker.frozen_until - self.now;
        if frozen_for > 0 {
            return self.plan(frozen_for + 1, Event::Send(Box::new(task)));
        }
        let (verdict, answered_in) = self.call(task.user, &task.what);
        let report = Task {
            worker: task.worker,
            life: task.life,
            user: task.user,
            what: verdict,
        };
        self.plan(answered_in, Event::Report(Box::new(report)));
    }

    fn call(&mut self, user: usize, claim: &Claim) -> (AttemptResult, UnixMs) {
        let luck = if self.calm { 1.0 } else { self.rng.random() };
        let Some(link) = &claim.link else {
            return (self.look_up(user, claim, luck), 200);
        };
        let contact = link.contact_id.clone();
        let values: Values = claim
            .dirty
            .iter()
            .map(|field| (field, claim.values[&field].clone()))
            .collect();
        let is_good = |value: &Option<String>| !is_bad(value.as_deref());
        let good: Values = values.into_iter().filter(|(_, value)| is_good(value)).collect();
        match luck {
            // A time-out, and a 504 at once; either is carried out late.
            _ if luck < 0.12 => {
                let after = self.rng.random_range(5 * SECOND..90 * SECOND);
                self.call_late(user, claim, contact, good, after);
                (may_be_late(claim), 20 * SECOND)
            }
            _ if luck < 0.2 => {
                let after = self.rng.random_range(0..90 * SECOND);
                self.call_late(user, claim, contact, good, after);
                (may_be_late(claim), 200)
            }
            // A refused connection or a 429; and a failure that is the record's own.
            _ if luck < 0.27 => (failed(claim, false), 100),
            _ if luck < 0.3 => (failed(claim, true), 100),
            _ => (self.write(claim, &contact, good), 200),
        }
    }

    fn look_up(&mut self, user: usize, claim: &Claim, luck: f64) -> AttemptResult {
        if luck < 0.1 {
            return failed(claim, false);
        }
        if self.now < self.appears[user] {
            return all(claim, &FieldResult::NotFound);
        }
        let contact = format!("contact-{user}");
        let own = claim.values[&Field::Email].clone();
        self.hubspot.find(&contact, own);
        found(claim, &contact, LinkOrigin::PrimaryAddress)
    }

    fn call_late(&mut self, user: usize, claim: &Claim, contact: String, values: Values, after: UnixMs) {
        let attempt = claim.attempt.get();
        let at = Some(self.now + after);
        self.hubspot.write_late(LateCall {
            contact,
            values,
            at,
            attempt,
            user,
        });
        self.plan(after, Event::Late);
    }

    /// HubSpot does as asked, unless another contact holds the address.
    fn write(&mut self, claim: &Claim, contact: &str, good: Values) -> AttemptResult {
        let spare = good.get(&Field::Email).cloned().flatten();
        let spare = spare.filter(|address| address.starts_with("spare") && !contact.starts_with("spare"));
        if let Some(address) = spare {
            self.hubspot.find(&address, Some(address.clone()));
            return found(claim, &address, LinkOrigin::Followed);
        }
        let mut verdict = done(claim);
        for field in claim.dirty.iter().filter(|field| !good.contains_key(field)) {
            let reason = reason("INVALID_VALUE");
            verdict
                .field_results
                .insert(field, FieldResult::Rejected { reason });
            verdict.written = verdict.written.without(field);
        }
        let present = self.hubspot.present_id(contact);
        self.hubspot.write(contact, good);
        if present != contact {
            verdict.link = found(claim, &present, LinkOrigin::Merged).link;
        }
        verdict
    }
}
