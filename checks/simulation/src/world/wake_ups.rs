//! Wake-ups on their way: the relay of the user service, the stream, the worker that gets them.

use contracts::{Priority, UserChanged};
use hubspot::engine::{AckHandle, Input};
use user::operations::{WakePublishedUsers, WakeUsers};

use super::World;
use crate::{
    broker::{Held, Published},
    event::{Event, Process, Publication},
    fault::Fault,
    plan::{MINUTE, SECOND},
    transition::Transition,
    user_service::{Asker, Request, user_id, user_of},
};

/// How long the relay waits each time for an earlier wake-up of the user to leave the stream.
const PAUSES: [u64; 3] = [100, 400, 1_000];
/// After this time the broker delivers again what is not acknowledged.
const ACK_WAIT: u64 = 30 * SECOND;
/// The same where no wake-up may be lost: later than everything has to be at rest, so that it hides none that a worker forgets.
const ACK_WAIT_WITHOUT_LOSS: u64 = 10 * MINUTE;
/// The most users that one commit makes due when the stream has lost their wake-ups.
const MAX_ANNOUNCED: usize = 500;

impl World {
    /// The relay takes the wake-ups of a commit.
    pub(super) fn relay(&mut self, wake_ups: Vec<UserChanged>) {
        for change in wake_ups {
            self.due_at_once[user_of(&change.user_id)] = false;
            let at = self.now + self.random.between(1, 4);
            let publication = Publication {
                change,
                rejected: 0,
                life: self.users.life,
            };
            self.agenda.plan(at, Event::Publish(Box::new(publication)));
        }
    }

    pub(super) fn publish(&mut self, mut publication: Publication) {
        // The relay that had it is gone, and with it the space that it reserved.
        if publication.life != self.users.life {
            return;
        }
        if publication.rejected > 0 {
            self.users.capacity().reserve(1);
        }
        self.users.capacity().release();
        let user = user_of(&publication.change.user_id);
        if self.occurs(Fault::LostAnnouncement) {
            // The relay does not always notice.
            if self.random.chance(500) {
                self.wake_later(user);
            }
            return;
        }
        match self.broker.publish(user, publication.change.priority) {
            Published::Held(sequence) => {
                self.tally.transitions.add(Transition::Published);
                self.trace(|| format!("the wake-up of u{user} is published as {sequence}"));
                if self.occurs(Fault::LostConfirmation) {
                    self.wake_later(user);
                }
                self.send_wake_up(user, sequence);
            }
            Published::HeldEarlier => {
                self.tally.transitions.add(Transition::HeldEarlier);
                if publication.rejected == 0 && publication.change.priority == Priority::Live {
                    self.send_past_the_stream(user);
                }
                if let Some(pause) = PAUSES.get(publication.rejected) {
                    publication.rejected += 1;
                    let again = Event::Publish(Box::new(publication));
                    self.agenda.plan(self.now + pause, again);
                }
            }
            Published::Full => {
                self.tally.transitions.add(Transition::StreamFull);
                self.wake_later(user);
            }
        }
    }

    /// The relay sends a wake-up that the stream rejected to the workers that listen.
    fn send_past_the_stream(&mut self, user: usize) {
        if self.occurs(Fault::LostNotice) {
            self.claim_expected[user] = None;
            return;
        }
        for process in self.broker.listening() {
            let at = self.now + self.random.between(1, 8);
            self.agenda.plan(at, Event::Notify { process, user });
        }
    }

    /// A wake-up that did not come from the stream reaches a worker, unless that one no longer listens.
    pub(super) fn notify(&mut self, process: Process, user: usize) {
        if !self.broker.listening().contains(&process) {
            return;
        }
        self.tally.transitions.add(Transition::SentPastTheStream);
        let input = Input::WakeUp {
            user_id: user_id(user),
            priority: Priority::Live,
            ack: None,
        };
        self.tell(process, input);
    }

    /// A wake-up failed: its user is made due after a pause.
    fn wake_later(&mut self, user: usize) {
        let at = self.now + self.random.between(50, 10 * SECOND);
        self.agenda.plan(at, Event::WakeNow { user });
    }

    pub(super) fn wake_now(&mut self, user: usize) {
        let request = Request::Wake(WakeUsers(vec![user_id(user)]));
        self.request(Asker::Itself, request);
    }

