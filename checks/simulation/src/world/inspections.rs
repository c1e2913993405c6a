//! Somebody compares users with their contacts meanwhile: contacts are read when nothing else wants to be sent.

use std::time::Duration;

use hubspot::engine::{ContactKey, Input, Inspection, InspectionId};

use super::World;
use crate::{
    agenda::Time,
    event::{Event, Process},
    hubspot_model::HubSpotModel,
    plan::SECOND,
};

/// How often each worker is asked, and how long it is waited for its answer.
const EVERY: Time = 2 * SECOND;
const PATIENCE: Time = 15 * SECOND;
/// How many contacts are read at a time.
const CONTACTS: usize = 5;

impl World {
    /// Plans questions for contacts while people and faults are busy.
    pub(super) fn plan_inspections(&mut self) {
        if !self.plan.compares() {
            return;
        }
        for (start, end) in self.plan.episodes.clone() {
            let times = (start..end).step_by(usize::try_from(EVERY).unwrap_or(usize::MAX));
            times.for_each(|at| self.agenda.plan(at, Event::Inspect));
        }
    }

    /// Asks every worker, for contacts by id, and by address every other time.
    pub(super) fn inspect(&mut self) {
        if self.is_calm {
            return;
        }
        self.inspections += 1;
        let number = self.inspections;
        let first = usize::try_from(number).unwrap_or_default() % self.plan.users;
        let users = (first..self.plan.users).take(CONTACTS);
        let inspection = if number.is_multiple_of(2) {
            let ids = users.map(HubSpotModel::id).collect();
            Inspection {
                by: ContactKey::Id,
                keys: ids,
            }
        } else {
            let mut addresses: Vec<String> = users.map(|user| self.first_address(user)).collect();
            addresses.dedup();
            Inspection {
                by: ContactKey::Address,
                keys: addresses,
            }
        };
        for place in 0..self.plan.workers {
            let process = self.process(place);
            let Some(running) = self.running(process) else {
                continue;
            };
            let id = InspectionId(number);
            self.workers[place].inspecting.insert(id, self.now);
            let input = Input::Inspect {
                id,
                inspection: inspection.clone(),
                even_paused: number.is_multiple_of(3),
                until: running + Duration::from_millis(PATIENCE),
            };
            self.agenda.plan(self.now, Event::Tell(process, Box::new(input)));
        }
    }

    /// P6: each question for contacts is answered once.
    pub(super) fn observe_inspected(&mut self, process: Process, id: InspectionId) {
        if self.workers[process.place].inspecting.remove(&id).is_none() {
            self.fail(&format!("P6: {id:?} is answered a second time"));
        }
    }

    /// P6: none is left without an answer for longer than it was to be waited for, and then sent, and answered.
    pub(super) fn check_inspections(&mut self) {
        let longest = PATIENCE + self.plan.call_timeout + SECOND;
        let now = self.now;
        let is_late = |asked: &Time| asked + longest < now;
        let late = self
            .workers
            .iter()
            .find(|worker| worker.inspecting.values().any(is_late));
        if let Some(worker) = late {
            let late = format!("P6: some are never answered: {:?}", worker.inspecting);
            self.fail(&late);
        }
    }
}
