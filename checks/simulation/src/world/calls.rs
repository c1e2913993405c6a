//! Calls on their way to HubSpot, and what becomes of them.

use hubspot::engine::{Call, CallId, CallResponse, Input, RateLimitHeaders, Response};

use super::{World, fate::Fate};
use crate::{
    agenda::Time,
    event::{Event, Process},
    fault::Fault,
    hubspot_model::{Author, CallOut, Creation},
    transition::Transition,
};

/// So many of a thousand calls are slow where HubSpot is slow at all.
const SLOW_CALLS: u64 = 250;

impl World {
    /// A call leaves its worker.
    pub(super) fn call(&mut self, from: Process, id: CallId, call: Call) {
        self.calls_in_calm += u64::from(self.is_calm);
        let authors = self.authors(from, &call);
        let until = self.now + self.plan.call_timeout;
        let mut out = CallOut {
            from,
            id,
            call,
            authors,
            until,
            is_told: true,
            told_at: until,
            fault: None,
        };
        if let Some(fate) = self.draw_fate(&mut out) {
            return self.meet(out, fate);
        }
        // Slow stretches of HubSpot, so that much waits behind a call.
        let is_slow = !self.is_calm && self.plan.has(Fault::Slow) && self.random.chance(SLOW_CALLS);
        let longest = if is_slow {
            self.tally.faults.add(Fault::Slow);
            self.plan.call_timeout * 9 / 10
        } else {
            150
        };
        let at = self.now + self.random.between(5, longest);
        self.agenda.plan(at, Event::Effect(Box::new(out)));
    }

    /// The caller is told something else than what becomes of its call.
    fn meet(&mut self, mut out: CallOut, fate: Fate) {
        out.is_told = false;
        out.told_at = (self.now + fate.told_after).min(out.until);
        self.tell_answer(&out, fate.answer, RateLimitHeaders::default(), out.told_at);
        if let Some(after) = fate.effect_after {
            self.agenda.plan(self.now + after, Event::Effect(Box::new(out)));
        }
    }

    fn tell_answer(&mut self, out: &CallOut, answer: Response, limits: RateLimitHeaders, at: Time) {
        let input = Input::CallResponse(
            out.id,
            CallResponse {
                response: answer,
                rate_limits: limits,
                last_response: None,
            },
        );
        self.agenda.plan(at, Event::Tell(out.from, Box::new(input)));
    }

    /// HubSpot carries a call out, whoever still waits for it.
    pub(super) fn carry_out(&mut self, out: &CallOut) {
        let answer = self.hubspot.carry_out(out, self.now, &mut self.random);
        self.trace(|| format!("carried out {:?} {:?}: {answer:?}", out.id, out.call));
        for fault in std::mem::take(&mut self.hubspot.struck) {
            self.tally.faults.add(fault);
        }
        for author in std::mem::take(&mut self.hubspot.backwards) {
            self.went_backwards(&author, out);
        }
        for creation in std::mem::take(&mut self.hubspot.created) {
            self.was_created(creation);
        }
        for _ in 0..std::mem::take(&mut self.hubspot.repaired) {
            self.tally.transitions.add(Transition::Repaired);
        }
        if !out.is_told {
            return;
        }
        let at = (self.now + self.random.between(2, 60)).min(out.until);
        let limits = self.hubspot.limits();
        self.tell_answer(out, answer, limits, at);
    }

    /// P4: a user has one contact made for it, unless that was taken from it, also by another user whose address it had
    /// become, or a worker was frozen meanwhile.
    fn was_created(&mut self, creation: Creation) {
        self.tally.transitions.add(Transition::Created);
        let user = creation.author.user;
        let stands = |earlier: &Creation| {
            let contact = self.hubspot.present(earlier.contact);
            let is_anothers = (0..self.plan.users)
                .any(|other| other != user && self.linked_contact(other) == Some(contact));
            self.hubspot.exists(contact)
                && self.hubspot.holder(&earlier.address) == Some(contact)
                && !is_anothers
        };
        let twice = self.creations[user].iter().any(stands);
        if twice && !self.plan.freezes() {
            self.fail(&format!("P4: a second contact is made for u{user}: {creation:?}"));
        }
        self.creations[user].push(creation);
    }

    /// P3: an older value lands over a newer one only by a call that its caller gave up, or of an overtaken worker.
    fn went_backwards(&mut self, author: &Author, out: &CallOut) {
        self.tally.transitions.add(Transition::WentBackwards);
        let is_late = !out.is_told && self.now >= out.told_at;
        let last = self.users.rows[author.user].attempt;
        let overtaken = self.users.epoch_of(author.user, last) > author.epoch;
        if !is_late && !overtaken {
            self.fail(&format!(
                "P3: an older value went over a newer one without a freeze or delay: {author:?}"
            ));
        }
    }
}
