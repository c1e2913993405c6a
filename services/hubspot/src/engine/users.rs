//! The users that want attention, and where each of them is on its way. One entry for each, however many wake-ups.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use contracts::{Lane, UserId};

use super::{AckHandle, AttemptId, MAX_BATCH, RequestId};

/// Where a user is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
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
    pub(crate) place: Place,
    pub(crate) lane: Lane,
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
pub(crate) struct Users {
    by_id: BTreeMap<UserId, User>,
    live: BTreeMap<u64, UserId>,
    backfill: BTreeMap<u64, UserId>,
    due: BTreeSet<(Duration, UserId)>,
    drawn: u64,
}

impl Users {
    pub(crate) fn get_mut(&mut self, user_id: &UserId) -> Option<&mut User> {
        self.by_id.get_mut(user_id)
    }

    pub(crate) fn place(&self, user_id: &UserId) -> Option<Place> {
        self.by_id.get(user_id).map(|user| user.place)
    }

    /// A wake-up: a user in work keeps its place, a waiting one too, unless it becomes more urgent.
    pub(crate) fn wake(&mut self, user_id: &UserId, lane: Lane, ack: AckHandle) {
        let user = self.enter(user_id, lane);
        user.ack = Some(ack);
        let urgent = lane < user.lane;
        user.lane = user.lane.min(lane);
        match user.place {
            Place::Claiming(_) | Place::Recording(_) => user.fresh = true,
            // It need not wait for the end of a pause any more, but for the end of a lock.
            Place::Later(_) => self.wait_until(user_id, Duration::ZERO),
            Place::Waiting(_) if urgent => self.wait(user_id),
            Place::Working(_) | Place::Waiting(_) => {}
        }
    }

    /// The user's entry; a new one waits in its lane.
    pub(crate) fn enter(&mut self, user_id: &UserId, lane: Lane) -> &mut User {
        if !self.by_id.contains_key(user_id) {
            let user = User {
                place: Place::Later(Duration::ZERO),
                lane,
                ack: None,
                fresh: false,
                batch_limit: MAX_BATCH,
                failed_after: None,
                not_before: Duration::ZERO,
                links: 0,
            };
            self.by_id.insert(user_id.clone(), user);
            self.wait(user_id);
        }
        self.by_id.get_mut(user_id).expect("it was entered above")
    }

    /// Moves a user to another place.
    pub(crate) fn move_to(&mut self, user_id: &UserId, place: Place) {
        let Some(user) = self.by_id.get_mut(user_id) else {
            return;
        };
        match user.place {
            Place::Waiting(order) => {
                self.live.remove(&order);
                self.backfill.remove(&order);
            }
            Place::Later(at) => {
                self.due.remove(&(at, user_id.clone()));
            }
            Place::Claiming(_) | Place::Working(_) | Place::Recording(_) => {}
        }
        user.place = place;
        match place {
            Place::Waiting(order) if user.lane == Lane::Live => {
                drop(self.live.insert(order, user_id.clone()));
            }
            Place::Waiting(order) => drop(self.backfill.insert(order, user_id.clone())),
            Place::Later(at) => drop(self.due.insert((at, user_id.clone()))),
            // What was announced before a request leaves is known to whoever answers it.
            Place::Claiming(_) | Place::Recording(_) => user.fresh = false,
            Place::Working(_) => {}
        }
    }

    /// Puts a user at the end of its lane.
    pub(crate) fn wait(&mut self, user_id: &UserId) {
        self.drawn += 1;
        self.move_to(user_id, Place::Waiting(self.drawn));
    }

    /// Puts a user aside until then, or until its lock is over.
    pub(crate) fn wait_until(&mut self, user_id: &UserId, at: Duration) {
        if let Some(user) = self.by_id.get(user_id) {
            let at = at.max(user.not_before);
            self.move_to(user_id, Place::Later(at));
        }
    }

