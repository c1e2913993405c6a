//! A model of the stream of wake-ups: one message for each user, delivered again after a disconnect.

use contracts::{Priority, UserId};

use super::World;
use crate::engine::{AckHandle, Input};

/// A wake-up in the stream; a later one takes its place.
#[derive(Default)]
pub(super) struct Message {
    sequence: u64,
    delivered: bool,
}

impl World {
    pub(super) fn announce(&mut self, user: UserId) {
        self.drawn += 1;
        let message = self.stream.entry(user).or_default();
        *message = Message {
            sequence: self.drawn,
            delivered: false,
        };
        self.deliver();
    }

    pub(super) fn deliver_again(&mut self) {
        self.stream
            .values_mut()
            .for_each(|message| message.delivered = false);
        self.deliver();
    }

    fn deliver(&mut self) {
        if !self.consuming {
            return;
        }
        let mut inputs = Vec::new();
        for (user_id, message) in self.stream.iter_mut().filter(|(_, message)| !message.delivered) {
            message.delivered = true;
            let ack = AckHandle {
                sequence: message.sequence,
                reply: format!("{user_id}#{}", message.sequence).into(),
            };
            inputs.push(Input::WakeUp {
                user_id: user_id.clone(),
                priority: Priority::Live,
                ack,
            });
        }
        for input in inputs {
            self.later(input);
        }
    }

    pub(super) fn acknowledge(&mut self, handle: &str) {
        let (user, sequence) = handle.split_once('#').expect("a handle as it was given");
        let user: UserId = user.parse().expect("a valid id");
        if self
            .stream
            .get(&user)
            .is_some_and(|message| message.sequence.to_string() == sequence)
        {
            self.stream.remove(&user);
        }
    }
}
