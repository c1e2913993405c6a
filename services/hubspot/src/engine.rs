//! The delivery engine: decides what is claimed, sent to HubSpot, reported and acknowledged, and when.
//!
//! It does no input or output and has no clock or randomness of its own. [`Engine::handle`] takes what happened and the
//! time since the start, [`Engine::next_output`] gives what is to be done, and [`Engine::wait_until`] says when to call
//! again if nothing happens. The same inputs at the same times give the same outputs, so any schedule can be replayed.
//!
//! ```text
//! wake-up ─▶ WakeUps ─▶ Claims ─▶ Dispatch ─▶ Reports ─▶ ack
//!                                 Attempt ─▶ Batching ─▶ CallsInFlight
//!                                    ▲  RateLimiter, CircuitBreaker │
//!                                    └─────────── responses ◀───────┘
//! Leadership says whether this worker may deliver at all; Inspections use the calls that deliveries leave over.
//! ```
//!
//! Each part has its own state and knows only the parts that feed it. What has to go back is returned, and the engine
//! passes it on: this file and `routes` are the only places that know all parts.

mod attempt;
mod backoff;
mod batch_results;
mod batching;
mod call;
mod calls;
mod check;
mod circuit_breaker;
mod claims;
mod dispatch;
mod equality;
mod failed_calls;
mod inspections;
mod io;
mod leadership;
mod rate_limiter;
mod reports;
mod response;
mod routes;
mod settings;
mod status;
mod undecided;
mod wake_ups;

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, time::Duration};

use contracts::Claim;

pub use call::{Call, ContactKey, CreateInput, Inspection, MAX_BATCH, UpdateInput};
pub use check::{ABSENT_ADDRESS, ABSENT_CONTACT_ID, CHECK_TRACE_ID, Check};
pub use circuit_breaker::HaltCause;
pub(crate) use equality::is_same_in_another_form;
pub use inspections::InspectionError;
pub use io::{AckHandle, CallId, Input, InspectionId, Output, RequestId, UserServiceError};
pub use response::{
    CallError, CallErrorKind, CallResponse, Contact, InputError, InspectedContacts, Profile, RateLimit,
    RateLimitHeaders, Response, WrittenContact,
};
pub use settings::{EmailConflict, MissingContact, QuotaSettings, Settings};
pub use status::WorkerStatus;

use circuit_breaker::Halt;
use claims::Claims;
use dispatch::{Dispatch, Upcoming};
use inspections::{Inspections, WaitingInspection};
use io::Ids;
use leadership::Leadership;
use reports::Reports;
use wake_ups::WakeUps;

/// The delivery engine.
#[derive(Debug)]
pub struct Engine {
    now: Duration,
    concurrency: usize,
    ids: Ids,
    leadership: Leadership,
    wake_ups: WakeUps,
    claims: Claims,
    dispatch: Dispatch,
    reports: Reports,
    inspections: Inspections,
    last_status: Option<WorkerStatus>,
    outputs: VecDeque<Output>,
}

impl Engine {
    /// An engine that has done nothing yet. Handle an [`Input::Tick`] to start it.
    pub fn new(settings: Settings) -> Self {
        Self {
            now: Duration::ZERO,
            concurrency: settings.concurrency,
            ids: Ids::default(),
            leadership: Leadership::new(settings.holder.clone()),
            wake_ups: WakeUps::default(),
            claims: Claims::default(),
            dispatch: Dispatch::new(settings),
            reports: Reports::default(),
            inspections: Inspections::default(),
            last_status: None,
            outputs: VecDeque::new(),
        }
    }

    /// Takes what happened. `now` is the time since the engine's start; it never goes back.
    pub fn handle(&mut self, now: Duration, input: Input) {
        self.now = self.now.max(now);
        match input {
            Input::Tick => {}
            Input::WakeUp {
                user_id,
                priority,
                ack,
            } => self.handle_wake_up(&user_id, priority, ack),
            Input::WakeUpsDropped => self.wake_ups.drop_acks(),
            Input::LeaseResponse(response) => self.handle_lease_response(response),
            Input::ClaimResponse(request, response) => self.handle_claim_response(request, response),
            Input::ReportResponse(request, response) => self.handle_report_response(request, response),
            Input::CallResponse(call, response) => self.handle_call_response(call, response),
            Input::Inspect {
                id,
                inspection,
                even_paused,
                until,
            } => self.add_inspection(WaitingInspection {
                id,
                inspection,
                even_paused,
                until,
            }),
            Input::Fields(fields) => self.dispatch.set_fields(fields),
            Input::TokenReplaced => self.handle_token_replaced(),
            Input::ShutDown => self.start_shutdown(),
        }
        self.advance();
    }

    /// The next thing to do, or `None` if everything was taken.
    pub fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to handle an [`Input::Tick`] if nothing happens before.
    pub fn wait_until(&self) -> Option<Duration> {
        let next_call_at = self.dispatch.next_call_at(self.now, self.upcoming());
        let halt = self.dispatch.circuit_breaker().current_halt();
        let times = [
            self.leadership.next_request_at(),
            self.wake_ups.next_due_at(),
            halt.map(|halt| halt.check_at),
            halt.and_then(Halt::next_live_check_at),
            self.dispatch.next_check_at(self.now),
            Some(self.claims.paused_until()),
            self.reports.paused_until(),
            Some(next_call_at),
            Some(next_call_at.saturating_sub(claims::AHEAD_OF_CALLS)),
            self.dispatch.next_expiry_at(&self.leadership),
            self.dispatch.next_read_back_at(),
            self.inspections.next_at(self.now, &self.dispatch),
        ];
        times.into_iter().flatten().filter(|at| *at > self.now).min()
    }

    /// The account that the token belongs to, once it is known.
    pub fn account_id(&self) -> Option<&str> {
        self.leadership.account_id()
    }

    /// The claims that a call in flight is for.
    pub fn claims_of(&self, call: CallId) -> impl Iterator<Item = &Claim> {
        self.dispatch.claims_of(call)
    }

    /// Whether this worker delivers, and why not.
    pub fn status(&self) -> WorkerStatus {
        WorkerStatus::of(&self.leadership, self.dispatch.circuit_breaker())
    }

    /// Does everything that can be done now, in the order in which one thing makes room for the next.
    fn advance(&mut self) {
        // Before expired attempts are given back, because these may have expired as well.
        self.queue_read_backs();
        // Expired attempts go first: their results are reported below, and they must not go into a call.
        self.give_back_expired();
        self.wake_ups.queue_due(self.now);
        self.request_lease();
        // A report carries a claim along, so reports go before claims.
        self.send_reports();
        self.send_claims();
        self.start_calls();
        // Only calls that deliveries have left over are used.
        self.start_inspections();
        self.show_status();
        self.finish_shutdown();
    }

    /// The users that come next.
    fn upcoming(&self) -> Upcoming {
        Upcoming {
            users: self.wake_ups.queued() + self.claims.requested(),
            has_smaller_batch: self.wake_ups.has_queued_with_smaller_batch(),
        }
    }
}
