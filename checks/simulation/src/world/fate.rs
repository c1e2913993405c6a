//! What becomes of a call: carried out and answered, or one of the many ways in which it is not.

use std::time::Duration;

use hubspot::engine::{Answer, Call, Policy, Problem, ProblemKind};

use super::World;
use crate::{
    agenda::Time,
    fault::Fault,
    hubspot_model::{CallOut, problem},
};

/// What a caller is told instead of what HubSpot makes of its call, when, and when the call is carried out.
pub(super) struct Fate {
    pub(super) answer: Answer,
    pub(super) told_after: Time,
    pub(super) effect_after: Option<Time>,
}

impl World {
    /// Draws what the caller is told instead of what becomes of its call; none where it is told just that.
    pub(super) fn draw_fate(&mut self, out: &mut CallOut) -> Option<Fate> {
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
        if self.hubspot.has_spent_its_day(self.now) {
            return Some(refused(limited(Policy::Day, None), "DAY"));
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
            Fault::NoAccessToken => {
                let kinds = [
                    ProblemKind::Disconnected,
                    ProblemKind::Misconfigured,
                    ProblemKind::NoToken,
                ];
                Some(refused(self.random.pick(&kinds).clone(), "ACCOUNT_NO_TOKEN"))
            }
            Fault::MissingScopes if !is_account => {
                Some(refused(ProblemKind::MissingScopes, "ACCOUNT_SCOPES"))
            }
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
            Fault::Poison => Some(refused(
                ProblemKind::ServerFault { retry_after: None },
                "RECORD_POISON",
            )),
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
        Call::Account
        | Call::Inspect(_)
        | Call::FindAlone { .. }
        | Call::Read { .. }
        | Call::Patch { .. }
        | Call::Create { .. } => Answer::Problem(problem(ProblemKind::Garbled, "EMPTY")),
    }
}
