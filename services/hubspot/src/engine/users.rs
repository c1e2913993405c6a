//! The users that want attention, and where each of them is on its way. One entry for each, however many wake-ups.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use contracts::{Priority, UserId};

use super::{AckHandle, AttemptId, MAX_BATCH, RequestId};

/// Where a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Waits to be claimed, in its lane, in this order.
    Waiting(u64),
    /// Named in a claim that is out.
    Claiming(RequestId),
    /// Claimed; its attempt is in work, or its verdict waits to be sent.
    Working(AttemptId),
    /// Its verdict is being recorded.
    Recording(RequestId),
    /// Claimed again at this time.
    Later(Duration),
}

/// One user.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) stage: Stage,
    pub(crate) priority: Priority,
    /// What acknowledges its wake-up; none for a row left open by another worker, or after a disconnect.
    ack: Option<AckHandle>,
    /// A wake-up came after the request that is out was sent, so its answer may not know of the change.
    fresh: bool,
    /// The most records it may share a batch with, after batches with it failed.
    pub(crate) batch_limit: usize,
    /// How many writes had succeeded when it last failed alone, its own not counted.
    pub(crate) failed_after: Option<u64>,
    /// Not before this time, after a lock.
    pub(crate) not_before: Duration,
    /// How many verdicts running brought nothing but another link.
    pub(crate) links: u32,
}

/// All users that want attention.
#[derive(Debug, Default)]
pub(crate) struct WakeUps {
    by_id: BTreeMap<UserId, User>,
    live: BTreeMap<u64, UserId>,
    backfill: BTreeMap<u64, UserId>,
    due: BTreeSet<(Duration, UserId)>,
    drawn: u64,
}

impl WakeUps {
    pub(crate) fn get_mut(&mut self, user_id: &UserId) -> Option<&mut User> {
        self.by_id.get_mut(user_id)
    }

    pub(crate) fn place(&self, user_id: &UserId) -> Option<Stage> {
        self.by_id.get(user_id).map(|user| user.stage)
    }

    /// A wake-up: a user in work keeps its place, a waiting one too, unless it becomes more urgent.
    pub(crate) fn wake(&mut self, user_id: &UserId, priority: Priority, ack: AckHandle) {
        let user = self.enter(user_id, priority);
        // An older one that is delivered again, and late, was acknowledged before.
        let is_older = user
            .ack
            .as_ref()
            .is_some_and(|known| ack.sequence < known.sequence);
        if !is_older {
            user.ack = Some(ack);
        }
        let urgent = priority < user.priority;
        user.priority = user.priority.min(priority);
        match user.stage {
            Stage::Claiming(_) | Stage::Recording(_) => user.fresh = true,
            // It need not wait for the end of a pause any more, but for the end of a lock.
            Stage::Later(_) => self.defer(user_id, Duration::ZERO),
            Stage::Waiting(_) if urgent => self.queue(user_id),
            Stage::Working(_) | Stage::Waiting(_) => {}
        }
    }

    /// The user's entry; a new one waits in its lane.
    pub(crate) fn enter(&mut self, user_id: &UserId, priority: Priority) -> &mut User {
        if !self.by_id.contains_key(user_id) {
            let user = User {
                stage: Stage::Later(Duration::ZERO),
                priority,
                ack: None,
                fresh: false,
                batch_limit: MAX_BATCH,
                failed_after: None,
                not_before: Duration::ZERO,
                links: 0,
            };
            self.by_id.insert(user_id.clone(), user);
            self.queue(user_id);
        }
        self.by_id.get_mut(user_id).expect("it was entered above")
    }

