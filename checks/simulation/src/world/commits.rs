//! Requests to the user service, and its commits: when a batch is committed, what goes wrong with it, who gets an answer.

use std::{collections::BTreeSet, sync::Arc};

use contracts::{ErrorCode, SyncState, UpdateUser};
use user::{
    relay::{NextSweep, next_sweep, sweep_size},
    store::memory::MemoryFault,
};

use super::World;
use crate::{
    event::Event,
    fault::Fault,
    plan::SECOND,
    transition::Transition,
    user_service::{Answer, Answered, Asker, Commit, Job, MAX_WAITING, Request, Rows, is_unknown, user_of},
};

/// After fewer statements than this, one of two batches waits for the other.
const MAX_STATEMENTS: u64 = 6;

/// What may go wrong with a batch, and the faults of its database that do it.
const FAULTS_OF_A_COMMIT: [(Fault, &[MemoryFault]); 4] = [
    (
        Fault::BatchFails,
        // The second one also fails the first of the operations that are then committed one by one.
        &[MemoryFault::StatementFails, MemoryFault::StatementFails],
    ),
    (Fault::BeginFails, &[MemoryFault::BeginFails]),
    (Fault::CommitLost, &[MemoryFault::CommitLost]),
    (Fault::CommitUnconfirmed, &[MemoryFault::AnswerLost]),
];

impl World {
    /// A request reaches the user service. While that is down, nothing happens to it.
    pub(crate) fn request(&mut self, asker: Asker, request: Request) {
        if self.service_has(Fault::ServiceDown) {
            return self.not_served(asker, &request);
        }
        let (number, waiting) = self.users.enqueue(asker, request);
        if waiting >= MAX_WAITING {
            self.commit(number);
        } else if waiting == 1 {
            let at = self.now + self.random.between(0, self.plan.longest_commit);
            let life = self.users.life;
            self.agenda.plan(at, Event::Commit { number, life });
        }
    }

    /// The process of the user service ends, and another one starts. What was not committed is gone.
    pub(super) fn restart_service(&mut self) {
        for (asker, request) in self.users.restart() {
            self.not_served(asker, &request);
        }
    }

    /// A committer's batch is committed.
    pub(super) fn commit(&mut self, number: usize) {
        let is_free = !self.service_has(Fault::ServiceUnavailable);
        if is_free && self.users.wait_for_both() && self.do_batches_overlap() {
            let statements = u32::try_from(self.random.below(MAX_STATEMENTS)).unwrap_or(0);
            for commit in self.users.commit_both(number, statements, self.now) {
                self.check_not_contended(&commit);
                self.observe_commit(commit, false);
            }
            return;
        }
        let unknown_is_applied = self.plant_commit_fault();
        let commit = self.users.commit(number, self.now);
        self.users.faults().clear();
        self.observe_commit(commit, unknown_is_applied);
    }

    /// P1: a batch that needs rows of another one begins again and waits for them. None of its operations fails.
    fn check_not_contended(&mut self, commit: &Commit) {
        let is_failed = |job: &&Job| {
            let error = job.answered.as_ref().and_then(|answered| answered.as_ref().err());
            error.is_some_and(|error| error.code == ErrorCode::Unavailable)
        };
        if commit.jobs.iter().any(|job| job.times > 1) {
            self.tally.transitions.add(Transition::BegunAgain);
        }
        if let Some(job) = commit.jobs.iter().find(is_failed) {
            self.fail(&format!(
                "P1: an operation failed because two batches overlapped: {:?}",
                job.request
            ));
        }
    }

    /// Draws whether two batches overlap. They seldom wait at the same time, so of those that do most overlap.
    fn do_batches_overlap(&mut self) -> bool {
        let overlap = self.plan.has(Fault::BatchesOverlap) && self.random.chance(900);
        if overlap {
            self.tally.faults.add(Fault::BatchesOverlap);
        }
        overlap
    }

