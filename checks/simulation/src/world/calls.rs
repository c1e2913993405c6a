//! Calls on their way to HubSpot, and their answers.

use hubspot::engine::{Call, CallId, CallResponse, Input, RateLimitHeaders, Response};

use super::{World, call_faults::CallOutcome};
use crate::{
    agenda::Time,
    event::{Event, Process},
    fault::Fault,
    hubspot_model::{Author, CallOut, Creation, ForeignWrite},
    transition::Transition,
};

/// How many of a thousand calls are slow in schedules with slow answers.
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
            is_answered: true,
            answered_at: until,
            fault: None,
        };
        if let Some(outcome) = self.draw_outcome(&mut out) {
            return self.distort(out, outcome);
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

    /// The worker gets something else than HubSpot's answer.
    fn distort(&mut self, mut out: CallOut, outcome: CallOutcome) {
        out.is_answered = false;
        out.answered_at = (self.now + outcome.answered_after).min(out.until);
        self.plan_answer(&out, outcome.answer, RateLimitHeaders::default(), out.answered_at);
        if let Some(after) = outcome.effect_after {
            self.agenda.plan(self.now + after, Event::Effect(Box::new(out)));
        }
    }

    fn plan_answer(&mut self, out: &CallOut, answer: Response, limits: RateLimitHeaders, at: Time) {
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

    /// HubSpot executes a call, whether or not its worker still waits.
    pub(super) fn execute(&mut self, out: &CallOut) {
        let answer = self.hubspot.execute(out, self.now, &mut self.random);
        self.trace(|| format!("executed {:?} {:?}: {answer:?}", out.id, out.call));
        for fault in std::mem::take(&mut self.hubspot.occurred) {
            self.tally.faults.add(fault);
        }
        for (author, overwritten) in std::mem::take(&mut self.hubspot.backwards) {
            self.went_backwards(&author, overwritten, out);
        }
        for foreign in std::mem::take(&mut self.hubspot.foreign_writes) {
            self.check_foreign_write(&foreign, out);
        }
        for creation in std::mem::take(&mut self.hubspot.created) {
            self.check_creation(creation);
        }
        for _ in 0..std::mem::take(&mut self.hubspot.restored) {
            self.tally.transitions.add(Transition::Restored);
        }
        if !out.is_answered {
            if out.answered_at <= self.now {
                self.late_writes_at.insert(self.now);
            }
            return;
        }
        let at = (self.now + self.random.between(2, 60)).min(out.until);
        let limits = self.hubspot.limits();
        self.plan_answer(out, answer, limits, at);
    }

    /// P4: one contact is created for a user, unless that one is gone or another user's, or was it, or a worker was frozen meanwhile, or
    /// the link to it was lost.
    fn check_creation(&mut self, creation: Creation) {
        self.tally.transitions.add(Transition::Created);
        let user = creation.author.user;
        let is_still_there = |earlier: &Creation| {
            let contact = self.hubspot.present(earlier.contact);
            let is_anothers = (0..self.plan.users)
                .any(|other| other != user && self.linked_contact(other) == Some(contact));
            self.hubspot.exists(contact)
                && self.hubspot.holder(&earlier.address) == Some(contact)
                && !is_anothers
        };
        let twice = self.creations[user].iter().any(is_still_there);
        if twice && !self.plan.freezes() && !self.has_lost[user] {
            self.fail(&format!(
                "P4: a second contact is created for u{user}: {creation:?}"
            ));
        }
        self.creations[user].push(creation);
    }

    /// P3: while HubSpot may still apply a call of one user, no other user writes to the same contact. So a call that was given up
    /// overwrites no value that another user has written since, unless both share the contact.
    fn check_foreign_write(&mut self, foreign: &ForeignWrite, out: &CallOut) {
        let ForeignWrite {
            author,
            other,
            contact,
            written_at,
            was_shared,
        } = foreign;
        let was_given_up = !out.is_answered && out.answered_at <= *written_at;
        let belongs_to_other = self.linked_contact(*other) == Some(*contact);
        let was_shared = *was_shared
            || self.shared_at[*other].is_some_and(|shared_at| shared_at >= *written_at)
            || self.users.rows[*other]
                .link
                .as_ref()
                .is_some_and(|link| link.shared);
        // Users who shared the contact do not wait for each other, so both may have calls that were given up.
        let is_late_too = self.late_writes_at.contains(written_at);
        // Nobody may have noticed yet that contacts were merged.
        let is_known = !self.hubspot.is_merged(*contact);
        let is_promised =
            is_known && !self.plan.freezes() && !self.has_lost[*other] && !self.has_lost[author.user];
        if was_given_up && belongs_to_other && !was_shared && !is_late_too && is_promised {
            self.fail(&format!(
                "P3: a late write of a call that was given up overwrote a value of another user: {foreign:?}"
            ));
        }
    }

    /// P3: an older value overwrites a newer one only by a call that its worker gave up, or by a superseded worker.
    fn went_backwards(&mut self, author: &Author, overwritten: u64, out: &CallOut) {
        // The value of a version that the database has lost is as good as one of others.
        if self.users.is_lost(author.user, overwritten) {
            return self.tally.transitions.add(Transition::LostValueReplaced);
        }
        self.tally.transitions.add(Transition::WentBackwards);
        let is_late = !out.is_answered && self.now >= out.answered_at;
        let is_superseded = self.users.newest_epoch_of(author.user) > author.epoch;
        if !is_late && !is_superseded {
            self.fail(&format!(
                "P3: an older value overwrote a newer one without a freeze or delay: {author:?}"
            ));
        }
    }
}
