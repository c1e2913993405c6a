//! Verdicts: one for each attempt, sent in batches and repeated until they are answered, with the next claims.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use contracts::{
    AttemptResult, ErrorCode, NextAction, Reason, ReportResults, ReportedUser, ResultsReported, Retraction,
    UserId, delivery::MAX_CLAIMS,
};

use super::{
    AckHandle, AttemptId, Engine, MAX_BATCH, Output, RequestId, UserServiceError, attempt::Blame,
    claims::doubled, users::Stage,
};

/// The most records out at once.
const MOST_OUT: usize = 2;
/// The most links that a user may be led through without a pause: found, moved by a merge, followed.
const MOST_LINKS: u32 = 3;
/// The waits after a record that was not served double between these.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// How long a user is left alone whose verdict the user service does not understand: its attempt ends by its term.
const NOT_UNDERSTOOD_PAUSE: Duration = Duration::from_mins(1);

/// A verdict on its way.
#[derive(Debug, Clone)]
pub(super) struct Report {
    attempt: AttemptId,
    pub(super) verdict: AttemptResult,
    /// Whether the user is claimed again in the same message: its link is to be written through.
    claim_again: bool,
}

/// Verdicts on their way.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    pub(super) waiting: VecDeque<Report>,
    /// Refusals to be taken back, once the verdicts that brought them are recorded.
    pub(super) withdrawals: Vec<Retraction>,
    pub(super) out: BTreeMap<RequestId, Message>,
    /// How many may travel together; one after a message was refused as a whole.
    together: Option<usize>,
    paused_until: Duration,
    troubles: u32,
}

/// What travels in one message.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) reports: Vec<Report>,
    withdrawals: Vec<Retraction>,
}

impl Reports {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.withdrawals.is_empty() && self.out.is_empty()
    }

    pub(super) fn paused_until(&self) -> Option<Duration> {
        Some(self.paused_until).filter(|_| !self.waiting.is_empty() || !self.withdrawals.is_empty())
    }
}

impl Engine {
    /// Makes the verdict of an attempt that is over.
    pub(super) fn finish(&mut self, id: AttemptId) {
        let Some(mut attempt) = self.attempts.remove(&id) else {
            return;
        };
        let user_id = attempt.claim.user_id.clone();
        let mut charged = false;
        if self.wake_ups.place(&user_id) == Some(Stage::Working(id))
            && let Some(user) = self.wake_ups.get_mut(&user_id)
        {
            if attempt.only_links() {
                user.links += 1;
                if user.links > MOST_LINKS {
                    // The link is recorded all the same; the pause of a failure keeps it from going on at full speed.
                    let reason = Reason::ours(
                        "CONTACT_UNSETTLED",
                        "each contact that is found leads to another one",
                    );
                    attempt.fail(reason, Blame::Record, true);
                }
            } else if attempt.blame().is_none() {
                user.links = 0;
            }
            match attempt.blame() {
                None => (user.failed_after, user.batch_limit) = (None, MAX_BATCH),
                Some(Blame::Nobody) => {}
                Some(Blame::Record) => {
                    charged = user.failed_after.is_some_and(|writes| self.writes > writes);
                    user.failed_after = Some(self.writes);
                }
            }
        }
        let claim_again = attempt.found_link() && attempt.blame().is_none();
        let verdict = attempt.into_verdict(charged);
        self.reports.waiting.push_back(Report {
            attempt: id,
            verdict,
            claim_again,
        });
    }

    pub(super) fn send_reports(&mut self) {
        while self.reports.out.len() < MOST_OUT && self.reports.paused_until <= self.now {
            let most = self
                .reports
                .together
                .unwrap_or(MAX_CLAIMS)
                .min(self.reports.waiting.len());
            let withdrawals = self.ripe_withdrawals();
            let reports: Vec<Report> = self.reports.waiting.drain(..most).collect();
            if reports.is_empty() && withdrawals.is_empty() {
                return;
            }
            let request = RequestId(self.draw());
            let mut again = Vec::new();
            for Report {
                attempt,
                verdict,
                claim_again,
            } in &reports
            {
                if self.wake_ups.place(&verdict.user_id) == Some(Stage::Working(*attempt)) {
                    self.wake_ups.move_to(&verdict.user_id, Stage::Recording(request));
                    again.extend(claim_again.then(|| verdict.user_id.clone()));
                }
            }
            let claim = self.next_claim(request, again);
            let verdicts = reports.iter().map(|report| report.verdict.clone()).collect();
            let record = ReportResults {
                holder: self.settings.holder.clone(),
                results: verdicts,
                retractions: withdrawals.clone(),
                claim,
            };
            self.outputs.push_back(Output::Report(request, record));
            let message = Message { reports, withdrawals };
            self.reports.out.insert(request, message);
        }
    }

