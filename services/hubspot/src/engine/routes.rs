//! The engine's routes: passes what one part returns on to the next one, and puts requests and calls out.
//!
//! Nothing is decided here except the order of the parts.

use contracts::{
    Claim, ClaimUsers, ErrorCode, LeaseAnswer, Priority, ReportResults, ResultsReported, UserId,
    UsersClaimed, delivery::MAX_CLAIMS,
};

use super::{
    AckHandle, CallId, CallResponse, Engine, Output, RequestId, Response, UserServiceError,
    attempt::{Attempt, Failure},
    claims::{AHEAD_OF_CALLS, ClaimInFlight},
    dispatch::{Effect, Moment},
    inspections::{self, WaitingInspection},
    io::AttemptId,
    leadership::{LeaseChange, paused, shutting_down},
    reports::{FailedReport, PendingResult},
    wake_ups::EndedIn,
};

impl Engine {
    pub(super) fn handle_wake_up(&mut self, user_id: &UserId, priority: Priority, ack: Option<AckHandle>) {
        // Without the lease a wake-up is another worker's business, which gets it from the consumer of its own epoch.
        if self.leadership.epoch().is_some() && !self.leadership.is_shutting_down() {
            self.wake_ups.wake(user_id, priority, ack);
        }
    }

    // Leadership

    pub(super) fn request_lease(&mut self) {
        let is_drained = self.is_drained();
        let request = self.leadership.request_lease(self.now, is_drained);
        self.outputs.extend(request.map(Output::ChangeLease));
    }

    pub(super) fn handle_lease_response(&mut self, response: Result<LeaseAnswer, UserServiceError>) {
        let change = self.leadership.handle_lease_response(self.now, response);
        self.apply_lease_change(change);
        if self.leadership.is_paused() {
            self.dispatch.give_back_waiting(&paused());
            self.apply_effects();
        }
    }

    fn lose_lease(&mut self) {
        let change = self.leadership.lose_lease();
        self.apply_lease_change(change);
    }

    fn apply_lease_change(&mut self, change: LeaseChange) {
        match change {
            LeaseChange::None => {}
            LeaseChange::Lost => {
                self.drop_work();
                self.outputs.push_back(Output::CloseConsumer);
            }
            LeaseChange::Gained(epoch) => {
                // A new epoch can follow without a loss in between, when the responses were lost. The work of the
                // former one is taken over by the claims of the new one.
                self.drop_work();
                self.claims.begin_epoch();
                self.outputs.push_back(Output::OpenConsumer { epoch });
            }
        }
    }

    fn drop_work(&mut self) {
        self.wake_ups.clear();
        self.claims.clear();
        self.dispatch.drop_waiting();
        self.apply_effects();
    }

    pub(super) fn handle_token_replaced(&mut self) {
        self.leadership.record_token_replaced();
        self.dispatch.record_token_replaced();
        self.inspections.outdate();
        self.outputs.extend(self.inspections.take_outputs());
        self.dispatch.circuit_breaker_mut().check_now(self.now);
    }

    pub(super) fn start_shutdown(&mut self) {
        self.leadership.start_shutdown();
        self.dispatch.give_back_waiting(&shutting_down());
        self.apply_effects();
    }

    fn is_drained(&self) -> bool {
        self.dispatch.is_drained() && self.reports.is_empty()
    }

    pub(super) fn finish_shutdown(&mut self) {
        if self.is_drained() {
            self.outputs.extend(self.leadership.finish_shutdown(self.now));
        }
    }

    // Claims

    pub(super) fn send_claims(&mut self) {
        while self.wake_ups.queued() > 0 || self.claims.has_left_open() || self.user_to_check().is_some() {
            let request = self.ids.request();
            let Some(claim) = self.next_claim(request, Vec::new()) else {
                return;
            };
            self.outputs.push_back(Output::Claim(request, claim));
        }
    }

    /// The next claim, if there is capacity for one: of `first`, whose results are in the same message, and then of
    /// queued users.
    fn next_claim(&mut self, request: RequestId, first: Vec<UserId>) -> Option<ClaimUsers> {
        let capacity = self.claim_capacity();
        let epoch = self.leadership.epoch()?;
        let mut users = first;
        users.truncate(capacity);
        // The attempts that earlier workers left open have waited longest, so no other user is claimed before them.
        if !self.claims.has_left_open() {
            users.extend(self.take_queued(capacity - users.len(), request));
        }
        let holder = self.leadership.holder();
        let claim = self
            .claims
            .start(self.now, request, users, capacity, holder, epoch)?;
        Some(ClaimUsers {
            fields_revision: Some(self.dispatch.fields().revision()),
            ..claim
        })
    }

