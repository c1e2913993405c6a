//! Workers' requests to the user service on their way: lost, slow, doubled, too late.

use contracts::ServiceError;
use hubspot::engine::{Input, Output, UserServiceError};

use super::World;
use crate::{
    agenda::Time,
    event::{Event, Process, Reply, WorkerRequest},
    fault::Fault,
    plan::SECOND,
    user_service::{Answer, Answered, Asker, Request},
};

/// How long a worker waits for the answer about the lease, and for other answers.
const LEASE_LIMIT: Time = 900;
const LIMIT: Time = 5 * SECOND;

impl World {
    /// A request leaves its worker.
    pub(super) fn ask(&mut self, from: Process, output: Output) {
        let is_lease = matches!(output, Output::ChangeLease(_));
        let until = self.now + if is_lease { LEASE_LIMIT } else { LIMIT };
        let asked = WorkerRequest {
            from,
            output,
            until,
            answered: true,
        };
        if self.occurs(Fault::DuplicateRequest) {
            // Some arrive so close to each other that they are committed together.
            let latest = *self.random.pick(&[10, LIMIT]);
            let at = self.now + self.random.between(1, latest);
            let again = WorkerRequest {
                answered: false,
                ..asked.clone()
            };
            self.agenda.plan(at, Event::Arrive(Box::new(again)));
        }
        if self.occurs(Fault::LostRequest) {
            return self.leave_unanswered(&asked);
        }
        if self.occurs(Fault::ExpiredRequest) {
            let at = until + self.random.between(1, 30 * SECOND);
            self.leave_unanswered(&asked);
            let late = WorkerRequest {
                answered: false,
                ..asked
            };
            return self.agenda.plan(at, Event::Arrive(Box::new(late)));
        }
        let at = self.now + self.message_delay(until);
        self.agenda.plan(at, Event::Arrive(Box::new(asked)));
    }

    fn message_delay(&mut self, until: Time) -> Time {
        if self.occurs(Fault::SlowMessage) {
            self.random.between(20, until.saturating_sub(self.now).max(20))
        } else {
            self.random.between(1, 4)
        }
    }

    /// The worker gets no answer, and stops waiting after a while.
    pub(super) fn leave_unanswered(&mut self, asked: &WorkerRequest) {
        self.reply(asked, Err(UserServiceError::NoResponse), asked.until);
    }

    fn reply(&mut self, asked: &WorkerRequest, error: Result<(), UserServiceError>, at: Time) {
        let Err(error) = error else { return };
        let reply = match &asked.output {
            Output::ChangeLease(_) => Reply::Lease(Err(error)),
            Output::Claim(request, _) => Reply::Claims(*request, Err(error)),
            Output::Report(request, _) => Reply::Recorded(*request, Err(error)),
            _ => return,
        };
        self.answer(asked, reply, at);
    }

    fn answer(&mut self, asked: &WorkerRequest, reply: Reply, at: Time) {
        if asked.answered {
            let input: Input = reply.into();
            let at = at.max(self.now);
            self.agenda.plan(at, Event::Tell(asked.from, Box::new(input)));
        }
    }

    /// A worker's request reaches the user service.
    pub(super) fn arrive(&mut self, asked: WorkerRequest) {
        // It is rejected without being executed; its worker no longer waits.
        if self.now > asked.until {
            return self.leave_unanswered(&asked);
        }
        let request = match &asked.output {
            Output::ChangeLease(ask) => Request::Lease(ask.clone()),
            Output::Claim(_, claim) => Request::Claim(claim.clone()),
            Output::Report(_, report) => Request::Report(report.clone()),
            _ => return,
        };
        self.request(Asker::Worker(Box::new(asked)), request);
    }

    /// The answer of the user service leaves for its worker.
    pub(super) fn answer_worker(&mut self, asked: &WorkerRequest, answered: Answered) {
        let at = self.now + self.message_delay(asked.until + SECOND);
        if at > asked.until || self.occurs(Fault::LostAnswer) {
            return self.leave_unanswered(asked);
        }
        match answered {
            Ok(answer) => {
                if let Some(reply) = reply_to(&asked.output, answer) {
                    self.answer(asked, reply, at);
                }
            }
            Err(ServiceError { code, .. }) => self.reply(asked, Err(UserServiceError::Rejected(code)), at),
        }
    }
}

fn reply_to(output: &Output, answer: Answer) -> Option<Reply> {
    match (output, answer) {
        (Output::ChangeLease(_), Answer::Lease(answer)) => Some(Reply::Lease(Ok(answer))),
        (Output::Claim(request, _), Answer::Claimed(claimed)) => Some(Reply::Claims(*request, Ok(claimed))),
        (Output::Report(request, _), Answer::Reported(reported)) => {
            Some(Reply::Recorded(*request, Ok(reported)))
        }
        _ => None,
    }
}
