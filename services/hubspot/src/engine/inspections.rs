//! Reads contacts to compare them with users while no delivery needs the calls.
//!
//! An inspection has a call of its own beside those of deliveries, one at a time. It is never a recovery check. While an
//! operator has paused delivery, one that a person asked for may go, because it writes nothing.

mod error;

use std::{collections::BTreeMap, time::Duration};

use contracts::Reason;

use super::{
    Call, CallError, CallErrorKind, CallId, HaltCause, InspectedContacts, Inspection, InspectionId, Output,
    RateLimit, Response, dispatch::Dispatch, leadership::Leadership,
};
pub use error::InspectionError;

/// HubSpot does not say when its day ends. After it rejected an inspection for the daily limit, the next one waits this
/// long.
const DAY_PAUSE: Duration = Duration::from_hours(1);
/// At most this many inspections wait. Further ones are answered with "busy".
const MAX_WAITING: usize = 8;

/// Inspections that wait, and those in flight.
#[derive(Debug, Default)]
pub(crate) struct Inspections {
    waiting: Vec<WaitingInspection>,
    in_flight: BTreeMap<CallId, InspectionInFlight>,
    /// Until when the day counts as used up, because HubSpot rejected an inspection for it.
    day_paused_until: Duration,
    outputs: Vec<Output>,
}

/// An inspection that waits.
#[derive(Debug)]
pub(crate) struct WaitingInspection {
    pub(crate) id: InspectionId,
    pub(crate) inspection: Inspection,
    /// Whether it may go while delivery is paused.
    pub(crate) even_paused: bool,
    /// When it is given up.
    pub(crate) until: Duration,
}

/// An inspection in flight.
#[derive(Debug)]
pub(crate) struct InspectionInFlight {
    /// The id to answer to; `None` if it was answered otherwise meanwhile.
    id: Option<InspectionId>,
    pub(crate) sent_at: Duration,
}

impl InspectionInFlight {
    /// Whether somebody waits for the response. Nobody does after the token was replaced or the lease lost.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.id.is_some()
    }
}

