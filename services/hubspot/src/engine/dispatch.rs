//! From attempts to results: starts attempts, sends their calls when that is allowed, and ends them.
//!
//! Dispatch joins the parts between claim and report: attempts wait in batching for a call, the rate limiter and the
//! circuit breaker say when one may leave, and `responses` hands what comes back to the attempts. What concerns other
//! parts of the engine is not called from here but noted as an [`Effect`], in the order in which it happened.

mod responses;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use contracts::{Claim, Field, FieldDefinitions, LastResponse, Reason, UserId};

use super::{
    Call, CallId, Check, MAX_BATCH, Settings,
    attempt::{Attempt, AttemptPolicy, Failure},
    batching::{BatchRules, Batching, OpenAttempts},
    calls::{CallInFlight, CallsInFlight},
    circuit_breaker::{CircuitBreaker, Evidence, HaltCause, RecoveryCheck},
    io::{AttemptId, Ids},
    leadership::{Leadership, lease_lost},
    rate_limiter::RateLimiter,
    undecided::UndecidedFailures,
};

/// What is left of an attempt's term after its last call could have ended, for the result to arrive.
const TIME_TO_REPORT: Duration = Duration::from_secs(2);

/// Something that other parts of the engine have to know.
#[derive(Debug)]
pub(crate) enum Effect {
    /// HubSpot has said which account the token belongs to.
    AccountKnown(String),
    /// A write for this user succeeded.
    WriteSucceeded(UserId),
    /// A check succeeded.
    CheckPassed(Check),
    /// A batch with this user failed, so it shares a batch with fewer records from now on.
    LimitBatch(UserId, usize),
    /// HubSpot has locked this user's contact until that time.
    Lock(UserId, Duration),
    /// Rejections of this field turned out to be the account's fault. Those of open attempts are taken back already;
    /// these users' are reported, or are about to be.
    RetractRejections {
        users: BTreeSet<UserId>,
        field: Field,
        reason: Reason,
    },
    /// An attempt ended.
    AttemptEnded(AttemptId, Box<Attempt>),
}

/// The users that come next, as far as they decide whether a call waits for more of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Upcoming {
    /// How many users are queued or being claimed.
    pub(crate) users: usize,
    /// Whether one of the queued users shares a batch with few others only.
    pub(crate) has_smaller_batch: bool,
}

/// The time, and what this worker may do at it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) now: Duration,
    pub(crate) leadership: &'a Leadership,
}

impl<'a> Moment<'a> {
    pub(crate) fn new(now: Duration, leadership: &'a Leadership) -> Self {
        Self { now, leadership }
    }
}

/// The attempts that are open, and the calls for them.
#[derive(Debug)]
pub(crate) struct Dispatch {
    settings: Settings,
    attempts: OpenAttempts,
    batching: Batching,
    /// The attempts that wait until their contacts may be read back, by that time. No call is wanted for them before, so they hold
    /// nobody up.
    read_backs: BTreeSet<(Duration, AttemptId)>,
    calls: CallsInFlight,
    undecided: UndecidedFailures,
    rate_limiter: RateLimiter,
    circuit_breaker: CircuitBreaker,
    effects: Vec<Effect>,
}