    /// Moves a user to another place.
    pub(crate) fn move_to(&mut self, user_id: &UserId, place: Stage) {
        let Some(user) = self.by_id.get_mut(user_id) else {
            return;
        };
        match user.stage {
            Stage::Waiting(order) => {
                self.live.remove(&order);
                self.backfill.remove(&order);
            }
            Stage::Later(at) => {
                self.due.remove(&(at, user_id.clone()));
            }
            Stage::Claiming(_) | Stage::Working(_) | Stage::Recording(_) => {}
        }
        user.stage = place;
        match place {
            Stage::Waiting(order) if user.priority == Priority::Live => {
                drop(self.live.insert(order, user_id.clone()));
            }
            Stage::Waiting(order) => drop(self.backfill.insert(order, user_id.clone())),
            Stage::Later(at) => drop(self.due.insert((at, user_id.clone()))),
            // What was announced before a request leaves is known to whoever answers it.
            Stage::Claiming(_) | Stage::Recording(_) => user.fresh = false,
            Stage::Working(_) => {}
        }
    }

    /// Puts a user at the end of its lane.
    pub(crate) fn queue(&mut self, user_id: &UserId) {
        self.drawn += 1;
        self.move_to(user_id, Stage::Waiting(self.drawn));
    }

    /// Puts a user aside until then, or until its lock is over.
    pub(crate) fn defer(&mut self, user_id: &UserId, at: Duration) {
        if let Some(user) = self.by_id.get(user_id) {
            let at = at.max(user.not_before);
            self.move_to(user_id, Stage::Later(at));
        }
    }

    /// It owes nothing. Its wake-up is returned to be acknowledged, unless a newer one says to ask once more.
    pub(crate) fn resolve(&mut self, user_id: &UserId) -> Option<AckHandle> {
        if self.by_id.get(user_id)?.fresh {
            self.queue(user_id);
            return None;
        }
        // The place is cleared from every index before the entry goes.
        self.move_to(user_id, Stage::Working(AttemptId(0)));
        self.by_id.remove(user_id)?.ack
    }

    /// Lets users wait whose time has come.
    pub(crate) fn release_due(&mut self, now: Duration) {
        while let Some((at, user_id)) = self.due.first().cloned() {
            if at > now {
                return;
            }
            self.queue(&user_id);
        }
    }

    /// The earliest time at which [`Users::release_due`] has something to do.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes up to so many waiting users into a claim: live first, in order.
    pub(crate) fn take(&mut self, most: usize, request: RequestId) -> Vec<UserId> {
        let taken: Vec<UserId> = self
            .live
            .values()
            .chain(self.backfill.values())
            .take(most)
            .cloned()
            .collect();
        for user_id in &taken {
            self.move_to(user_id, Stage::Claiming(request));
        }
        taken
    }

    /// The first that waits, live first, or else is put aside without a lock, and of which that is true.
    pub(crate) fn find_idle(&self, now: Duration, is_wanted: impl Fn(&UserId) -> bool) -> Option<UserId> {
        let waiting = self.live.values().chain(self.backfill.values());
        let aside = self.due.iter().map(|(_, user_id)| user_id);
        let aside =
            aside.filter(|user_id| self.by_id.get(user_id).is_some_and(|user| user.not_before <= now));
        waiting.chain(aside).find(|user_id| is_wanted(user_id)).cloned()
    }

    /// How many users wait.
    pub(crate) fn queued(&self) -> usize {
        self.live.len() + self.backfill.len()
    }

    /// Whether a batch with one of those who wait has failed before.
    pub(crate) fn anyone_waits_in_a_smaller_batch(&self) -> bool {
        let mut waiting = self.live.values().chain(self.backfill.values());
        waiting.any(|user_id| {
            self.by_id
                .get(user_id)
                .is_some_and(|user| user.batch_limit < MAX_BATCH)
        })
    }

    /// How many users are known.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Wake-ups given before mean nothing any more: users that only wait are dropped, the others go on without.
    pub(crate) fn drop_acks(&mut self) {
        let waiting: Vec<UserId> = self
            .live
            .values()
            .chain(self.backfill.values())
            .cloned()
            .collect();
        self.live.clear();
        self.backfill.clear();
        for user_id in waiting {
            self.by_id.remove(&user_id);
        }
        for user in self.by_id.values_mut() {
            user.ack = None;
        }
    }

    /// Forgets everybody.
    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests;