    pub(super) fn wake_announced(&mut self) {
        let request = WakePublishedUsers { limit: MAX_ANNOUNCED };
        self.request(Asker::Itself, Request::WakeAnnounced(request));
    }

    fn send_wake_up(&mut self, user: usize, sequence: u64) {
        let Some((process, made)) = self.broker.serving() else {
            return;
        };
        let ack_wait = if self.plan.sweepless {
            ACK_WAIT_WITHOUT_LOSS
        } else {
            ACK_WAIT
        };
        self.agenda
            .plan(self.now + ack_wait, Event::Redeliver { sequence, made });
        let times = 1 + u64::from(self.occurs(Fault::DuplicateWakeUp));
        for time in 0..times {
            // A second copy may come when its user has been delivered and changed again.
            let is_late = time > 0 && self.random.chance(500);
            let slow = if is_late || self.occurs(Fault::SlowWakeUp) {
                5 * SECOND
            } else {
                8
            };
            let at = self.now + self.random.between(1, slow);
            self.agenda.plan(
                at,
                Event::Deliver {
                    process,
                    user,
                    sequence,
                    made,
                },
            );
        }
    }

    /// A wake-up reaches a worker, unless its consumer is gone.
    pub(super) fn deliver(&mut self, process: Process, user: usize, sequence: u64, made: u64) {
        if !self.broker.still_serves(process, made) {
            return;
        }
        let held = self.broker.held.get(&user);
        let input = Input::WakeUp {
            user_id: user_id(user),
            priority: held.map_or(Priority::Live, |held| held.priority),
            ack: Some(AckHandle {
                sequence,
                reply: sequence.to_string().into(),
            }),
        };
        self.tell(process, input);
    }

    /// A worker creates the consumer again for itself.
    pub(super) fn open_consumer(&mut self, process: Process) {
        for other in self.broker.open(process) {
            let at = self.now + self.random.between(100, 2 * SECOND);
            self.agenda.plan(at, Event::Consume(other));
        }
        let held: Vec<(usize, Held)> = self
            .broker
            .held
            .iter()
            .map(|(user, held)| (*user, *held))
            .collect();
        for (user, held) in held {
            self.send_wake_up(user, held.sequence);
        }
    }

    /// A worker that lost its consumer creates it again, unless it no longer wants wake-ups.
    pub(super) fn consume(&mut self, process: Process) {
        if let Some(thawed_at) = self.frozen_until(process) {
            return self.agenda.plan(thawed_at, Event::Consume(process));
        }
        self.broker.finish_remaking(process);
        if !self.is_alive(process) || !self.broker.is_wanted_by(process) {
            return;
        }
        self.tell(process, Input::WakeUpsDropped);
        self.open_consumer(process);
    }

    pub(super) fn acknowledge(&mut self, acks: Vec<AckHandle>) {
        for AckHandle { sequence, .. } in acks {
            let lost = self.occurs(Fault::LostAck);
            if !lost && self.broker.acknowledge(sequence) {
                self.tally.transitions.add(Transition::Acknowledged);
            }
        }
    }

    /// A wake-up that was not acknowledged in time is delivered again.
    pub(super) fn redeliver(&mut self, sequence: u64, made: u64) {
        if self.broker.serving().is_none_or(|(_, now)| now != made) {
            return;
        }
        let mut held = self.broker.held.iter();
        let held = held.find(|(_, held)| held.sequence == sequence);
        if let Some(user) = held.map(|(user, _)| *user) {
            self.tally.transitions.add(Transition::Redelivered);
            self.send_wake_up(user, sequence);
        }
    }

    /// Connections to the broker are cut. The workers create their consumers again within this time.
    pub(super) fn cut_broker(&mut self, longest: u64) {
        for process in self.broker.cut() {
            let at = self.now + self.random.between(100, longest);
            self.agenda.plan(at, Event::Consume(process));
        }
    }

    pub(super) fn lose_stream(&mut self, roll_back: bool) {
        self.broker.lose(roll_back);
        // A worker whose consumer is not known to an older stream notices that after a while.
        self.cut_broker(if roll_back { 20 * SECOND } else { 2 * SECOND });
        let at = self.now + self.random.between(100, 2 * SECOND);
        self.agenda.plan(at, Event::WakeAnnounced);
    }
}
