//! Two workers: they renew the lease, claim, report, freeze and die.

use contracts::{AttemptResult, ChangeLease, LeaseAnswer, NextAction, delivery::LeaseAction};
use rand::RngExt;

use super::{
    super::verdicts::ACCOUNT,
    events::{Event, Task},
    world::{Fault, SECOND, USERS, World},
};
use crate::rules::{self, Claimed, UnixMs};

/// A worker; another life is another process.
#[derive(Debug, Default)]
pub(super) struct Worker {
    pub(super) frozen_until: UnixMs,
    pub(super) life: u32,
    epoch: Option<u64>,
}

/// The random id a worker drew.
fn holder(worker: usize, life: u32) -> String {
    format!("worker-{worker}-{life}")
}

impl World {
    pub(super) fn work(&mut self, worker: usize) {
        let pause = self.rng.random_range(300..1_000);
        self.plan(pause, Event::Work { worker });
        if self.workers[worker].frozen_until > self.now {
            return;
        }
        let ask = ChangeLease {
            holder: holder(worker, self.workers[worker].life),
            account_id: ACCOUNT.to_owned(),
            action: LeaseAction::Hold,
        };
        let answer = rules::change_lease(&mut self.lease, &ask, true, self.now, &self.terms);
        let LeaseAnswer::Granted { epoch, .. } = answer else {
            self.workers[worker].epoch = None;
            return;
        };
        self.workers[worker].epoch = Some(epoch);
        for user in std::mem::take(&mut self.stream) {
            self.claim(worker, user);
        }
        for user in 0..USERS {
            let left_open = self.rows[user]
                .open_attempt
                .as_ref()
                .is_some_and(|open| open.epoch < epoch);
            if left_open {
                self.claim(worker, user);
            }
        }
    }

    pub(super) fn claim(&mut self, worker: usize, user: usize) {
        let life = self.workers[worker].life;
        let holder = holder(worker, life);
        let holds = self.lease.holder.as_deref() == Some(&holder);
        let (Some(epoch), true) = (self.workers[worker].epoch, holds) else {
            return;
        };
        if epoch != self.lease.epoch || self.workers[worker].frozen_until > self.now {
            return;
        }
        let row = &mut self.rows[user];
        let claimed = rules::claim(row, &holder, epoch, ACCOUNT, self.now, &self.terms);
        // The answer may be lost.
        if let Claimed::Given(claim) = claimed
            && !self.bad_luck(0.1)
        {
            let pause = self.rng.random_range(0..100);
            let task = Task {
                worker,
                life,
                user,
                what: *claim,
            };
            self.plan(pause, Event::Send(Box::new(task)));
            // The worst moment for a worker to freeze is with a claim in hand.
            if self.bad_luck(0.05) {
                self.freeze_now(worker);
            }
        }
    }

    /// A worker repeats a report until it is answered; one that is killed does not.
    pub(super) fn report(&mut self, task: Task<AttemptResult>) {
        let worker = &self.workers[task.worker];
        if worker.life != task.life {
            return;
        }
        let frozen_for = worker.frozen_until - self.now;
        if frozen_for > 0 {
            return self.plan(frozen_for + 1, Event::Report(Box::new(task)));
        }
        let delay = self.rng.random_range(0..SECOND);
        let repeated = self.bad_luck(0.05);
        if self.bad_luck(0.1) {
            let pause = self.rng.random_range(SECOND..30 * SECOND);
            return self.plan(pause, Event::Report(Box::new(task)));
        }
        if repeated {
            let pause = self.rng.random_range(0..30 * SECOND);
            self.plan(pause, Event::Record(Box::new(task.clone())));
        }
        self.plan(delay, Event::Record(Box::new(task)));
    }

    pub(super) fn record(&mut self, task: Task<AttemptResult>) {
        let (user, mut verdict) = (task.user, task.what);
        let holder = holder(task.worker, task.life);
        let row = &mut self.rows[user];
        if self.fault == Some(Fault::EarlierVerdictsDropped) && verdict.attempt.get() < row.attempt {
            return;
        }
        let mut holder = holder;
        if self.fault == Some(Fault::VerdictsBorrowed) {
            verdict.attempt = row.attempt.try_into().unwrap();
            holder.clone_from(&row.holder);
        }
        let others = Vec::new();
        let effects = rules::report_result(row, &holder, verdict, others, self.now, &self.terms);
        let (worker, life) = (task.worker, task.life);
        let in_ms = match effects.next {
            NextAction::Now => 1,
            NextAction::Later { in_ms } => UnixMs::try_from(in_ms).unwrap(),
            NextAction::Clean | NextAction::Superseded => return,
        };
        // The answer may be lost.
        if !self.bad_luck(0.1) {
            self.plan(in_ms, Event::Wanted { worker, life, user });
        }
    }

    pub(super) fn freeze(&mut self) {
        if self.calm {
            return;
        }
        let worker = self.rng.random_range(0..2);
        self.freeze_now(worker);
        let pause = self.rng.random_range(5 * SECOND..60 * SECOND);
        self.plan(pause, Event::Freeze);
    }

    fn freeze_now(&mut self, worker: usize) {
        let longest = if self.long_freezes { 300 } else { 20 };
        let until = self.now + self.rng.random_range(SECOND..longest * SECOND);
        self.workers[worker].frozen_until = until;
    }

    pub(super) fn kill(&mut self) {
        if self.calm || self.long_freezes {
            return;
        }
        let worker = self.rng.random_range(0..2);
        self.workers[worker] = Worker {
            life: self.workers[worker].life + 1,
            ..Worker::default()
        };
        let pause = self.rng.random_range(20 * SECOND..200 * SECOND);
        self.plan(pause, Event::Kill);
    }
}
