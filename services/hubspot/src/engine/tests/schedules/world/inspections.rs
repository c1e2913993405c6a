//! Somebody compares users with their contacts.

use std::time::Duration;

use super::{Event, World};
use crate::engine::{Input, Inspection, InspectionId, Key};

/// How long one that is sent in time may take to be answered.
const LONGEST_CALL: Duration = Duration::from_secs(10);

impl World {
    /// All the while, from now on.
    pub(in super::super) fn inspect_all_the_while(&mut self) {
        self.at(Duration::ZERO, Event::Inspect);
    }

    pub(super) fn inspect(&mut self) {
        self.drawn += 1;
        let id = InspectionId(self.drawn);
        let inspection = Inspection {
            by: Key::Id,
            keys: vec!["c-u1".to_owned()],
        };
        let (until, next) = (self.now + self.up_to(5_000), self.now + self.up_to(3_000));
        self.inspecting.insert(id, until + LONGEST_CALL);
        self.at(next, Event::Inspect);
        self.tell(Input::Inspect {
            id,
            inspection,
            even_paused: true,
            until,
        });
    }
}