    /// What a commit did is checked, and passed on.
    fn observe_commit(&mut self, commit: Commit, unknown_is_applied: bool) {
        let Commit {
            mut jobs,
            stored,
            wake_ups,
            resolved,
        } = commit;
        if jobs.len() > 1 {
            self.tally.transitions.add(Transition::SeveralInABatch);
        }
        let mut rows = RowsSoFar {
            rows: self.users.replace(stored),
            is_swept_for_nothing: BTreeSet::new(),
        };
        for job in &mut jobs {
            let is_applied = match &job.answered {
                None => {
                    self.fail(&format!("P1: an operation is never answered: {:?}", job.request));
                    false
                }
                Some(Ok(_)) => true,
                Some(Err(error)) => {
                    self.trace(|| format!("{:?}: {:?}", job.request, error.code));
                    self.count_rejection(&job.request, error.code, job.is_done);
                    job.is_done && is_unknown(error) && unknown_is_applied
                }
            };
            if is_applied {
                self.check_predecessors(job, &rows);
                // What it loaded only while it acted was as the batch, or what is stored, says.
                for user in job.after.keys() {
                    let stored = || Arc::clone(&self.users.rows[*user]);
                    let left = || rows.rows.get(user).cloned().unwrap_or_else(stored);
                    job.before.entry(*user).or_insert_with(left);
                }
                self.observe_job(job, &mut rows);
                rows.rows.append(&mut job.after);
            }
        }
        self.check_stored(&rows);
        for resolved in &resolved {
            if resolved.state == SyncState::Pending {
                self.fail(&format!("P4: a notice says that this is resolved: {resolved:?}"));
            }
        }
        // Where nothing may be lost, the sweep must not hide that a wake-up was.
        let is_needed = |user: &usize| !rows.is_swept_for_nothing.contains(user);
        let (needed, not_needed): (Vec<_>, Vec<_>) = wake_ups
            .into_iter()
            .partition(|change| is_needed(&user_of(&change.user_id)));
        for _ in &not_needed {
            self.users.capacity().release();
        }
        self.relay(needed);
        if self.plan.has(Fault::NarrowStream) && self.users.capacity().available() == 0 {
            self.tally.faults.add(Fault::NarrowStream);
        }
        for job in jobs {
            let Job {
                asker,
                request,
                answered,
                ..
            } = job;
            if let Some(answered) = answered {
                self.pass_on(asker, request, answered);
            }
        }
    }

    /// Draws what goes wrong with the next commit. Returns whether it is applied if its outcome is said to be unknown.
    fn plant_commit_fault(&mut self) -> bool {
        let faults = self.users.faults();
        if self.service_has(Fault::ServiceUnavailable) {
            faults.plant(MemoryFault::BeginFails);
            return false;
        }
        for (fault, planted) in FAULTS_OF_A_COMMIT {
            if !self.occurs(fault) {
                continue;
            }
            let several = fault == Fault::BatchFails && self.random.chance(500);
            let count = if several { planted.len() } else { 1 };
            planted[..count].iter().for_each(|planted| faults.plant(*planted));
            self.trace(|| format!("{fault:?}"));
            return fault == Fault::CommitUnconfirmed;
        }
        false
    }

    /// `is_done` says whether the operation was done and only its commit was not confirmed.
    fn count_rejection(&mut self, request: &Request, code: ErrorCode, is_done: bool) {
        let rejected = match (request, code) {
            (Request::Update(_) | Request::Import(_), ErrorCode::InvalidRequest) => {
                return self.fail(&format!("no caller sends this: {request:?}"));
            }
            (Request::Update(update), ErrorCode::OutcomeUnknown) if !is_done && is_second_try(update) => {
                Transition::OutcomeUnknown
            }
            (
                Request::Update(_) | Request::Import(_),
                ErrorCode::VersionMismatch | ErrorCode::KeyReused | ErrorCode::EmailRequired,
            ) => Transition::ChangeRejected,
            (Request::Claim(_), ErrorCode::StaleEpoch) => Transition::StaleEpoch,
            (Request::Link(_), ErrorCode::ContactHeld) => Transition::ContactHeld,
            _ => return,
        };
        self.tally.transitions.add(rejected);
    }