impl Dispatch {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            attempts: OpenAttempts::new(),
            batching: Batching::default(),
            read_backs: BTreeSet::new(),
            calls: CallsInFlight::default(),
            undecided: UndecidedFailures::default(),
            rate_limiter: RateLimiter::new(settings.quota),
            circuit_breaker: CircuitBreaker::default(),
            effects: Vec::new(),
            settings,
        }
    }

    pub(crate) fn circuit_breaker(&self) -> &CircuitBreaker {
        &self.circuit_breaker
    }

    pub(crate) fn circuit_breaker_mut(&mut self) -> &mut CircuitBreaker {
        &mut self.circuit_breaker
    }

    pub(crate) fn rate_limiter(&self) -> &RateLimiter {
        &self.rate_limiter
    }

    pub(crate) fn rate_limiter_mut(&mut self) -> &mut RateLimiter {
        &mut self.rate_limiter
    }

    /// The definitions of the fields by which attempts start.
    pub(crate) fn fields(&self) -> &FieldDefinitions {
        &self.settings.fields
    }

    /// Attempts start by these definitions from now on.
    pub(crate) fn set_fields(&mut self, fields: Arc<FieldDefinitions>) {
        self.settings.fields = fields;
    }

    /// Takes the effects that were noted since the last call of this method.
    pub(crate) fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// How many attempts wait for a call.
    pub(crate) fn waiting(&self) -> usize {
        self.batching.len()
    }

    pub(crate) fn calls_in_flight(&self) -> usize {
        self.calls.len()
    }

    /// The claims that a call in flight is for.
    pub(crate) fn claims_of(&self, id: CallId) -> impl Iterator<Item = &Claim> {
        let attempts = self.calls.attempts_of(id).iter();
        attempts.filter_map(|attempt| self.attempts.get(attempt).map(Attempt::claim))
    }

    /// The call is not in flight any more; `None` if it never was one of a delivery.
    pub(crate) fn take_call(&mut self, id: CallId) -> Option<CallInFlight> {
        self.calls.remove(id)
    }

    pub(crate) fn record_token_replaced(&mut self) {
        self.calls.record_token_replaced();
    }

    /// Notes how HubSpot responded to the last call of these attempts.
    pub(crate) fn record_last_response(&mut self, call: &CallInFlight, response: Option<&LastResponse>) {
        for id in &call.attempts {
            if let Some(attempt) = self.attempts.get_mut(id) {
                attempt.record_response(response);
            }
        }
    }

    pub(crate) fn has_open_attempt(&self, user_id: &UserId) -> bool {
        let mut attempts = self.attempts.values();
        attempts.any(|attempt| attempt.claim().user_id == *user_id)
    }

    /// Whether nothing is left to wait for.
    pub(crate) fn is_drained(&self) -> bool {
        self.attempts.is_empty() && self.calls.are_for_no_attempt()
    }

    /// How many more users can be sent soon, while `claimed` others are being claimed.
    pub(crate) fn capacity(&self, now: Duration, claimed: usize) -> usize {
        if self.circuit_breaker.is_halted() {
            // A recovery check is a single record, with nothing else on its way.
            let is_idle = self.attempts.is_empty() && self.calls.is_empty() && claimed == 0;
            let may_check = self.circuit_breaker.is_record_check_due(now)
                || (self.circuit_breaker.wants_record(now) && self.rate_limiter.has_day_left(now));
            return usize::from(is_idle && may_check);
        }
        let max = self.rate_limiter.max_in_flight(self.settings.concurrency) * MAX_BATCH;
        max.saturating_sub(self.batching.len() + claimed)
    }

    /// Starts a claimed attempt.
    pub(crate) fn start_attempt(
        &mut self,
        id: AttemptId,
        claim: Claim,
        requested_at: Duration,
        epoch: u64,
        batch_limit: usize,
        moment: Moment<'_>,
    ) {
        let policy = self.policy(moment);
        self.circuit_breaker
            .start_recovery_check(moment.now, &claim.user_id);
        let attempt = Attempt::new(
            claim,
            Arc::clone(&self.settings.fields),
            requested_at,
            epoch,
            batch_limit,
            policy,
        );
        self.attempts.insert(id, attempt);
        self.forward(id, moment);
    }

    fn policy<'a>(&self, moment: Moment<'a>) -> AttemptPolicy<'a> {
        AttemptPolicy {
            now: moment.now,
            account_id: moment.leadership.account_id().unwrap_or_default(),
            email_conflict: self.settings.email_conflict,
            missing_contact: self.settings.missing_contact,
        }
    }

    /// Passes an attempt on: to wait for its next call, or to be reported.
    fn forward(&mut self, id: AttemptId, moment: Moment<'_>) {
        let Some(attempt) = self.attempts.get(&id) else {
            return;
        };
        let give_back = if attempt.is_done() {
            None
        } else {
            self.reason_to_give_back(attempt, moment)
        };
        let Some(attempt) = self.attempts.get_mut(&id) else {
            return;
        };
        if let Some(reason) = give_back {
            attempt.fail(Failure::of_account(reason));
        }
        if attempt.is_done() {
            self.end(id);
        } else if attempt.waits_until() > moment.now {
            self.read_backs.insert((attempt.waits_until(), id));
        } else {
            self.batching.insert(id, attempt);
        }
    }

    /// The attempts whose contacts may be read back now wait for a call like the others.
    pub(crate) fn queue_read_backs(&mut self, moment: Moment<'_>) {
        while let Some((at, id)) = self.read_backs.first().copied() {
            if at > moment.now {
                return;
            }
            self.read_backs.remove(&(at, id));
            self.forward(id, moment);
        }
    }

    /// When the next contact may be read back, if one is to be.
    pub(crate) fn next_read_back_at(&self) -> Option<Duration> {
        self.read_backs.first().map(|(at, _)| *at)
    }

    /// Takes out the attempts that wait for a call, or for the time to read their contacts back.
    fn take_waiting(&mut self) -> Vec<AttemptId> {
        let mut waiting = self.batching.drain();
        let read_backs = std::mem::take(&mut self.read_backs);
        waiting.extend(read_backs.into_iter().map(|(_, id)| id));
        waiting
    }

    /// Why an attempt cannot have another call.
    fn reason_to_give_back(&self, attempt: &Attempt, moment: Moment<'_>) -> Option<Reason> {
        let Moment { now, leadership } = moment;
        if let Some(reason) = leadership.reason_to_give_back(attempt.epoch()) {
            return Some(reason);
        }
        // A record that was claimed for a recovery check goes on.
        let halt = self.circuit_breaker.current_halt();
        if let Some(halt) = halt.filter(|halt| !halt.is_checked_with(&attempt.claim().user_id)) {
            return Some(halt.reason.clone());
        }
        (self.send_by(attempt, leadership) < now.max(attempt.waits_until()))
            .then(|| Reason::ours("NOT_SENT", "the attempt's term left no time for the call"))
    }

    /// The last moment at which a call may start, so that it ends within the attempt's term, however it ends.
    fn send_by(&self, attempt: &Attempt, leadership: &Leadership) -> Duration {
        Self::report_by(attempt, leadership).saturating_sub(self.settings.call_timeout)
    }

    /// The last moment at which the attempt has to be reported.
    fn report_by(attempt: &Attempt, leadership: &Leadership) -> Duration {
        let term_ends = attempt.requested_at() + leadership.attempt_term();
        term_ends.saturating_sub(TIME_TO_REPORT)
    }

    fn end(&mut self, id: AttemptId) {
        if let Some(attempt) = self.attempts.remove(&id) {
            self.effects.push(Effect::AttemptEnded(id, Box::new(attempt)));
        }
    }

    /// Gives back the attempts that have waited too long: to be sent within their term, or for a check.
    pub(crate) fn give_back_expired(&mut self, moment: Moment<'_>) {
        let attempts = &self.attempts;
        let is_expired = |id| {
            let attempt: Option<&Attempt> = attempts.get(&id);
            attempt.is_none_or(|attempt| Self::report_by(attempt, moment.leadership) < moment.now)
        };
        for failure in self.undecided.take(is_expired) {
            self.give_back(failure.attempt, failure.error.reason);
        }
        while let Some((id, send_by)) = self.oldest_waiting(moment.leadership) {
            if send_by >= moment.now {
                return;
            }
            self.batching.remove(id);
            self.forward(id, moment);
        }
    }

    /// When the attempt that waits longest, for a call or a check, will have waited too long.
    pub(crate) fn next_expiry_at(&self, leadership: &Leadership) -> Option<Duration> {
        let send_by = self.oldest_waiting(leadership).map(|(_, send_by)| send_by);
        let undecided = self.undecided.iter();
        let undecided = undecided.filter_map(|failure| self.attempts.get(&failure.attempt));
        let report_by = undecided.map(|attempt| Self::report_by(attempt, leadership));
        let first = send_by.into_iter().chain(report_by).min()?;
        Some(first + Duration::from_millis(1))
    }

    fn oldest_waiting(&self, leadership: &Leadership) -> Option<(AttemptId, Duration)> {
        let id = self.batching.oldest()?;
        let attempt = self.attempts.get(&id)?;
        Some((id, self.send_by(attempt, leadership)))
    }

    /// Gives back every attempt that waits for a call, a check or the time to read its contact back. Those whose call is in flight get their response first.
    pub(crate) fn give_back_waiting(&mut self, reason: &Reason) {
        for failure in self.undecided.drain() {
            self.give_back(failure.attempt, reason.clone());
        }
        for id in self.take_waiting() {
            self.give_back(id, reason.clone());
        }
    }

    /// The lease is lost. The next holder finds the open attempts by itself, so there is something to report only for
    /// those that had a call.
    pub(crate) fn drop_waiting(&mut self) {
        self.circuit_breaker.drop_checks();
        for failure in self.undecided.drain() {
            self.give_back(failure.attempt, lease_lost());
        }
        for id in self.take_waiting() {
            if self.attempts.get(&id).is_some_and(Attempt::has_call) {
                self.give_back(id, lease_lost());
            } else {
                self.attempts.remove(&id);
            }
        }
    }

    fn give_back(&mut self, id: AttemptId, reason: Reason) {
        if let Some(attempt) = self.attempts.get_mut(&id) {
            attempt.fail(Failure::of_account(reason));
            self.end(id);
        }
    }

    /// Starts as many calls as may leave now.
    pub(crate) fn start_calls(
        &mut self,
        moment: Moment<'_>,
        upcoming: Upcoming,
        ids: &mut Ids,
    ) -> Vec<(CallId, Call)> {
        let mut started = Vec::new();
        if self.wants_account_call(moment) {
            started.push(self.send(ids.call(), Call::Account, Vec::new(), moment.now));
        }
        if let Some(check) = self.check_to_send(moment) {
            self.circuit_breaker.record_check_sent(moment.now, check);
            self.undecided.record_check_sent(check);
            started.push(self.send(ids.call(), Call::Check(check), Vec::new(), moment.now));
        }
        while self.may_call(moment, upcoming) {
            let id = ids.call();
            let rules = BatchRules {
                busy: self.calls.busy_contacts(),
                single: self.circuit_breaker.is_halted(),
                holder: moment.leadership.holder(),
            };
            let Some((call, attempts)) = self.batching.next_call(&mut self.attempts, id, rules) else {
                break;
            };
            started.push(self.send(id, call, attempts, moment.now));
        }
        started
    }

    /// The account is asked for before anything else is sent, after the token was replaced, and as a recovery check.
    /// While that call is in flight nothing else is.
    fn wants_account_call(&self, moment: Moment<'_>) -> bool {
        let Moment { now, leadership } = moment;
        let halt = self.circuit_breaker.current_halt();
        let is_unknown = !leadership.is_account_verified() && halt.is_none_or(|halt| halt.check_at <= now);
        let wants_token_check = leadership.wants_token_check(now) && halt.is_none();
        (is_unknown || wants_token_check || self.circuit_breaker.wants_account_call(now))
            && !leadership.is_shutting_down()
            && self.calls.is_empty()
            && self.rate_limiter.next_call_at(now) <= now
    }

    /// The check that may leave now. It goes before the deliveries, and counts like them.
    fn check_to_send(&self, moment: Moment<'_>) -> Option<Check> {
        let Moment { now, leadership } = moment;
        let (check, at) = self.circuit_breaker.next_check()?;
        let is_due = at.max(self.rate_limiter.next_call_at(now)) <= now;
        (is_due
            && leadership.may_deliver(now)
            && self.calls.len() < self.max_calls()
            && self.has_day_left(now))
        .then_some(check)
    }

    /// When the next check may leave, if one is wanted.
    pub(crate) fn next_check_at(&self, now: Duration) -> Option<Duration> {
        let (_, at) = self.circuit_breaker.next_check()?;
        Some(at.max(self.rate_limiter.next_call_at(now)))
    }

    fn max_calls(&self) -> usize {
        let max_in_flight = self.rate_limiter.max_in_flight(self.settings.concurrency);
        max_in_flight.min(self.circuit_breaker.max_calls())
    }

    /// Without a call left only a recovery check goes out, to find out whether a new day has begun.
    fn has_day_left(&self, now: Duration) -> bool {
        self.rate_limiter.has_day_left(now) || self.circuit_breaker.is_halted()
    }

    fn may_call(&self, moment: Moment<'_>, upcoming: Upcoming) -> bool {
        let Moment { now, leadership } = moment;
        leadership.may_deliver(now)
            && self.calls.len() < self.max_calls()
            && self.next_call_at(now, upcoming) <= now
            && self.has_day_left(now)
    }

    /// When the next call may leave. If the day runs short, a call that more records could share waits for them.
    pub(crate) fn next_call_at(&self, now: Duration, upcoming: Upcoming) -> Duration {
        let can_be_shared = upcoming.users + self.batching.len() < MAX_BATCH
            && !upcoming.has_smaller_batch
            && self.batching.all_share_a_full_batch(&self.attempts);
        if can_be_shared && !self.circuit_breaker.is_halted() {
            self.rate_limiter.next_shared_call_at(now)
        } else {
            self.rate_limiter.next_call_at(now)
        }
    }

    fn send(&mut self, id: CallId, call: Call, attempts: Vec<AttemptId>, now: Duration) -> (CallId, Call) {
        self.rate_limiter.record_call(now);
        let in_flight = CallInFlight {
            call: call.clone(),
            attempts,
            is_recovery_check: self.circuit_breaker.is_halted(),
            sent_at: now,
            is_of_former_token: false,
        };
        self.calls.insert(id, in_flight);
        (id, call)
    }

    /// Halts delivery, and gives back what waits for a call or a check. The records are claimed again when it goes on.
    fn halt(&mut self, now: Duration, evidence: Evidence, is_check: bool) {
        let reason = evidence.reason.clone();
        self.circuit_breaker.trip(now, evidence, is_check);
        self.give_back_waiting(&reason);
    }

    /// Halts before the day's calls are used to the last one, so that HubSpot need not reject any.
    pub(crate) fn halt_if_day_is_used_up(&mut self, now: Duration) {
        if self.rate_limiter.has_day_left(now) || self.circuit_breaker.is_halted() {
            return;
        }
        let reason = Reason::ours(
            "DAILY_LIMIT",
            "no calls are left of the account's day, less what is reserved",
        );
        let evidence = Evidence {
            cause: HaltCause::DailyQuota,
            reason,
            retry_after: self
                .rate_limiter
                .day_frees_at(now)
                .map(|at| at.saturating_sub(now)),
            check: RecoveryCheck::Response,
            failed_check: None,
            affected: Vec::new(),
        };
        self.halt(now, evidence, false);
    }
}