    /// How many more users can be sent soon.
    fn claim_capacity(&self) -> usize {
        let next_call_at = self.dispatch.next_call_at(self.now, self.upcoming());
        let may_claim = self.leadership.may_deliver(self.now)
            && !self.dispatch.fields().all().is_empty()
            && self.claims.may_send(self.now)
            && next_call_at <= self.now + AHEAD_OF_CALLS;
        if may_claim {
            let capacity = self.dispatch.capacity(self.now, self.claims.requested());
            capacity.min(MAX_CLAIMS)
        } else {
            0
        }
    }

    /// Takes users into a claim: those that have waited longest, or the one for a recovery check.
    fn take_queued(&mut self, max: usize, request: RequestId) -> Vec<UserId> {
        if max == 0 {
            return Vec::new();
        }
        let circuit_breaker = self.dispatch.circuit_breaker();
        match self.user_to_check() {
            Some(user_id) => {
                self.wake_ups.take_one(&user_id, request);
                vec![user_id]
            }
            None if circuit_breaker.is_halted() && !circuit_breaker.is_record_check_due(self.now) => {
                Vec::new()
            }
            None => self.wake_ups.take(max, request),
        }
    }

    /// The user for the next recovery check, if a particular one is wanted: one that has not failed, so that a halt never
    /// lasts because of the record that failed.
    fn user_to_check(&self) -> Option<UserId> {
        let circuit_breaker = self.dispatch.circuit_breaker();
        let halt = circuit_breaker.current_halt()?;
        if circuit_breaker.is_record_check_due(self.now) {
            return self.wake_ups.find_idle(self.now, |user_id| halt.prefers(user_id));
        }
        if !halt.may_check_live(self.now) {
            return None;
        }
        self.wake_ups.find_unfailed(|user_id| !halt.is_affected(user_id))
    }

    pub(super) fn handle_claim_response(
        &mut self,
        request: RequestId,
        response: Result<UsersClaimed, UserServiceError>,
    ) {
        let Some(claim) = self.claims.take(request) else {
            return;
        };
        let response = match response {
            Ok(response) => response,
            Err(UserServiceError::Rejected(ErrorCode::StaleEpoch)) => return self.lose_lease(),
            Err(UserServiceError::Rejected(_) | UserServiceError::NoResponse) => {
                self.claims.record_failure(self.now);
                return self.wake_ups.fail_claim(request, &claim.users);
            }
        };
        self.claims.record_success(&claim, response.more_left_open);
        for claimed in &response.claims {
            self.start_attempt(claimed.clone(), &claim);
        }
        let acks = self
            .wake_ups
            .end_claim(self.now, request, &claim.users, &response);
        self.acknowledge(acks);
    }

    fn start_attempt(&mut self, claimed: Claim, claim: &ClaimInFlight) {
        let id = self.ids.attempt();
        let started = self
            .wake_ups
            .start_attempt(&claimed.user_id, claimed.priority, id);
        if let Some(batch_limit) = started {
            let moment = Moment::new(self.now, &self.leadership);
            self.dispatch
                .start_attempt(id, claimed, claim.requested_at, claim.epoch, batch_limit, moment);
            self.apply_effects();
        }
    }

    // Calls

    pub(super) fn queue_read_backs(&mut self) {
        let moment = Moment::new(self.now, &self.leadership);
        self.dispatch.queue_read_backs(moment);
        self.apply_effects();
    }

    pub(super) fn give_back_expired(&mut self) {
        let moment = Moment::new(self.now, &self.leadership);
        self.dispatch.give_back_expired(moment);
        self.apply_effects();
    }

    pub(super) fn start_calls(&mut self) {
        let upcoming = self.upcoming();
        let moment = Moment::new(self.now, &self.leadership);
        let calls = self.dispatch.start_calls(moment, upcoming, &mut self.ids);
        let calls = calls.into_iter().map(|(id, call)| Output::Call(id, call));
        self.outputs.extend(calls);
    }