    /// P1: each operation of a batch acts on the rows that those before it left.
    fn check_predecessors(&mut self, job: &Job, rows: &RowsSoFar) {
        for (user, seen) in &job.before {
            let left = rows.rows.get(user).unwrap_or(&self.users.rows[*user]);
            if seen != left {
                let request = &job.request;
                return self.fail(&format!("P1: {request:?} acted on {seen:?} instead of {left:?}"));
            }
        }
    }

    /// P1: what was answered is stored, and nothing else is.
    fn check_stored(&mut self, rows: &RowsSoFar) {
        for row in rows.rows.values() {
            self.check_overall_state(row);
        }
        let other = rows
            .rows
            .iter()
            .find(|(user, row)| **row != self.users.rows[**user]);
        if let Some((user, row)) = other {
            let stored = &self.users.rows[*user];
            self.fail(&format!("P1: {stored:?} is stored instead of {row:?}"));
        }
    }

    /// An answer, or an error, goes back to its asker.
    fn pass_on(&mut self, asker: Asker, request: Request, answered: Answered) {
        match asker {
            Asker::Worker(request) => self.answer_worker(&request, answered),
            Asker::Caller => {
                if let Err(error) = answered {
                    self.perhaps_send_again(request, error.code);
                }
            }
            Asker::Operator => {
                if let Err(error) = answered {
                    self.operator_was_rejected(request, error.code);
                }
            }
            Asker::Itself => {
                if let Request::Sweep(sweep) = request {
                    let next = match answered {
                        Ok(Answer::Swept(due)) => next_sweep(sweep, due),
                        _ => NextSweep::AfterInterval,
                    };
                    self.after_sweep(next);
                }
            }
            Asker::Nobody => {}
        }
    }

    /// A request is lost with the service.
    fn not_served(&mut self, asker: Asker, request: &Request) {
        match asker {
            Asker::Worker(request) => self.leave_unanswered(&request),
            Asker::Caller => self.perhaps_send_again(request.clone(), ErrorCode::OutcomeUnknown),
            Asker::Operator => self.operator_was_rejected(request.clone(), ErrorCode::OutcomeUnknown),
            Asker::Itself => {
                if matches!(request, Request::Sweep(_)) {
                    self.after_sweep(NextSweep::AfterInterval);
                }
            }
            Asker::Nobody => {}
        }
    }

    /// The user service asks the stream how many wake-ups it holds, and looks for users that are due.
    pub(super) fn sweep(&mut self) {
        if self.service_has(Fault::ServiceDown) {
            return self.after_sweep(NextSweep::AfterInterval);
        }
        let mut held = self.broker.held.len();
        // The answer of the stream may be older than the last wake-ups.
        if self.plan.has(Fault::NarrowStream) && self.random.chance(100) {
            held = held.saturating_sub(self.random.index(4));
        }
        self.users.learn_held(held);
        let available = self.users.capacity().available();
        let size = if self.plan.has(Fault::NarrowStream) {
            // The parts of the stream that the sweep fills are made for the usual window.
            let live = usize::try_from(available).unwrap_or(usize::MAX);
            let backfill = live.div_ceil(2);
            (live > 0).then_some(user::operations::SweepUsers { live, backfill })
        } else {
            sweep_size(available)
        };
        match size {
            Some(size) => self.request(Asker::Itself, Request::Sweep(size)),
            None => self.after_sweep(NextSweep::AfterInterval),
        }
    }

    fn after_sweep(&mut self, next: NextSweep) {
        self.look_at_time();
        let pause = match next {
            NextSweep::AtOnce => 1,
            NextSweep::Soon => 100,
            NextSweep::AfterInterval => self.random.between(SECOND * 9 / 10, SECOND * 11 / 10),
        };
        self.agenda.plan(self.now + pause, Event::Sweep);
    }
}

/// Whether only its number tells that it was made before.
fn is_second_try(update: &UpdateUser) -> bool {
    let first_try = update.sender_try.and_then(|sent| sent.first_try_age_ms);
    update.idempotency_key.is_none() && first_try.is_some()
}

/// The rows as the operations of a batch left them so far.
pub(super) struct RowsSoFar {
    pub(super) rows: Rows,
    /// Users that the sweep woke only because nobody had delivered them for long.
    pub(super) is_swept_for_nothing: BTreeSet<usize>,
}
