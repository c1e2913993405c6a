//! What goes wrong with a call to HubSpot: it is not executed, executed late, or answered with something else.

use std::time::Duration;

use hubspot::engine::{Call, CallError, CallErrorKind, Check, InspectedContacts, RateLimit, Response};

use super::World;
use crate::{
    agenda::Time,
    fault::Fault,
    hubspot_model::{CallOut, problem},
};

/// What a worker gets as an answer in place of HubSpot's, when it gets it, and when HubSpot executes the call.
pub(super) struct CallOutcome {
    pub(super) answer: Response,
    pub(super) answered_after: Time,
    pub(super) effect_after: Option<Time>,
}

impl World {
    /// Draws whether the worker gets something else than HubSpot's answer.
    pub(super) fn draw_outcome(&mut self, out: &mut CallOut) -> Option<CallOutcome> {
        if let Some(problem) = self.hubspot.problems.last().copied() {
            let outcome = self.outcome_of_problem(problem, &out.call);
            if outcome.is_some() {
                return outcome;
            }
        }
        if !self.hubspot.admits(self.now) {
            self.tally.faults.add(Fault::NarrowLimit);
            return Some(fails(limited(RateLimit::Window, None), "BURST"));
        }
        if self.hubspot.has_spent_its_day(self.now) {
            return Some(fails(limited(RateLimit::Day, None), "DAY"));
        }
        if let Some(outcome) = self.outcome_by_contact(&out.call) {
            return Some(outcome);
        }
        let meets = !self.is_calm
            && !self.plan.of_a_call.is_empty()
            && out.call != Call::Account
            && self.random.chance(self.plan.call_rate);
        if !meets {
            return None;
        }
        let fault = *self.random.pick(&self.plan.of_a_call);
        self.outcome_by_fault(fault, out)
    }

    /// What a fault of the account as a whole does to a call.
    fn outcome_of_problem(&mut self, problem: Fault, call: &Call) -> Option<CallOutcome> {
        let is_account = *call == Call::Account;
        match problem {
            Fault::Unauthorized => Some(fails(CallErrorKind::Unauthorized, "ACCOUNT_TOKEN")),
            Fault::NoAccessToken => {
                let kinds = [
                    CallErrorKind::Disconnected,
                    CallErrorKind::Misconfigured,
                    CallErrorKind::NoToken,
                ];
                Some(fails(self.random.pick(&kinds).clone(), "ACCOUNT_NO_TOKEN"))
            }
            Fault::MissingScopes if !is_account => {
                Some(fails(CallErrorKind::MissingScopes, "ACCOUNT_SCOPES"))
            }
            Fault::MissingWriteScope if is_of_writes(call) => {
                Some(fails(CallErrorKind::MissingScopes, "ACCOUNT_SCOPES"))
            }
            Fault::DayLimit => Some(fails(limited(RateLimit::Day, None), "ACCOUNT_DAY")),
            Fault::Moving => {
                let retry_after = self.random.chance(500).then_some(Duration::from_secs(30));
                Some(fails(
                    CallErrorKind::AccountMoving { retry_after },
                    "ACCOUNT_MOVING",
                ))
            }
            Fault::NoSuchPath if !is_account => Some(fails(CallErrorKind::NoSuchPath, "ACCOUNT_PATH")),
            Fault::Unreachable => Some(fails(CallErrorKind::Unreachable, "ACCOUNT_UNREACHABLE")),
            Fault::Outage => {
                let retry_after = None;
                let effect_after = self.perhaps_executed();
                Some(CallOutcome {
                    effect_after,
                    ..fails(CallErrorKind::ServerError { retry_after }, "OUTAGE")
                })
            }
            Fault::Hanging => Some(CallOutcome {
                effect_after: self.perhaps_executed(),
                ..self.unanswered("OUTAGE_TIMED_OUT")
            }),
            _ => None,
        }
    }

    fn perhaps_executed(&mut self) -> Option<Time> {
        match self.random.below(4) {
            0 => Some(2),
            1 => Some(self.random.below(self.plan.latest_effect)),
            _ => None,
        }
    }

    fn unanswered(&self, code: &str) -> CallOutcome {
        CallOutcome {
            answered_after: self.plan.call_timeout,
            ..fails(CallErrorKind::NoResponse, code)
        }
    }

    /// What a contact with a problem does to every call that writes to it.
    fn outcome_by_contact(&mut self, call: &Call) -> Option<CallOutcome> {
        let ids: Vec<&str> = match call {
            Call::Update { inputs } => inputs.iter().map(|input| input.contact_id.as_str()).collect(),
            Call::UpdateSingle { contact_id, .. } => vec![contact_id],
            _ => return None,
        };
        let problems = ids.into_iter().filter_map(|id| {
            let contact = self.hubspot.present(self.hubspot.by_id(id)?);
            self.hubspot.problem_of(contact, self.now)
        });
        let worst = problems.min()?;
        match worst {
            Fault::Poison => Some(fails(
                CallErrorKind::ServerError { retry_after: None },
                "RECORD_POISON",
            )),
            Fault::ForbiddenContact => Some(fails(CallErrorKind::Forbidden, "RECORD_FORBIDDEN")),
            Fault::ScopelessContact => Some(fails(CallErrorKind::MissingScopes, "RECORD_SCOPES")),
            Fault::PathlessContact => Some(fails(CallErrorKind::NoSuchPath, "RECORD_PATH")),
            Fault::LockedContact if matches!(call, Call::UpdateSingle { .. }) => {
                Some(fails(CallErrorKind::Locked, "RECORD_LOCKED"))
            }
            _ => None,
        }
    }