    pub(super) fn handle_call_response(&mut self, id: CallId, response: CallResponse) {
        let Some(call) = self.dispatch.take_call(id) else {
            return self.handle_inspection_response(id, response);
        };
        self.leadership
            .record_response(self.now, !call.is_of_former_token, &response.response);
        self.dispatch
            .record_last_response(&call, response.last_response.as_ref());
        // A response that did not come from HubSpot has no headers to learn from, and one of a former token may be another account's.
        if !self.leadership.is_silent() && !call.is_of_former_token {
            let in_flight = self.dispatch.calls_in_flight() + self.inspections.in_flight();
            let limiter = self.dispatch.rate_limiter_mut();
            limiter.record_response(self.now, call.sent_at, &response.rate_limits, in_flight);
        }
        let moment = Moment::new(self.now, &self.leadership);
        self.dispatch.handle_response(&call, &response.response, moment);
        self.apply_effects();
        // Last, because a response that shows a used-up day has been taken into account by then.
        self.halt_if_day_is_used_up();
    }

    fn halt_if_day_is_used_up(&mut self) {
        self.dispatch.halt_if_day_is_used_up(self.now);
        self.apply_effects();
    }

    /// Passes on what dispatch has noted, in the order in which it happened.
    fn apply_effects(&mut self) {
        for effect in self.dispatch.take_effects() {
            match effect {
                Effect::AccountKnown(account_id) => {
                    let change = self.leadership.set_account(account_id);
                    self.apply_lease_change(change);
                }
                Effect::WriteSucceeded(user_id) => self.wake_ups.record_write(&user_id),
                Effect::CheckPassed(check) => self.wake_ups.record_check(check),
                Effect::LimitBatch(user_id, limit) => self.wake_ups.limit_batch(&user_id, limit),
                Effect::Lock(user_id, until) => self.wake_ups.lock(&user_id, until),
                Effect::RetractRejections { users, field, reason } => {
                    self.reports.retract(users, field, &reason);
                }
                Effect::AttemptEnded(id, attempt) => self.report(id, *attempt),
            }
        }
    }

    // Reports

    fn report(&mut self, id: AttemptId, mut attempt: Attempt) {
        let user_id = &attempt.claim().user_id;
        let only_links = attempt.only_links();
        let failure = attempt.failure().map(|failure| EndedIn {
            scope: failure.scope,
            check: failure.check,
        });
        let recorded = self.wake_ups.record_end(user_id, id, only_links, failure);
        if recorded.has_too_many_links {
            // The link is reported nevertheless. The failure makes the user wait before its next attempt.
            let reason = contracts::Reason::ours(
                "CONTACT_UNSETTLED",
                "each contact that is found leads to another one",
            );
            attempt.fail(Failure::of_record(reason));
        }
        self.reports.add(PendingResult {
            attempt: id,
            claims_again: attempt.has_found_link() && attempt.failure().is_none(),
            result: attempt.into_result(recorded.is_counted),
            may_be_recorded: false,
        });
    }

    pub(super) fn send_reports(&mut self) {
        loop {
            let has_open_attempt = |user_id: &UserId| self.dispatch.has_open_attempt(user_id);
            let Some(report) = self.reports.next(self.now, has_open_attempt) else {
                return;
            };
            let request = self.ids.request();
            let mut claimed_again = Vec::new();
            for PendingResult {
                attempt,
                result,
                claims_again,
                ..
            } in &report.results
            {
                let is_current = self.wake_ups.start_report(&result.user_id, *attempt, request);
                if is_current && *claims_again {
                    claimed_again.push(result.user_id.clone());
                }
            }
            // A claim in the same message saves a request, and a user with a new link is written at once.
            let claim = self.next_claim(request, claimed_again);
            let results = report.results.iter().map(|pending| pending.result.clone());
            let message = ReportResults {
                holder: self.leadership.holder().to_owned(),
                results: results.collect(),
                retractions: report.retractions.clone(),
                claim,
            };
            self.outputs.push_back(Output::Report(request, message));
            self.reports.record_sent(request, report);
        }
    }

    pub(super) fn handle_report_response(
        &mut self,
        request: RequestId,
        response: Result<ResultsReported, UserServiceError>,
    ) {
        match response {
            Ok(response) => self.handle_taken_report(request, response),
            Err(error) => self.handle_failed_report(request, error),
        }
    }

