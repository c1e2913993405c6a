//! A worker whose requests and calls a test answers by hand.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use contracts::{
    AttemptResult, Claim, ClaimUsers, FieldDefinitions, NextAction, Priority, ReportResults, ReportedUser,
    ResultsReported, TokenState, UsersClaimed, delivery::LeaseAction,
};

use crate::engine::{
    AckHandle, Call, CallId, CallResponse, Check, EmailConflict, Engine, Input, Output, RateLimitHeaders,
    RequestId, Response, Settings,
};

use super::samples::{ACCOUNT, granted, granted_as, id, ms, passed};

/// A worker and its outputs that no test has taken yet.
pub(super) struct TestWorker {
    pub(super) engine: Engine,
    pub(super) now: Duration,
    pub(super) epoch: u64,
    /// Whether an operator has paused delivery.
    pub(super) paused: bool,
    /// Whether every check passes at once, so that each failure is its record's. Otherwise the test answers the checks.
    pub(super) passes_checks: bool,
    outputs: VecDeque<Output>,
}

impl TestWorker {
    /// A worker that knows its account, holds the lease and has found no attempt left open.
    pub(super) fn running() -> Self {
        Self::with(|_| {})
    }

    pub(super) fn with(set: impl FnOnce(&mut Settings)) -> Self {
        let mut worker = Self::starting(set);
        let (call, _) = worker.call();
        worker.respond(
            call,
            Response::Account {
                account_id: ACCOUNT.into(),
                details_refused: false,
            },
        );
        worker.grant(1);
        worker
    }

    /// A worker that has asked for its account.
    pub(super) fn starting(set: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::for_holder("w");
        settings.email_conflict = EmailConflict::Follow;
        settings.fields = Arc::clone(FieldDefinitions::built_in());
        set(&mut settings);
        let mut worker = Self {
            engine: Engine::new(settings),
            now: ms(1_000),
            epoch: 0,
            paused: false,
            passes_checks: true,
            outputs: VecDeque::new(),
        };
        worker.put(Input::Tick);
        worker
    }

    pub(super) fn put(&mut self, input: Input) {
        self.engine.handle(self.now, input);
        while let Some(output) = self.engine.next_output() {
            self.outputs.push_back(output);
        }
        if self.passes_checks
            && let Some((call, check)) = self.any_check()
        {
            self.respond(call, passed(check));
        }
    }

    /// Grants the lease that is requested, and answers the claim of attempts left open.
    pub(super) fn grant(&mut self, epoch: u64) {
        self.epoch = epoch;
        assert_eq!(self.lease_action(), Some(LeaseAction::Hold));
        self.put(Input::LeaseResponse(Ok(granted(epoch))));
        assert!(self.outputs.contains(&Output::OpenConsumer { epoch }));
        let (request, left_open) = self.claim();
        assert!(left_open.users.is_empty());
        self.give(request, Vec::new());
    }

