//! What becomes of a call: carried out and answered, or one of the many ways in which it is not.

use std::time::Duration;

use hubspot::engine::{Call, CallError, CallErrorKind, RateLimit, Response};

use super::World;
use crate::{
    agenda::Time,
    fault::Fault,
    hubspot_model::{CallOut, problem},
};

/// What a caller is told instead of what HubSpot makes of its call, when, and when the call is carried out.
pub(super) struct Fate {
    pub(super) answer: Response,
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
            return Some(refused(limited(RateLimit::Window, None), "BURST"));
        }
        if self.hubspot.has_spent_its_day(self.now) {
            return Some(refused(limited(RateLimit::Day, None), "DAY"));
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
            Fault::Unauthorized => Some(refused(CallErrorKind::Unauthorized, "ACCOUNT_TOKEN")),
            Fault::NoAccessToken => {
                let kinds = [
                    CallErrorKind::Disconnected,
                    CallErrorKind::Misconfigured,
                    CallErrorKind::NoToken,
                ];
                Some(refused(self.random.pick(&kinds).clone(), "ACCOUNT_NO_TOKEN"))
            }
            Fault::MissingScopes if !is_account => {
                Some(refused(CallErrorKind::MissingScopes, "ACCOUNT_SCOPES"))
            }
            Fault::DayLimit => Some(refused(limited(RateLimit::Day, None), "ACCOUNT_DAY")),
            Fault::Moving => {
                let retry_after = self.random.chance(500).then_some(Duration::from_secs(30));
                Some(refused(
                    CallErrorKind::AccountMoving { retry_after },
                    "ACCOUNT_MOVING",
                ))
            }
            Fault::NoSuchPath if !is_account => Some(refused(CallErrorKind::NoSuchPath, "ACCOUNT_PATH")),
            Fault::Unreachable => Some(refused(CallErrorKind::Unreachable, "ACCOUNT_UNREACHABLE")),
            Fault::Outage => {
                let retry_after = None;
                let effect_after = self.perhaps_carried_out();
                Some(Fate {
                    effect_after,
                    ..refused(CallErrorKind::ServerError { retry_after }, "OUTAGE")
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
            ..refused(CallErrorKind::NoResponse, code)
        }
    }

    /// What one contact does to every call that writes to it.
    fn fate_by_contact(&mut self, call: &Call) -> Option<Fate> {
        let ids: Vec<&str> = match call {
            Call::Update { inputs } => inputs.iter().map(|input| input.contact_id.as_str()).collect(),
            Call::UpdateSingle { contact_id, .. } => vec![contact_id],
            _ => return None,
        };
        let troubles = ids.into_iter().filter_map(|id| {
            let contact = self.hubspot.present(self.hubspot.by_id(id)?);
            self.hubspot.trouble_of(contact, self.now)
        });
        let worst = troubles.min()?;
        match worst {
            Fault::Poison => Some(refused(
                CallErrorKind::ServerError { retry_after: None },
                "RECORD_POISON",
            )),
            Fault::ForbiddenContact => Some(refused(CallErrorKind::Forbidden, "RECORD_FORBIDDEN")),
            Fault::LockedContact if matches!(call, Call::UpdateSingle { .. }) => {
                Some(refused(CallErrorKind::Locked, "RECORD_LOCKED"))
            }
            _ => None,
        }
    }

    /// What a fault does to one call; none where it only changes how the call is carried out or answered.
    fn fate_by_fault(&mut self, fault: Fault, out: &mut CallOut) -> Option<Fate> {
        let fault_of = |retry_after| CallErrorKind::ServerError { retry_after };
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
            Fault::Locked => refused(CallErrorKind::Locked, "LOCKED"),
            Fault::HtmlPage => self.perhaps_at_once(refused(CallErrorKind::UnreadableBody, "HTML")),
            Fault::HtmlRefusal => {
                let kind = if self.random.chance(500) {
                    CallErrorKind::Forbidden
                } else {
                    CallErrorKind::UnexpectedStatus
                };
                refused(kind, "HTML")
            }
            Fault::BurstLimit => refused(limited(RateLimit::Window, None), "BURST"),
            Fault::SecondLimit => {
                let asked = self.random.chance(300).then_some(Duration::from_secs(2));
                refused(limited(RateLimit::Window, asked), "SECONDLY")
            }
            Fault::CutBefore => refused(CallErrorKind::Unreachable, "ACCOUNT_UNREACHABLE"),
            Fault::CutDuring => {
                let effect_after = self.perhaps_carried_out();
                Fate {
                    effect_after,
                    ..refused(CallErrorKind::NoResponse, "CUT")
                }
            }
            Fault::CutAfter => carried_out(2, refused(CallErrorKind::NoResponse, "CUT")),
            Fault::TimedOut => self.unanswered("TIMED_OUT"),
            Fault::LateEffect => {
                let after = self.random.below(self.plan.latest_effect);
                carried_out(after, self.unanswered("TIMED_OUT"))
            }
            Fault::EmptySuccess => {
                let empty = Fate {
                    answer: empty_success(&out.call),
                    ..refused(CallErrorKind::UnreadableBody, "EMPTY")
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
fn refused(kind: CallErrorKind, code: &str) -> Fate {
    let CallError { kind, reason } = problem(kind, code);
    Fate {
        answer: Response::Error(CallError { kind, reason }),
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

fn limited(policy: RateLimit, retry_after: Option<Duration>) -> CallErrorKind {
    CallErrorKind::RateLimited {
        limit: policy,
        retry_after,
    }
}

/// A success that lists nothing.
fn empty_success(call: &Call) -> Response {
    match call {
        Call::Update { .. } => Response::Updated {
            results: Vec::new(),
            errors: Vec::new(),
        },
        Call::Find { .. } => Response::Found {
            contacts: Vec::new(),
            errors: Vec::new(),
        },
        Call::Account
        | Call::Inspect(_)
        | Call::FindSingle { .. }
        | Call::Read { .. }
        | Call::UpdateSingle { .. }
        | Call::Create { .. } => Response::Error(problem(CallErrorKind::UnreadableBody, "EMPTY")),
    }
}