    fn handle_taken_report(&mut self, request: RequestId, response: ResultsReported) {
        let Some(report) = self.reports.record_success(request) else {
            return;
        };
        // A retraction makes its user dirty again, and no wake-up need come for that.
        if self.leadership.epoch().is_some() {
            for retraction in &report.retractions {
                self.wake_ups.add(&retraction.user_id, Priority::Live);
            }
        }
        let is_claimed_again = |user_id: &UserId| {
            let claims = response.claims.as_ref();
            claims.is_some_and(|claims| is_named(claims, user_id))
        };
        let acks = self
            .wake_ups
            .end_report(self.now, request, &response.users, is_claimed_again);
        self.acknowledge(acks);
        for pending in &report.results {
            self.wake_ups.queue_if_reporting(&pending.result.user_id, request);
        }
        // The claim comes last, because it is about users that the lines above have moved from the report to the claim.
        let error = response.claims_error.unwrap_or(ErrorCode::Unavailable);
        let claims = response.claims.ok_or(UserServiceError::Rejected(error));
        self.handle_claim_response(request, claims);
    }

    fn handle_failed_report(&mut self, request: RequestId, error: UserServiceError) {
        let Some(failed) = self.reports.record_failure(self.now, request, error) else {
            return;
        };
        let FailedReport { results, is_given_up } = failed;
        for pending in results {
            let user_id = &pending.result.user_id;
            self.wake_ups
                .fail_report(self.now, user_id, pending.attempt, request, is_given_up);
        }
        // The claim in the message has failed together with the report.
        self.handle_claim_response(request, Err(UserServiceError::NoResponse));
    }

    /// Acknowledges wake-ups, together with those that were not taken yet.
    fn acknowledge(&mut self, acks: Vec<AckHandle>) {
        if acks.is_empty() {
            return;
        }
        if let Some(Output::Ack(earlier)) = self.outputs.back_mut() {
            earlier.extend(acks);
        } else {
            self.outputs.push_back(Output::Ack(acks));
        }
    }

    // Inspections

    pub(super) fn add_inspection(&mut self, inspection: WaitingInspection) {
        self.inspections.add(inspection);
        self.outputs.extend(self.inspections.take_outputs());
    }

    pub(super) fn start_inspections(&mut self) {
        let is_idle = self.upcoming().users + self.dispatch.waiting() == 0;
        let max_calls = self.dispatch.rate_limiter().max_in_flight(self.concurrency);
        let next = self
            .inspections
            .next(self.now, &self.leadership, &self.dispatch, is_idle, max_calls);
        self.outputs.extend(self.inspections.take_outputs());
        if let Some(next) = next {
            let call = self.ids.call();
            self.dispatch.rate_limiter_mut().record_call(self.now);
            self.inspections.record_sent(self.now, call, next.id);
            self.outputs
                .push_back(Output::Call(call, inspections::call_for(next)));
        }
    }

    fn handle_inspection_response(&mut self, id: CallId, response: CallResponse) {
        let Some(call) = self.inspections.take_call(id) else {
            return;
        };
        // A single failed inspection is no reason to yield the lease.
        if !matches!(response.response, Response::Error(_)) {
            self.leadership
                .record_response(self.now, call.is_waited_for(), &response.response);
            let in_flight = self.dispatch.calls_in_flight();
            let limiter = self.dispatch.rate_limiter_mut();
            limiter.record_response(self.now, call.sent_at, &response.rate_limits, in_flight);
        }
        let rate_limited = self
            .inspections
            .handle_response(self.now, &call, response.response);
        self.outputs.extend(self.inspections.take_outputs());
        if let Some(rate_limited) = rate_limited {
            let limiter = self.dispatch.rate_limiter_mut();
            limiter.record_rejection(self.now, rate_limited.retry_after);
        }
        self.halt_if_day_is_used_up();
    }

    pub(super) fn show_status(&mut self) {
        let status = self.status();
        let is_news = |last: &super::WorkerStatus| !last.has_same_meaning(&status);
        if self.last_status.as_ref().is_none_or(is_news) {
            self.last_status = Some(status.clone());
            self.outputs.push_back(Output::Status(status));
        }
    }
}

fn is_named(claims: &UsersClaimed, user_id: &UserId) -> bool {
    claims.claims.iter().any(|claim| claim.user_id == *user_id)
        || [
            &claims.clean,
            &claims.in_progress,
            &claims.waiting,
            &claims.left_out,
        ]
        .into_iter()
        .any(|users| users.contains(user_id))
}
