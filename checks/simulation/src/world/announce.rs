//! Announcements on their way: the relay, the stream, the worker that is served from it.

use contracts::Priority;
use hubspot::engine::{AckHandle, Input};

use super::World;
use crate::{
    broker::Published,
    event::{Event, Process},
    fault::Fault,
    plan::SECOND,
    transition::Transition,
    user_service::user_id,
};

/// How long the relay waits for the wake-up that the stream holds to go.
const PAUSES: [u64; 3] = [100, 400, 1_000];
/// After this time the broker delivers again what is not acknowledged.
const ACK_WAIT: u64 = 30 * SECOND;

impl World {
    /// Announces whom the last transaction said to announce.
    pub(crate) fn announce_all(&mut self) {
        for user in std::mem::take(&mut self.users.announcements) {
            let at = self.now + self.random.between(1, 4);
            self.agenda.plan(at, Event::Announce { user, discarded: 0 });
        }
    }

    pub(super) fn announce(&mut self, user: usize, discarded: usize) {
        if self.strikes(Fault::LostAnnouncement) {
            // Not always noticed.
            if self.random.chance(500) {
                self.wake_later(user);
            }
            return;
        }
        match self.broker.publish(user) {
            Published::Held(sequence) => {
                self.tally.transitions.add(Transition::Announced);
                self.trace(|| format!("u{user} is announced as {sequence}"));
                if self.strikes(Fault::LostConfirmation) {
                    self.wake_later(user);
                }
                self.send_wake_up(user, sequence);
            }
            Published::Discarded => {
                self.tally.transitions.add(Transition::Discarded);
                if let Some(pause) = PAUSES.get(discarded) {
                    let discarded = discarded + 1;
                    self.agenda
                        .plan(self.now + pause, Event::Announce { user, discarded });
                }
            }
            Published::Full => {
                self.tally.transitions.add(Transition::StreamFull);
                self.tally.faults.add(Fault::NarrowStream);
                self.wake_later(user);
            }
        }
    }

    /// The announcement failed: its user is made due after a pause.
    fn wake_later(&mut self, user: usize) {
        let at = self.now + self.random.between(50, 10 * SECOND);
        self.agenda.plan(at, Event::WakeNow { user });
    }

    fn send_wake_up(&mut self, user: usize, sequence: u64) {
        let Some((process, made)) = self.broker.serving() else {
            return;
        };
        self.agenda
            .plan(self.now + ACK_WAIT, Event::Redeliver { sequence, made });
        let times = 1 + u64::from(self.strikes(Fault::DuplicateWakeUp));
        for _ in 0..times {
            let slow = if self.strikes(Fault::SlowWakeUp) {
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

    /// What was sent before the consumer was lost is dropped.
    pub(super) fn deliver(&mut self, process: Process, user: usize, sequence: u64, made: u64) {
        if !self.broker.still_serves(process, made) {
            return;
        }
        // What the announcement said of the lane is close enough to what the row says.
        let priority = if self.users.rows[user].is_dirty() {
            self.users.priority(user)
        } else {
            Priority::Live
        };
        let input = Input::WakeUp {
            user_id: user_id(user),
            priority,
            ack: AckHandle {
                sequence,
                reply: sequence.to_string().into(),
            },
        };
        self.tell(process, input);
    }

    /// A worker makes the consumer anew for itself.
    pub(super) fn open_consumer(&mut self, process: Process) {
        for other in self.broker.open(process) {
            let at = self.now + self.random.between(100, 2 * SECOND);
            self.agenda.plan(at, Event::Consume(other));
        }
        let held: Vec<(usize, u64)> = self
            .broker
            .held
            .iter()
            .map(|(user, held)| (*user, *held))
            .collect();
        for (user, sequence) in held {
            self.send_wake_up(user, sequence);
        }
    }

    /// A worker that lost its consumer makes it anew, unless it wants none any more.
    pub(super) fn consume(&mut self, process: Process) {
        if let Some(thawed_at) = self.frozen_until(process) {
            return self.agenda.plan(thawed_at, Event::Consume(process));
        }
        self.broker.is_remaking(process);
        if !self.is_alive(process) || !self.broker.is_wanted_by(process) {
            return;
        }
        self.tell(process, Input::WakeUpsDropped);
        self.open_consumer(process);
    }

    pub(super) fn acknowledge(&mut self, acks: Vec<AckHandle>) {
        for AckHandle { sequence, .. } in acks {
            let lost = self.strikes(Fault::LostAck);
            if !lost && self.broker.acknowledge(sequence) {
                self.tally.transitions.add(Transition::Acknowledged);
            }
        }
    }

    /// What the worker has not acknowledged for so long is delivered again.
    pub(super) fn redeliver(&mut self, sequence: u64, made: u64) {
        if self.broker.serving().is_none_or(|(_, now)| now != made) {
            return;
        }
        let held = self.broker.held.iter().find(|(_, held)| **held == sequence);
        if let Some(user) = held.map(|(user, _)| *user) {
            self.tally.transitions.add(Transition::Redelivered);
            self.send_wake_up(user, sequence);
        }
    }

    /// Connections to the broker are cut; the stream may have lost something.
    pub(super) fn cut_broker(&mut self, longest: u64) {
        for process in self.broker.cut() {
            let at = self.now + self.random.between(100, longest);
            self.agenda.plan(at, Event::Consume(process));
        }
    }

    pub(super) fn lose_stream(&mut self, roll_back: bool) {
        self.broker.lose(roll_back);
        // A worker whose consumer knows nothing of an older stream notices that after a while.
        self.cut_broker(if roll_back { 20 * SECOND } else { 2 * SECOND });
        let at = self.now + self.random.between(100, 2 * SECOND);
        self.agenda.plan(at, Event::WakeAnnounced);
    }
}