    /// Lets time pass; the lease is renewed meanwhile.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(at) = self.engine.wait_until().filter(|at| *at <= end) {
            self.now = at;
            self.put(Input::Tick);
            self.renew();
        }
        self.now = end;
        self.put(Input::Tick);
        self.renew();
    }

    fn renew(&mut self) {
        while self.lease_action().is_some() {
            let response = granted_as(self.epoch, self.paused);
            self.put(Input::LeaseResponse(Ok(response)));
        }
    }

    pub(super) fn wake(&mut self, user: &str) {
        self.wake_in(user, Priority::Live, user);
    }

    pub(super) fn wake_in(&mut self, user: &str, priority: Priority, ack: &str) {
        self.put(Input::WakeUp {
            user_id: id(user),
            priority,
            ack: Some(AckHandle {
                sequence: 0,
                reply: ack.into(),
            }),
        });
    }

    /// The user service sends a wake-up past the stream.
    pub(super) fn wake_past_the_stream(&mut self, user: &str) {
        self.put(Input::WakeUp {
            user_id: id(user),
            priority: Priority::Live,
            ack: None,
        });
    }

    /// Claims these and returns the call that follows.
    pub(super) fn deliver(&mut self, claims: &[Claim]) -> (CallId, Call) {
        for claim in claims {
            self.wake_in(claim.user_id.as_str(), claim.priority, claim.user_id.as_str());
        }
        self.give_all(claims);
        self.call()
    }

    /// Claims these while no call may leave, and returns the call that takes them all as soon as one may.
    pub(super) fn deliver_together(&mut self, claims: &[Claim]) -> (CallId, Call) {
        self.engine
            .dispatch
            .rate_limiter_mut()
            .pause_until(self.now + ms(1_000));
        for claim in claims {
            self.wake_in(claim.user_id.as_str(), claim.priority, claim.user_id.as_str());
        }
        for _ in 0..claims.len() {
            self.give_all(claims);
        }
        assert!(self.any_call().is_none(), "the rate limiter allows no call");
        self.pass(ms(1_000));
        self.call()
    }

    /// Answers every claim in flight with those of these claims that it names.
    pub(super) fn give_all(&mut self, claims: &[Claim]) {
        while let Some((request, asked)) = self.any_claim() {
            let wanted = claims
                .iter()
                .filter(|claim| asked.users.contains(&claim.user_id))
                .cloned();
            self.give(request, wanted.collect());
        }
    }

    pub(super) fn give(&mut self, request: RequestId, claims: Vec<Claim>) {
        self.put(Input::ClaimResponse(
            request,
            Ok(UsersClaimed {
                claims,
                ..UsersClaimed::default()
            }),
        ));
    }

    pub(super) fn respond(&mut self, call: CallId, response: Response) {
        self.put(Input::CallResponse(
            call,
            CallResponse {
                response,
                rate_limits: RateLimitHeaders::default(),
                last_response: None,
            },
        ));
    }

    /// Answers a report: the same comes next for each user.
    pub(super) fn take(&mut self, request: RequestId, report: &ReportResults, next: NextAction) {
        self.recorded(request, report, next, None);
    }

    /// Answers a report and the claim that came with it.
    pub(super) fn take_and_give(
        &mut self,
        request: RequestId,
        report: &ReportResults,
        next: NextAction,
        claims: Vec<Claim>,
    ) {
        let given = UsersClaimed {
            claims,
            ..UsersClaimed::default()
        };
        self.recorded(request, report, next, Some(given));
    }

    fn recorded(
        &mut self,
        request: RequestId,
        report: &ReportResults,
        next: NextAction,
        claims: Option<UsersClaimed>,
    ) {
        let users = report.results.iter().map(|result| ReportedUser {
            user_id: result.user_id.clone(),
            next,
        });
        let recorded = ResultsReported {
            users: users.collect(),
            claims,
            claims_error: None,
        };
        self.put(Input::ReportResponse(request, Ok(recorded)));
    }

    /// The next result, which must be reported alone; the user is clean afterwards.
    pub(super) fn result(&mut self) -> AttemptResult {
        let (request, report) = self.report();
        assert_eq!(report.results.len(), 1, "{report:?}");
        self.take(request, &report, NextAction::Clean);
        report.results[0].clone()
    }

    pub(super) fn claim(&mut self) -> (RequestId, ClaimUsers) {
        self.any_claim()
            .unwrap_or_else(|| panic!("no claim in {:?}", self.outputs))
    }

    pub(super) fn any_claim(&mut self) -> Option<(RequestId, ClaimUsers)> {
        self.find(|output| match output {
            Output::Claim(request, claim) => Some((*request, claim.clone())),
            _ => None,
        })
    }

    pub(super) fn call(&mut self) -> (CallId, Call) {
        self.any_call()
            .unwrap_or_else(|| panic!("no call in {:?}", self.outputs))
    }

    /// The next check that is to be answered.
    pub(super) fn check(&mut self) -> (CallId, Check) {
        self.any_check()
            .unwrap_or_else(|| panic!("no check in {:?}", self.outputs))
    }

    pub(super) fn any_check(&mut self) -> Option<(CallId, Check)> {
        self.find(|output| match output {
            Output::Call(id, Call::Check(check)) => Some((*id, *check)),
            _ => None,
        })
    }

    /// The next call that is not a check.
    pub(super) fn any_call(&mut self) -> Option<(CallId, Call)> {
        self.find(|output| match output {
            Output::Call(_, Call::Check(_)) => None,
            Output::Call(id, call) => Some((*id, call.clone())),
            _ => None,
        })
    }

    pub(super) fn report(&mut self) -> (RequestId, ReportResults) {
        self.any_report()
            .unwrap_or_else(|| panic!("no record in {:?}", self.outputs))
    }

    pub(super) fn any_report(&mut self) -> Option<(RequestId, ReportResults)> {
        self.find(|output| match output {
            Output::Report(request, report) => Some((*request, report.clone())),
            _ => None,
        })
    }

    pub(super) fn lease_action(&mut self) -> Option<LeaseAction> {
        self.find(|output| match output {
            Output::ChangeLease(ask) => Some(ask.action),
            _ => None,
        })
    }

    /// What the lease request in flight asks for, and what it says about the token.
    pub(super) fn lease_request(&mut self) -> Option<(LeaseAction, TokenState)> {
        self.find(|output| match output {
            Output::ChangeLease(ask) => Some((ask.action, ask.token)),
            _ => None,
        })
    }

    /// The account of the lease request in flight.
    pub(super) fn asked_account(&mut self) -> Option<String> {
        self.find(|output| match output {
            Output::ChangeLease(ask) => Some(ask.account_id.clone()),
            _ => None,
        })
    }

    /// How often the status changed since this was asked last.
    pub(super) fn statuses(&mut self) -> usize {
        let status = |output: &Output| matches!(output, Output::Status(_)).then_some(());
        std::iter::from_fn(|| self.find(status)).count()
    }

    /// The wake-ups acknowledged since this was asked last.
    pub(super) fn acks(&mut self) -> Vec<String> {
        let mut all = Vec::new();
        while let Some(acks) = self.find(|output| match output {
            Output::Ack(acks) => Some(acks.clone()),
            _ => None,
        }) {
            all.extend(acks.iter().map(|ack| ack.reply.to_string()));
        }
        all
    }

    pub(super) fn put_out(&mut self, output: &Output) -> bool {
        self.find(|candidate| (candidate == output).then_some(()))
            .is_some()
    }

    fn find<T>(&mut self, pick: impl Fn(&Output) -> Option<T>) -> Option<T> {
        let (index, found) = self
            .outputs
            .iter()
            .enumerate()
            .find_map(|(index, output)| Some((index, pick(output)?)))?;
        self.outputs.remove(index);
        Some(found)
    }
}
