//! The calm after a sequence: a new worker, nothing fails, and everything must come right.

use contracts::{LinkOrigin, NextAction};

use super::{
    super::truth::check_at_rest,
    step::{Fate, Step},
    world::World,
};
/// More rounds than any calm needs.
const ROUNDS: usize = 60;

impl World {
    /// Lets a calm follow, in which the attempts that are out never report. The row is claimed only when it was
    /// announced, left open or named in an answer, so that a lost wake-up shows.
    pub(super) fn drain(mut self, path: &[Step]) {
        self.out.clear();
        self.desk.epoch += 1;
        self.desk.holder = format!("worker-{}", self.desk.epoch);
        let mut wanted = self.desk.row.open_attempt.is_some();
        for _ in 0..ROUNDS {
            wanted |= self.desk.sweep().is_some();
            while std::mem::take(&mut wanted) && self.claim() {
                wanted = self.deliver() == NextAction::Now;
            }
            let row = &self.desk.row;
            let next = row.due_at().into_iter().chain(row.recheck_at);
            let Some(next) = next.chain(self.hubspot.next_late()).min() else {
                return self.check_end(path);
            };
            self.desk.now = next.max(self.desk.now + 1);
            self.hubspot.carry_out_until(self.desk.now);
        }
        panic!("no end after {path:?}: {:?}", self.desk.row);
    }

    fn deliver(&mut self) -> NextAction {
        let out = self.out.pop().expect("it was claimed");
        let fate = if out.claim.link.is_some() {
            Fate::Done
        } else {
            Fate::Found(LinkOrigin::PrimaryAddress)
        };
        let report = self.fate(&out.claim, fate);
        let verdict = report.and_then(|report| report.verdict).expect("both report");
        self.record(verdict, out.holder)
    }

    fn check_end(&self, path: &[Step]) {
        let was_refused =
            |field, value: Option<&str>| self.refused.contains(&(field, value.map(str::to_owned)));
        if let Err(wrong) = check_at_rest(&self.desk.row, &self.hubspot, was_refused) {
            panic!("after {path:?}: {wrong}");
        }
    }
}
