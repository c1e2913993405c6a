//! Questions to the user service on their way: lost, slow, doubled, too late.

use contracts::ErrorCode;
use hubspot::engine::{Input, Output, RequestId, UserServiceError};

use super::World;
use crate::{
    agenda::Time,
    event::{Event, Process, Question, Reply},
    fault::Fault,
    plan::SECOND,
};

/// How long a worker waits for the answer about the lease, and for other answers.
const LEASE_LIMIT: Time = 900;
const LIMIT: Time = 5 * SECOND;

impl World {
    /// A question leaves its worker.
    pub(super) fn ask(&mut self, from: Process, output: Output) {
        let is_lease = matches!(output, Output::ChangeLease(_));
        let until = self.now + if is_lease { LEASE_LIMIT } else { LIMIT };
        let question = Question {
            from,
            output,
            until,
            answered: true,
        };
        if self.strikes(Fault::DuplicateRequest) {
            let at = self.now + self.random.between(1, LIMIT);
            let again = Question {
                answered: false,
                ..question.clone()
            };
            self.agenda.plan(at, Event::Arrive(Box::new(again)));
        }
        if self.strikes(Fault::LostRequest) {
            return self.leave_unanswered(&question);
        }
        if self.strikes(Fault::ExpiredRequest) {
            let at = until + self.random.between(1, 30 * SECOND);
            self.leave_unanswered(&question);
            let late = Question {
                answered: false,
                ..question
            };
            return self.agenda.plan(at, Event::Arrive(Box::new(late)));
        }
        let at = self.now + self.message_delay(until);
        self.agenda.plan(at, Event::Arrive(Box::new(question)));
    }

    fn message_delay(&mut self, until: Time) -> Time {
        if self.strikes(Fault::SlowMessage) {
            self.random.between(20, until.saturating_sub(self.now).max(20))
        } else {
            self.random.between(1, 4)
        }
    }

    /// The worker learns nothing until its patience ends.
    fn leave_unanswered(&mut self, question: &Question) {
        self.reply(question, Err(UserServiceError::NoResponse), question.until);
    }

    fn reply(&mut self, question: &Question, error: Result<(), UserServiceError>, at: Time) {
        let Err(error) = error else { return };
        let reply = match &question.output {
            Output::ChangeLease(_) => Reply::Lease(Err(error)),
            Output::Claim(request, _) => Reply::Claims(*request, Err(error)),
            Output::Report(request, _) => Reply::Recorded(*request, Err(error)),
            _ => return,
        };
        self.answer(question, reply, at);
    }

    fn answer(&mut self, question: &Question, reply: Reply, at: Time) {
        if question.answered {
            let input: Input = reply.into();
            let at = at.max(self.now);
            self.agenda.plan(at, Event::Tell(question.from, Box::new(input)));
        }
    }

    /// A question reaches the user service.
    pub(super) fn arrive(&mut self, question: &Question) {
        // Refused without being executed; whoever asked has given up.
        if self.now > question.until {
            return self.leave_unanswered(question);
        }
        if self.service_is(Fault::ServiceDown) {
            return self.leave_unanswered(question);
        }
        if self.service_is(Fault::ServiceUnavailable) {
            let refused = UserServiceError::Rejected(ErrorCode::Unavailable);
            return self.reply(question, Err(refused), self.now + 2);
        }
        let reply = self.serve(&question.output);
        self.announce_all();
        let Some(reply) = reply else { return };
        if self.strikes(Fault::OutcomeUnknown) {
            let unknown = UserServiceError::Rejected(ErrorCode::OutcomeUnknown);
            return self.reply(question, Err(unknown), self.now + 2);
        }
        let at = self.now + self.message_delay(question.until + SECOND);
        if at > question.until || self.strikes(Fault::LostAnswer) {
            return self.leave_unanswered(question);
        }
        self.answer(question, reply, at);
    }

    fn serve(&mut self, output: &Output) -> Option<Reply> {
        match output {
            Output::ChangeLease(ask) => {
                let answer = self.users.ask_lease(ask, self.now, &mut self.tally);
                Some(Reply::Lease(Ok(answer)))
            }
            Output::Claim(request, claim) => {
                let given = self.users.claim(claim, self.now, &mut self.tally);
                Some(Reply::Claims(*request, given.map_err(UserServiceError::Rejected)))
            }
            Output::Report(request, record) => Some(self.record(*request, record)),
            _ => None,
        }
    }

    fn record(&mut self, request: RequestId, record: &contracts::ReportResults) -> Reply {
        for verdict in &record.results {
            self.check_blame(verdict);
        }
        let taken = self.users.record(record, self.now, &mut self.tally);
        for user in &taken.borrowed {
            self.fail(&format!(
                "P4: the verdict of an earlier attempt settles something of u{user}"
            ));
        }
        for fresh in &taken.fresh {
            self.check_outcome(fresh.user, fresh.field);
        }
        if self.plan.sweepless {
            // Nobody is told of these, so here the sweep has to be quick.
            self.users.announcements.extend(taken.due_again);
        }
        Reply::Recorded(request, Ok(taken.answer))
    }
}
