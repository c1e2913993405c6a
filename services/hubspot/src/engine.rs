//! The delivery engine: a pure state machine that decides what is claimed, sent, recorded and acknowledged, and when.
//!
//! No input or output, no clock, no randomness of its own. [`Engine::handle`] takes what happened and the time since
//! the start; [`Engine::next_output`] gives what is to be done; [`Engine::wait_until`] says when to call again if
//! nothing happens. The same inputs at the same times give the same outputs, so that a schedule can be replayed.

mod answer;
mod attempt;
mod call;
mod check_off;
mod claims;
mod compose;
mod creates;
mod deliver;
mod everyone;
mod failed_calls;
mod inspections;
mod lease;
mod line;
mod lookups;
mod pace;
mod port;
mod ready;
mod report;
mod standing;
mod users;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use contracts::delivery::LeaseAction;

pub use answer::{
    CallError, CallErrorKind, CallResponse, Contact, CreatedContact, InputError, InspectedContacts, Profile,
    RateLimit, RateLimitHeaders, Response, UpdatedContact,
};
pub use call::{Call, ContactKey, CreateInput, Inspection, MAX_BATCH, Properties, UpdateInput};
pub use line::{HaltCause, WorkerStatus};
pub use port::{
    AckHandle, CallId, EmailConflict, Input, InspectionError, InspectionId, MissingContact, Output,
    QuotaSettings, RequestId, Settings, UserServiceError,
};

use attempt::{Attempt, Rules};
use claims::Claims;
use compose::Kind;
use deliver::Out;
use inspections::{Inspections, Waiting};
use lease::Lease;
use line::Line;
use pace::RateLimiter;
use ready::Ready;
use report::Reports;
use users::WakeUps;

/// Names an attempt within an engine; a later one has a higher number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct AttemptId(u64);

/// The delivery engine.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    now: Duration,
    drawn: u64,
    /// The account behind the token, once HubSpot has said it.
    account_id: Option<String>,
    /// Whether the token in use is known to open that account.
    account_checked: bool,
    lease: Lease,
    /// What the last question for the lease was.
    wish: LeaseAction,
    /// The account that it named.
    asked_with: Option<String>,
    line: Line,
    shown: Option<WorkerStatus>,
    rate_limiter: RateLimiter,
    wake_ups: WakeUps,
    attempts: BTreeMap<AttemptId, Attempt>,
    ready: Ready,
    /// The kinds of calls; the one that went last is the last.
    kinds: [Kind; Kind::ALL.len()],
    calls: BTreeMap<CallId, Out>,
    inspections: Inspections,
    /// The contacts a write is out for: one at a time, whoever shares them.
    busy: BTreeSet<String>,
    claims: Claims,
    reports: Reports,
    /// How many writes succeeded.
    writes: u64,
    /// Since when calls have gone unanswered, with none answered in between.
    silent_since: Option<Duration>,
    draining: bool,
    stopped: bool,
    outputs: VecDeque<Output>,
}

impl Engine {
    /// An engine that has done nothing yet. Handle a [`Input::Tick`] to start it.
    pub fn new(settings: Settings) -> Self {
        Self {
            now: Duration::ZERO,
            drawn: 0,
            account_id: None,
            account_checked: false,
            lease: Lease::default(),
            wish: LeaseAction::Hold,
            asked_with: None,
            line: Line::default(),
            shown: None,
            rate_limiter: RateLimiter::new(settings.quota),
            wake_ups: WakeUps::default(),
            attempts: BTreeMap::new(),
            ready: Ready::default(),
            kinds: Kind::ALL,
            calls: BTreeMap::new(),
            inspections: Inspections::default(),
            busy: BTreeSet::new(),
            claims: Claims::default(),
            reports: Reports::default(),
            writes: 0,
            silent_since: None,
            draining: false,
            stopped: false,
            outputs: VecDeque::new(),
            settings,
        }
    }

    /// Takes what happened. `now` is the time since the engine's start; it never goes back.
    pub fn handle(&mut self, now: Duration, input: Input) {
        self.now = self.now.max(now);
        match input {
            // Without the lease a wake-up is another worker's business.
            Input::WakeUp {
                user_id,
                priority,
                ack,
            } if self.lease.epoch().is_some() && !self.draining => {
                self.wake_ups.wake(&user_id, priority, ack);
            }
            Input::Tick | Input::WakeUp { .. } => {}
            Input::WakeUpsDropped => self.wake_ups.drop_acks(),
            Input::LeaseResponse(answer) => self.lease_answered(answer),
            Input::ClaimResponse(request, answer) => self.claimed(request, answer),
            Input::ReportResponse(request, answer) => self.recorded(request, answer),
            Input::CallResponse(call, answered) => self.answered(call, answered),
            Input::Inspect {
                id,
                inspection,
                even_paused,
                until,
            } => self.inspect(Waiting {
                id,
                inspection,
                even_paused,
                until,
            }),
            Input::TokenReplaced => self.token_replaced(),
            Input::ShutDown => self.shut_down(),
        }
        self.advance();
    }

    /// The next thing to do; none when all was taken.
    pub fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// When to handle a [`Input::Tick`] if nothing happens before.
    pub fn wait_until(&self) -> Option<Duration> {
        let next_call = self.next_call_at();
        let times = [
            self.lease
                .next_ask()
                .filter(|_| self.account_id.is_some() && !self.stopped),
            self.wake_ups.next_due(),
            self.line.stopped().map(|stop| stop.probe_at),
            Some(self.claims.paused_until()),
            self.reports.paused_until(),
            Some(next_call),
            Some(next_call.saturating_sub(claims::AHEAD_OF_PACE)),
            self.next_expiry(),
            self.next_inspection_at(),
        ];
        times.into_iter().flatten().filter(|at| *at > self.now).min()
    }

    /// Does everything that can be done now.
    fn advance(&mut self) {
        self.expire();
        self.wake_ups.release_due(self.now);
        self.ask_lease();
        self.send_reports();
        self.send_claims();
        self.start_calls();
        // A call that cannot start ends its attempt, so a verdict may have come of it.
        self.send_reports();
        self.start_inspections();
        self.show_line();
        self.end_if_drained();
    }

    /// The account that the token opens, once it is known.
    pub fn account_id(&self) -> Option<&str> {
        self.account_id.as_deref()
    }

    fn draw(&mut self) -> u64 {
        self.drawn += 1;
        self.drawn
    }

    fn rules<'a>(settings: &Settings, account_id: Option<&'a String>) -> Rules<'a> {
        Rules {
            account_id: account_id.map_or("", String::as_str),
            email_taken: settings.email_conflict,
            missing: settings.missing_contact,
        }
    }
}
