//! Calls on their way to HubSpot, and what becomes of them.

use std::time::Duration;

use hubspot::engine::{Answer, Answered, Call, CallId, Input, Limits, Policy, Problem, ProblemKind};

use super::World;
use crate::{
    agenda::Time,
    event::{Event, Process},
    fault::Fault,
    hubspot_model::{Backwards, CallOut, problem},
    transition::Transition,
};

/// What a caller is told instead of what HubSpot makes of its call, when, and when the call is carried out.
struct Fate {
    answer: Answer,
    told_after: Time,
    effect_after: Option<Time>,
}

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
        let longest = if out.fault == Some(Fault::Slow) {
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
        self.tell_answer(&out, fate.answer, Limits::default(), out.told_at);
        if let Some(after) = fate.effect_after {
            self.agenda.plan(self.now + after, Event::Effect(Box::new(out)));
        }
    }

    fn tell_answer(&mut self, out: &CallOut, answer: Answer, limits: Limits, at: Time) {
        let input = Input::Answered(out.id, Answered { answer, limits });
        self.agenda.plan(at, Event::Tell(out.from, Box::new(input)));
    }

    /// HubSpot carries a call out, whoever still waits for it.
    pub(super) fn carry_out(&mut self, out: CallOut) {
        let answer = self.hubspot.carry_out(&out, self.now, &mut self.random);
        self.trace(|| format!("carried out {:?} {:?}: {answer:?}", out.id, out.call));
        for fault in std::mem::take(&mut self.hubspot.struck) {
            self.tally.faults.add(fault);
        }
        for back in std::mem::take(&mut self.hubspot.backwards) {
            self.went_backwards(&back, &out);
        }
        for _ in 0..std::mem::take(&mut self.hubspot.repaired) {
            self.tally.transitions.add(Transition::Repaired);
        }
        if !out.is_told {
            return;
        }
        let at = (self.now + self.random.between(2, 60)).min(out.until);
        let limits = self.hubspot.limits();
        self.tell_answer(&out, answer, limits, at);
    }

    /// P3: an older value lands over a newer one only by a call that its caller gave up, or of an overtaken worker.
    fn went_backwards(&mut self, back: &Backwards, out: &CallOut) {
        self.tally.transitions.add(Transition::WentBackwards);
        let is_late = !out.is_told && self.now >= out.told_at;
        let last = self.users.rows[back.author.user].attempt;
        let overtaken = self.users.epoch_of(back.author.user, last) > back.author.epoch;
        if !is_late && !overtaken {
            self.fail(format!("P3: an older value went over a newer one without a freeze or delay: {back:?}"));
        }
    }

    fn draw_fate(&mut self, out: &mut CallOut) -> Option<Fate> {
        if let Some(trouble) = self.hubspot.troubles.last().copied() {
            let fate = self.fate_in_trouble(trouble, &out.call);
            if fate.is_some() {
                return fate;
            }
        }
        if !self.hubspot.admits(self.now) {
            self.tally.faults.add(Fault::NarrowLimit);
            return Some(refused(limited(Policy::Burst, None), "BURST"));
        }
        if let Some(fate) = self.fate_by_contact(&out.call) {
            return Some(fate);
        }
        let meets = !self.is_calm
            && !self.plan.of_a_call.is_empty()
            && out.call != Call::Account
            && self.random.chance(self.plan.call_rate);
        if !meets {
            return None;
        }
        let fault = *self.random.pick(&self.plan.of_a_call);
        self.fate_by_fault(fault, out)
    }

    /// What a fault of the account as a whole does to a call.
    fn fate_in_trouble(&mut self, trouble: Fault, call: &Call) -> Option<Fate> {
        let is_account = *call == Call::Account;
        match trouble {
            Fault::Unauthorized => Some(refused(ProblemKind::Unauthorized, "ACCOUNT_TOKEN")),
            Fault::MissingScopes if !is_account => Some(refused(ProblemKind::MissingScopes, "ACCOUNT_SCOPES")),
            Fault::DayLimit => Some(refused(limited(Policy::Day, None), "ACCOUNT_DAY")),
            Fault::Moving => {
                let retry_after = self.random.chance(500).then_some(Duration::from_secs(30));
                Some(refused(ProblemKind::Moving { retry_after }, "ACCOUNT_MOVING"))
            }
            Fault::NoSuchPath if !is_account => Some(refused(ProblemKind::NoSuchPath, "ACCOUNT_PATH")),
            Fault::Unreachable => Some(refused(ProblemKind::Unreachable, "ACCOUNT_UNREACHABLE")),
            Fault::Outage => {
                let retry_after = None;
                let effect_after = self.perhaps_carried_out();
                Some(Fate {
                    effect_after,
                    ..refused(ProblemKind::ServerFault { retry_after }, "OUTAGE")
                })
            }
            Fault::Hanging => Some(Fate {
                effect_after: self.perhaps_carried_out(),
                ..self.unanswered("OUTAGE_TIMED_OUT")
            }),
            _ => None,
        }
    }

    fn perhaps_carried_out(&mut self) -> Option<Time> {
        match self.random.below(4) {
            0 => Some(2),
            1 => Some(self.random.below(self.plan.latest_effect)),
            _ => None,
        }
    }

    fn unanswered(&self, code: &str) -> Fate {
        Fate {
            told_after: self.plan.call_timeout,
            ..refused(ProblemKind::Unanswered, code)
        }
    }

    /// What one contact does to every call that writes to it.
    fn fate_by_contact(&mut self, call: &Call) -> Option<Fate> {
        let ids: Vec<&str> = match call {
            Call::Update { inputs } => inputs.iter().map(|input| input.contact_id.as_str()).collect(),
            Call::Patch { contact_id, .. } => vec![contact_id],
            _ => return None,
        };
        let troubles = ids.into_iter().filter_map(|id| {
            let contact = self.hubspot.present(self.hubspot.by_id(id)?);
            self.hubspot.trouble_of(contact, self.now)
        });
        let worst = troubles.min()?;
        match worst {
            Fault::Poison => Some(refused(ProblemKind::ServerFault { retry_after: None }, "RECORD_POISON")),
            Fault::ForbiddenContact => Some(refused(ProblemKind::Forbidden, "RECORD_FORBIDDEN")),
            Fault::LockedContact if matches!(call, Call::Patch { .. }) => {
                Some(refused(ProblemKind::Locked, "RECORD_LOCKED"))
            }
            _ => None,
        }
    }

    /// What a fault does to one call; none where it only changes how the call is carried out or answered.
    fn fate_by_fault(&mut self, fault: Fault, out: &mut CallOut) -> Option<Fate> {
        let fault_of = |retry_after| ProblemKind::ServerFault { retry_after };
        let fate = match fault {
            Fault::Status408 => refused(fault_of(None), "408"),
            Fault::Status500 => refused(fault_of(None), "500"),
            Fault::Status502 => refused(fault_of(None), "502"),
            Fault::Status503 => refused(fault_of(Some(Duration::from_secs(3))), "503"),
            Fault::Status504 => refused(fault_of(None), "504"),
            Fault::ErrorAfterEffect => carried_out(2, refused(fault_of(None), "500")),
            Fault::ErrorBeforeLateEffect => {
                let after = self.random.below(self.plan.latest_effect);
                carried_out(after, refused(fault_of(None), "504"))
            }
            Fault::Locked => refused(ProblemKind::Locked, "LOCKED"),
            Fault::HtmlPage => self.perhaps_at_once(refused(ProblemKind::Garbled, "HTML")),
            Fault::HtmlRefusal => {
                let kind = if self.random.chance(500) {
                    ProblemKind::Forbidden
                } else {
                    ProblemKind::Refused
                };
                refused(kind, "HTML")
            }
            Fault::BurstLimit => refused(limited(Policy::Burst, None), "BURST"),
            Fault::SecondLimit => {
                let asked = self.random.chance(300).then_some(Duration::from_secs(2));
                refused(limited(Policy::Second, asked), "SECONDLY")
            }
            Fault::CutBefore => refused(ProblemKind::Unreachable, "ACCOUNT_UNREACHABLE"),
            Fault::CutDuring => {
                let effect_after = self.perhaps_carried_out();
                Fate {
                    effect_after,
                    ..refused(ProblemKind::Unanswered, "CUT")
                }
            }
            Fault::CutAfter => carried_out(2, refused(ProblemKind::Unanswered, "CUT")),
            Fault::TimedOut => self.unanswered("TIMED_OUT"),
            Fault::LateEffect => {
                let after = self.random.below(self.plan.latest_effect);
                carried_out(after, self.unanswered("TIMED_OUT"))
            }
            Fault::EmptySuccess => {
                let empty = Fate {
                    answer: empty_success(&out.call),
                    ..refused(ProblemKind::Garbled, "EMPTY")
                };
                self.perhaps_at_once(empty)
            }
            _ => {
                if fault == Fault::Slow {
                    self.tally.faults.add(fault);
                }
                // Counted where it is carried out.
                out.fault = Some(fault);
                return None;
            }
        };
        self.tally.faults.add(fault);
        Some(fate)
    }

    fn perhaps_at_once(&mut self, fate: Fate) -> Fate {
        let effect_after = self.random.chance(500).then_some(2);
        Fate { effect_after, ..fate }
    }
}

/// An answer that comes soon, and a call that is not carried out.
fn refused(kind: ProblemKind, code: &str) -> Fate {
    let Problem { kind, reason } = problem(kind, code);
    Fate {
        answer: Answer::Problem(Problem { kind, reason }),
        told_after: 40,
        effect_after: None,
    }
}

fn carried_out(after: Time, fate: Fate) -> Fate {
    Fate {
        effect_after: Some(after),
        ..fate
    }
}

fn limited(policy: Policy, retry_after: Option<Duration>) -> ProblemKind {
    ProblemKind::Limited { policy, retry_after }
}

/// A success that lists nothing.
fn empty_success(call: &Call) -> Answer {
    match call {
        Call::Update { .. } => Answer::Updated {
            results: Vec::new(),
            errors: Vec::new(),
        },
        Call::Find { .. } => Answer::Found {
            contacts: Vec::new(),
            errors: Vec::new(),
        },
        Call::Account | Call::FindAlone { .. } | Call::Read { .. } | Call::Patch { .. } => {
            Answer::Problem(problem(ProblemKind::Garbled, "EMPTY"))
        }
    }
}