    /// It owes nothing. Its wake-up is returned to be acknowledged, unless a newer one says to ask once more.
    pub(crate) fn settle(&mut self, user_id: &UserId) -> Option<AckHandle> {
        if self.by_id.get(user_id)?.fresh {
            self.wait(user_id);
            return None;
        }
        // The place is cleared from every index before the entry goes.
        self.move_to(user_id, Place::Working(AttemptId(0)));
        self.by_id.remove(user_id)?.ack
    }

    /// Lets users wait whose time has come.
    pub(crate) fn release_due(&mut self, now: Duration) {
        while let Some((at, user_id)) = self.due.first().cloned() {
            if at > now {
                return;
            }
            self.wait(&user_id);
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
            self.move_to(user_id, Place::Claiming(request));
        }
        taken
    }

    /// Whether a user waits.
    pub(crate) fn any_waiting(&self) -> bool {
        !self.live.is_empty() || !self.backfill.is_empty()
    }

    /// How many users are known.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.by_id.len()
    }

    /// Wake-ups given before mean nothing any more: users that only wait are dropped, the others go on without.
    pub(crate) fn drop_wakeups(&mut self) {
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
        *self = Self {
            drawn: self.drawn,
            ..Self::default()
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(text: &str) -> UserId {
        text.parse().expect("a valid id")
    }

    fn ack(text: &str) -> AckHandle {
        AckHandle(text.into())
    }

    const REQUEST: RequestId = RequestId(1);

    #[test]
    fn live_users_go_before_backfill_each_in_order() {
        let mut users = Users::default();
        for (name, lane) in [
            ("a", Lane::Backfill),
            ("b", Lane::Live),
            ("c", Lane::Backfill),
            ("d", Lane::Live),
        ] {
            users.wake(&id(name), lane, ack(name));
        }
        assert_eq!(users.take(3, REQUEST), [id("b"), id("d"), id("a")]);
    }

    #[test]
    fn a_second_wake_up_keeps_the_place_of_the_first_and_a_more_urgent_one_moves_ahead() {
        let mut users = Users::default();
        users.wake(&id("a"), Lane::Backfill, ack("1"));
        users.wake(&id("b"), Lane::Backfill, ack("2"));
        users.wake(&id("a"), Lane::Backfill, ack("3"));
        assert_eq!(users.take(1, REQUEST), [id("a")]);
        users.wake(&id("c"), Lane::Backfill, ack("4"));
        users.wake(&id("c"), Lane::Live, ack("5"));
        assert_eq!(users.take(2, REQUEST), [id("c"), id("b")]);
    }

    #[test]
    fn a_wake_up_that_comes_after_the_request_left_is_not_acknowledged_by_its_answer() {
        let mut users = Users::default();
        users.wake(&id("a"), Lane::Live, ack("old"));
        users.take(1, REQUEST);
        users.wake(&id("a"), Lane::Live, ack("new"));
        assert_eq!(users.settle(&id("a")), None);
        assert_eq!(users.take(1, REQUEST), [id("a")]);
        assert_eq!(users.settle(&id("a")), Some(ack("new")));
        assert_eq!(users.len(), 0);
    }

    #[test]
    fn a_disconnect_drops_who_only_waits_and_the_handles_of_the_others() {
        let mut users = Users::default();
        users.wake(&id("a"), Lane::Live, ack("1"));
        users.take(1, REQUEST);
        users.wake(&id("b"), Lane::Live, ack("2"));
        users.drop_wakeups();
        assert_eq!(users.len(), 1);
        assert_eq!(users.settle(&id("a")), None);
        assert_eq!(users.len(), 0);
    }

    #[test]
    fn a_user_put_aside_waits_again_when_its_time_has_come() {
        let mut users = Users::default();
        users.wake(&id("a"), Lane::Live, ack("1"));
        users.take(1, REQUEST);
        users.wait_until(&id("a"), Duration::from_secs(5));
        users.release_due(Duration::from_secs(4));
        assert!(!users.any_waiting());
        assert_eq!(users.next_due(), Some(Duration::from_secs(5)));
        users.release_due(Duration::from_secs(5));
        assert_eq!(users.take(9, REQUEST), [id("a")]);
    }
}