    /// What a fault does to one call; none if it only changes how HubSpot executes or answers it.
    fn outcome_by_fault(&mut self, fault: Fault, out: &mut CallOut) -> Option<CallOutcome> {
        let fault_of = |retry_after| CallErrorKind::ServerError { retry_after };
        let outcome = match fault {
            Fault::Status408 => fails(fault_of(None), "408"),
            Fault::Status500 => fails(fault_of(None), "500"),
            Fault::Status502 => fails(fault_of(None), "502"),
            Fault::Status503 => fails(fault_of(Some(Duration::from_secs(3))), "503"),
            Fault::Status504 => fails(fault_of(None), "504"),
            Fault::ErrorAfterEffect => executed(2, fails(fault_of(None), "500")),
            Fault::ErrorBeforeLateEffect => {
                let after = self.random.below(self.plan.latest_effect);
                executed(after, fails(fault_of(None), "504"))
            }
            Fault::Locked => fails(CallErrorKind::Locked, "LOCKED"),
            Fault::HtmlPage => self.perhaps_at_once(fails(CallErrorKind::UnreadableBody, "HTML")),
            Fault::HtmlRefusal => {
                let kind = if self.random.chance(500) {
                    CallErrorKind::Forbidden
                } else {
                    CallErrorKind::UnexpectedStatus
                };
                fails(kind, "HTML")
            }
            Fault::BurstLimit => fails(limited(RateLimit::Window, None), "BURST"),
            Fault::SecondLimit => {
                let asked = self.random.chance(300).then_some(Duration::from_secs(2));
                fails(limited(RateLimit::Window, asked), "SECONDLY")
            }
            Fault::CutBefore => fails(CallErrorKind::Unreachable, "ACCOUNT_UNREACHABLE"),
            Fault::CutDuring => {
                let effect_after = self.perhaps_executed();
                CallOutcome {
                    effect_after,
                    ..fails(CallErrorKind::NoResponse, "CUT")
                }
            }
            Fault::CutAfter => executed(2, fails(CallErrorKind::NoResponse, "CUT")),
            Fault::TimedOut => self.unanswered("TIMED_OUT"),
            Fault::LateEffect => {
                let after = self.random.below(self.plan.latest_effect);
                executed(after, self.unanswered("TIMED_OUT"))
            }
            Fault::EmptySuccess => {
                let empty = CallOutcome {
                    answer: empty_success(&out.call),
                    ..fails(CallErrorKind::UnreadableBody, "EMPTY")
                };
                self.perhaps_at_once(empty)
            }
            _ => {
                // It is counted when HubSpot executes the call.
                out.fault = Some(fault);
                return None;
            }
        };
        self.tally.faults.add(fault);
        Some(outcome)
    }

    fn perhaps_at_once(&mut self, outcome: CallOutcome) -> CallOutcome {
        let effect_after = self.random.chance(500).then_some(2);
        CallOutcome {
            effect_after,
            ..outcome
        }
    }
}

/// Whether the call needs the scope of writes.
fn is_of_writes(call: &Call) -> bool {
    call.writes() || *call == Call::Check(Check::Writes)
}

/// An error that comes soon, and a call that is not executed.
fn fails(kind: CallErrorKind, code: &str) -> CallOutcome {
    let CallError { kind, reason } = problem(kind, code);
    CallOutcome {
        answer: Response::Error(CallError { kind, reason }),
        answered_after: 40,
        effect_after: None,
    }
}

fn executed(after: Time, outcome: CallOutcome) -> CallOutcome {
    CallOutcome {
        effect_after: Some(after),
        ..outcome
    }
}

fn limited(policy: RateLimit, retry_after: Option<Duration>) -> CallErrorKind {
    CallErrorKind::RateLimited {
        limit: policy,
        retry_after,
    }
}

/// A success that lists nothing.
fn empty_success(call: &Call) -> Response {
    match call {
        Call::Update { .. } | Call::Check(Check::Writes) => Response::Updated {
            results: Vec::new(),
            errors: Vec::new(),
        },
        Call::Find { .. } | Call::Check(Check::Lookups) => Response::Found {
            contacts: Vec::new(),
            errors: Vec::new(),
        },
        Call::ReadBack { .. } => Response::Inspected(InspectedContacts::default()),
        Call::Account
        | Call::Inspect(_)
        | Call::Check(Check::Property(_))
        | Call::FindSingle { .. }
        | Call::Read { .. }
        | Call::UpdateSingle { .. }
        | Call::Create { .. } => Response::Error(problem(CallErrorKind::UnreadableBody, "EMPTY")),
    }
}