impl Inspections {
    /// The results since this was asked last.
    pub(crate) fn take_outputs(&mut self) -> Vec<Output> {
        std::mem::take(&mut self.outputs)
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    pub(crate) fn add(&mut self, inspection: WaitingInspection) {
        if self.waiting.len() < MAX_WAITING {
            self.waiting.push(inspection);
        } else {
            self.fail(inspection.id, InspectionError::Busy);
        }
    }

    /// When there may be something to do about the waiting inspections.
    pub(crate) fn next_at(&self, now: Duration, dispatch: &Dispatch) -> Option<Duration> {
        let given_up_at = self.waiting.iter().map(|waiting| waiting.until).min()?;
        let may_go_at = dispatch.rate_limiter().next_spare_call_at(now);
        Some(if may_go_at > now {
            given_up_at.min(may_go_at)
        } else {
            given_up_at
        })
    }

    /// Gives up the inspections that cannot be sent, or whose time is over. Returns the next one to send, if deliveries
    /// leave room for it; `is_idle` says that no user waits for delivery.
    pub(crate) fn next(
        &mut self,
        now: Duration,
        leadership: &Leadership,
        dispatch: &Dispatch,
        is_idle: bool,
        max_calls: usize,
    ) -> Option<WaitingInspection> {
        if let Some(error) = self.blocked(now, leadership, dispatch) {
            self.fail_all(&error);
            return None;
        }
        let is_paused = leadership.is_paused();
        let given_up = self.waiting.extract_if(.., |waiting| waiting.until <= now);
        for waiting in given_up.collect::<Vec<_>>() {
            let was_held_back = is_paused && !waiting.even_paused;
            let error = if was_held_back {
                InspectionError::Paused
            } else {
                InspectionError::Busy
            };
            self.fail(waiting.id, error);
        }
        let may_send = self.in_flight.is_empty()
            && leadership.holds_lease(now)
            && (is_paused || is_idle)
            && dispatch.calls_in_flight() < max_calls
            && dispatch.rate_limiter().next_spare_call_at(now) <= now;
        let may_go = |waiting: &WaitingInspection| waiting.even_paused || !is_paused;
        let next = self.waiting.iter().position(may_go).filter(|_| may_send)?;
        Some(self.waiting.remove(next))
    }

    /// Why no inspection can be sent soon, even if no delivery needs the calls.
    fn blocked(
        &self,
        now: Duration,
        leadership: &Leadership,
        dispatch: &Dispatch,
    ) -> Option<InspectionError> {
        if leadership.is_shutting_down() {
            return Some(InspectionError::ShuttingDown);
        }
        if leadership.epoch().is_none() {
            return Some(InspectionError::NotDelivering);
        }
        if let Some(halt) = dispatch.circuit_breaker().current_halt() {
            return Some(InspectionError::Halted {
                cause: halt.cause,
                reason: halt.reason.clone(),
            });
        }
        if !leadership.is_account_verified() {
            return Some(InspectionError::AccountUnknown);
        }
        if !dispatch.rate_limiter().has_spare_window() {
            return Some(InspectionError::WindowTooSmall);
        }
        let has_day = dispatch.rate_limiter().has_spare_day(now) && self.day_paused_until <= now;
        (!has_day).then_some(InspectionError::DayRunsShort)
    }

    fn fail_all(&mut self, error: &InspectionError) {
        let waiting = std::mem::take(&mut self.waiting);
        let mut failed: Vec<InspectionId> = waiting.into_iter().map(|waiting| waiting.id).collect();
        // In these cases nobody here waits for the responses any more.
        if matches!(
            error,
            InspectionError::ShuttingDown | InspectionError::NotDelivering
        ) {
            failed.extend(self.in_flight.values_mut().filter_map(|call| call.id.take()));
        }
        for id in failed {
            self.fail(id, error.clone());
        }
    }

    pub(crate) fn record_sent(&mut self, now: Duration, call: CallId, id: InspectionId) {
        let in_flight = InspectionInFlight {
            id: Some(id),
            sent_at: now,
        };
        self.in_flight.insert(call, in_flight);
    }

    /// The call is not in flight any more; `None` if it never was one of an inspection.
    pub(crate) fn take_call(&mut self, call: CallId) -> Option<InspectionInFlight> {
        self.in_flight.remove(&call)
    }

    /// Handles the response. Returns the pause that a rate limit asks for, if one was hit: the window is the same for
    /// deliveries.
    ///
    /// Any other failure says nothing about deliveries. They find out by their own calls, and halt on their own evidence.
    pub(crate) fn handle_response(
        &mut self,
        now: Duration,
        call: &InspectionInFlight,
        response: Response,
    ) -> Option<RateLimited> {
        let mut rate_limited = None;
        let result = match response {
            Response::Inspected(contacts) => Ok(contacts),
            Response::Error(error) => {
                match error.kind {
                    CallErrorKind::RateLimited {
                        limit: RateLimit::Day,
                        ..
                    } if call.is_waited_for() => self.day_paused_until = now + DAY_PAUSE,
                    CallErrorKind::RateLimited { retry_after, .. } => {
                        rate_limited = Some(RateLimited { retry_after });
                    }
                    _ => {}
                }
                Err(to_inspection_error(error))
            }
            Response::Account { .. }
            | Response::Found { .. }
            | Response::Updated { .. }
            | Response::Created { .. }
            | Response::Property { .. }
            | Response::UpdatedSingle(_)
            | Response::Contact(_) => {
                let reason = Reason::ours("MISMATCHED_ANSWER", "the answer is to another kind of call");
                Err(InspectionError::Failed(reason))
            }
        };
        if let Some(id) = call.id {
            self.answer(id, result);
        }
        rate_limited
    }

    /// The token was replaced. The inspections in flight may be read with the old token or with the new one, so they
    /// count for neither account.
    pub(crate) fn outdate(&mut self) {
        let in_flight = self.in_flight.values_mut();
        let outdated: Vec<InspectionId> = in_flight.filter_map(|call| call.id.take()).collect();
        for id in outdated {
            self.fail(id, InspectionError::AccountUnknown);
        }
        // The new token may belong to another account, with a day of its own.
        self.day_paused_until = Duration::ZERO;
    }

    fn fail(&mut self, id: InspectionId, error: InspectionError) {
        self.answer(id, Err(error));
    }

    fn answer(&mut self, id: InspectionId, result: Result<InspectedContacts, InspectionError>) {
        self.outputs.push(Output::Inspected(id, result));
    }
}

/// An inspection was rejected for the limit of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RateLimited {
    pub(crate) retry_after: Option<Duration>,
}

/// The call that an inspection is sent as.
pub(crate) fn call_for(waiting: WaitingInspection) -> Call {
    Call::Inspect(waiting.inspection)
}

fn to_inspection_error(error: CallError) -> InspectionError {
    let is_rate_limited = matches!(error.kind, CallErrorKind::RateLimited { .. });
    if is_rate_limited || HaltCause::of(&error).is_some() {
        InspectionError::Failed(error.reason)
    } else {
        InspectionError::Unreadable(error.reason)
    }
}
