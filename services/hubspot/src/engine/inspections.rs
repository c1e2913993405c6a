//! Reading contacts to compare them, when nothing else wants to be sent: deliveries go first, always.
//!
//! An inspection has a call of its own beside those of deliveries, one at a time. It never probes a stopped line. While
//! an operator has paused delivery one may go that a person asked for, since it writes nothing.

use std::{collections::BTreeMap, time::Duration};

use contracts::Reason;

use super::{
    Call, CallError, CallErrorKind, CallId, CallResponse, Engine, Inspection, InspectionError, InspectionId,
    Output, RateLimit, Response, line::fault_of,
};

/// HubSpot does not say when its day ends, so that one that was refused for it is followed by another so much later.
const DAY_IS_OVER: Duration = Duration::from_hours(1);

/// More do not wait; whoever asks has to come again.
const MOST_WAITING: usize = 8;

/// Inspections that wait and that are out.
#[derive(Debug, Default)]
pub(crate) struct Inspections {
    waiting: Vec<Waiting>,
    out: BTreeMap<CallId, InspectionOut>,
    /// Until when the day counts as used up, since HubSpot refused one for that.
    no_day_until: Duration,
}

/// An inspection that waits.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(super) id: InspectionId,
    pub(super) inspection: Inspection,
    /// Whether it may go while delivery is paused, too.
    pub(super) even_paused: bool,
    /// When it is given up.
    pub(super) until: Duration,
}

#[derive(Debug)]
struct InspectionOut {
    /// Whose it is; none where that was answered otherwise meanwhile.
    id: Option<InspectionId>,
    sent_at: Duration,
}

impl Inspections {
    pub(super) fn out(&self) -> usize {
        self.out.len()
    }
}

impl Engine {
    pub(super) fn inspect(&mut self, waiting: Waiting) {
        if self.inspections.waiting.len() >= MOST_WAITING {
            return self.not_inspected(waiting.id, InspectionError::Busy);
        }
        self.inspections.waiting.push(waiting);
    }

    /// Gives up inspections that cannot be sent, or whose time is over, and sends the next one if there is nothing
    /// better to do.
    pub(super) fn start_inspections(&mut self) {
        if let Some(why) = self.why_not_inspect() {
            return self.refuse_inspections(&why);
        }
        let now = self.now;
        let waiting = &mut self.inspections.waiting;
        let given_up: Vec<Waiting> = waiting.extract_if(.., |waiting| waiting.until <= now).collect();
        let paused = self.lease.is_paused();
        for waiting in given_up {
            let held = paused && !waiting.even_paused;
            let why = if held {
                InspectionError::Paused
            } else {
                InspectionError::Busy
            };
            self.not_inspected(waiting.id, why);
        }
        let mut waiting = self.inspections.waiting.iter();
        let next = waiting.position(|waiting| waiting.even_paused || !paused);
        if let Some(next) = next.filter(|_| self.may_inspect()) {
            let next = self.inspections.waiting.remove(next);
            self.send_inspection(next);
        }
    }

    /// When there may be something to do about those that wait.
    pub(super) fn next_inspection_at(&self) -> Option<Duration> {
        let given_up_at = self
            .inspections
            .waiting
            .iter()
            .map(|waiting| waiting.until)
            .min()?;
        let may_go_at = self.rate_limiter.next_spare_at(self.now);
        Some(if may_go_at > self.now {
            given_up_at.min(may_go_at)
        } else {
            given_up_at
        })
    }

    /// Why no inspection can be sent soon, whatever else is to do.
    fn why_not_inspect(&self) -> Option<InspectionError> {
        if self.draining {
            return Some(InspectionError::ShuttingDown);
        }
        if self.lease.epoch().is_none() {
            return Some(InspectionError::NotDelivering);
        }
        if let Some(stop) = self.line.stopped() {
            return Some(InspectionError::Halted {
                cause: stop.fault,
                reason: stop.reason.clone(),
            });
        }
        if !self.account_checked {
            return Some(InspectionError::AccountUnknown);
        }
        if !self.rate_limiter.has_window_to_spare() {
            return Some(InspectionError::WindowTooSmall);
        }
        let has_day =
            self.rate_limiter.has_day_to_spare(self.now) && self.inspections.no_day_until <= self.now;
        (!has_day).then_some(InspectionError::DayRunsShort)
    }