    pub(super) fn recorded(&mut self, request: RequestId, answer: Result<ResultsReported, UserServiceError>) {
        let Some(message) = self.reports.out.remove(&request) else {
            return;
        };
        let Message { reports, withdrawals } = message;
        match answer {
            Ok(recorded) => {
                self.reports.troubles = 0;
                if self.reports.waiting.is_empty() {
                    self.reports.together = None;
                }
                self.owe_again(&withdrawals);
                self.verdicts_taken(request, &reports, recorded);
            }
            Err(error) => {
                self.reports.withdrawals.extend(withdrawals);
                self.verdicts_not_taken(request, reports, error);
                self.claimed(request, Err(UserServiceError::NoResponse));
            }
        }
    }

    fn verdicts_taken(&mut self, request: RequestId, reports: &[Report], recorded: ResultsReported) {
        let again = |user_id: &UserId| {
            recorded
                .claims
                .as_ref()
                .is_some_and(|given| is_named(given, user_id))
        };
        for ReportedUser { user_id, next } in &recorded.users {
            if self.wake_ups.place(user_id) != Some(Stage::Recording(request)) {
                continue;
            }
            match next {
                _ if again(user_id) => self.claiming_again(user_id, request),
                NextAction::Clean => self.settle(user_id),
                NextAction::Now => self.wake_ups.defer(user_id, self.now),
                // Whoever overtook it may not have settled it: claiming it says what it owes.
                NextAction::Superseded => self.wake_ups.queue(user_id),
                NextAction::Later { in_ms } => {
                    let at = self.now + Duration::from_millis(*in_ms);
                    self.wake_ups.defer(user_id, at);
                }
            }
        }
        for Report { verdict, .. } in reports {
            // Not in the answer, which should not be: claiming it says what it owes.
            if self.wake_ups.place(&verdict.user_id) == Some(Stage::Recording(request)) {
                self.wake_ups.queue(&verdict.user_id);
            }
        }
        let refused = recorded.claims_error.unwrap_or(ErrorCode::Unavailable);
        self.claimed(
            request,
            recorded.claims.ok_or(UserServiceError::Rejected(refused)),
        );
    }

    /// The same message claimed the user again; that answer tells what comes next. A wake-up that came since the
    /// message left stays fresh.
    fn claiming_again(&mut self, user_id: &UserId, request: RequestId) {
        if let Some(user) = self.wake_ups.get_mut(user_id) {
            user.stage = Stage::Claiming(request);
        }
    }

    fn verdicts_not_taken(&mut self, request: RequestId, reports: Vec<Report>, error: UserServiceError) {
        let not_understood = match error {
            UserServiceError::Rejected(ErrorCode::InvalidRequest | ErrorCode::Internal) => true,
            UserServiceError::Rejected(_) | UserServiceError::NoResponse => false,
        };
        let gives_up = not_understood && reports.len() == 1;
        for report in reports.into_iter().rev() {
            let user_id = report.verdict.user_id.clone();
            let mine = self.wake_ups.place(&user_id) == Some(Stage::Recording(request));
            if gives_up && mine {
                self.wake_ups.defer(&user_id, self.now + NOT_UNDERSTOOD_PAUSE);
            } else if mine {
                self.wake_ups.move_to(&user_id, Stage::Working(report.attempt));
            }
            if !gives_up {
                self.reports.waiting.push_front(report);
            }
        }
        if not_understood {
            self.reports.together = Some(1);
        } else {
            self.reports.paused_until =
                self.now + doubled(FIRST_PAUSE, self.reports.troubles).min(LONGEST_PAUSE);
            self.reports.troubles = self.reports.troubles.saturating_add(1);
        }
    }

    /// Acknowledges a wake-up, together with those before it that were not taken yet.
    pub(super) fn acknowledge(&mut self, ack: AckHandle) {
        if let Some(Output::Ack(acks)) = self.outputs.back_mut() {
            acks.push(ack);
        } else {
            self.outputs.push_back(Output::Ack(vec![ack]));
        }
    }
}

fn is_named(given: &contracts::UsersClaimed, user_id: &UserId) -> bool {
    given.claims.iter().any(|claim| claim.user_id == *user_id)
        || [&given.clean, &given.in_progress, &given.left_out]
            .into_iter()
            .any(|users| users.contains(user_id))
}