    fn refuse_inspections(&mut self, why: &InspectionError) {
        let waiting = std::mem::take(&mut self.inspections.waiting);
        let mut refused: Vec<InspectionId> = waiting.into_iter().map(|waiting| waiting.id).collect();
        if matches!(
            why,
            InspectionError::ShuttingDown | InspectionError::NotDelivering
        ) {
            refused.extend(self.inspections.out.values_mut().filter_map(|out| out.id.take()));
        }
        for id in refused {
            self.not_inspected(id, why.clone());
        }
    }

    fn may_inspect(&self) -> bool {
        self.inspections.out.is_empty()
            && self.lease.is_valid(self.now)
            && (self.lease.is_paused() || self.has_nothing_to_send())
            && self.calls.len() < self.rate_limiter.slots(self.settings.concurrency)
            && self.rate_limiter.next_spare_at(self.now) <= self.now
    }

    fn has_nothing_to_send(&self) -> bool {
        self.wake_ups.queued() + self.claims.asked() + self.ready.len() == 0
    }

    fn send_inspection(&mut self, waiting: Waiting) {
        let call = CallId(self.draw());
        self.rate_limiter.spend(self.now);
        let out = InspectionOut {
            id: Some(waiting.id),
            sent_at: self.now,
        };
        self.inspections.out.insert(call, out);
        self.outputs
            .push_back(Output::Call(call, Call::Inspect(waiting.inspection)));
    }

    /// An answer came to a call that is none of a delivery.
    pub(super) fn inspection_answered(&mut self, call: CallId, answered: CallResponse) {
        let Some(out) = self.inspections.out.remove(&call) else {
            return;
        };
        let CallResponse {
            response: answer,
            rate_limits: limits,
            ..
        } = answered;
        // A lone one without an answer is no reason to step aside.
        if !matches!(answer, Response::Error(_)) {
            self.hear(&answer);
            self.rate_limiter
                .learn(self.now, out.sent_at, &limits, self.calls.len());
        }
        let result = match answer {
            Response::Inspected(inspected) => Ok(inspected),
            Response::Error(problem) => Err(self.inspection_failed(&problem)),
            Response::Account { .. }
            | Response::Found { .. }
            | Response::Updated { .. }
            | Response::Created { .. }
            | Response::Contact(_) => {
                let reason = Reason::ours("MISMATCHED_ANSWER", "the answer is to another kind of call");
                Err(InspectionError::Failed(reason))
            }
        };
        if let Some(id) = out.id {
            self.outputs.push_back(Output::Inspected(id, result));
        }
        self.stop_at_end_of_day();
    }

    /// Whatever fails tells nothing of deliveries: they find out by their own calls, and stop the line on their own
    /// grounds. Only the window is the same for all. A day that is used up ends inspections for a while.
    fn inspection_failed(&mut self, problem: &CallError) -> InspectionError {
        match problem.kind {
            CallErrorKind::RateLimited {
                limit: RateLimit::Day,
                ..
            } => self.inspections.no_day_until = self.now + DAY_IS_OVER,
            CallErrorKind::RateLimited {
                limit: policy,
                retry_after,
            } => {
                self.rate_limiter.record_rejection(self.now, policy, retry_after);
            }
            _ if fault_of(problem).is_none() => {
                return InspectionError::Unreadable(problem.reason.clone());
            }
            _ => {}
        }
        InspectionError::Failed(problem.reason.clone())
    }

    /// What is out may be read with the old token or with the new one: it counts for neither account.
    pub(super) fn outdate_inspections(&mut self) {
        let out = self.inspections.out.values_mut();
        let outdated: Vec<InspectionId> = out.filter_map(|out| out.id.take()).collect();
        for id in outdated {
            self.not_inspected(id, InspectionError::AccountUnknown);
        }
        // It may open another account, with a day of its own.
        self.inspections.no_day_until = Duration::ZERO;
    }

    fn not_inspected(&mut self, id: InspectionId, why: InspectionError) {
        self.outputs.push_back(Output::Inspected(id, Err(why)));
    }
}
