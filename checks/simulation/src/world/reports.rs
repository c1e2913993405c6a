//! P4 when results are reported: each result acts on the row that the one before it left, and only that of the open attempt
//! resolves something.

use std::collections::BTreeMap;

use contracts::{AttemptResult, Field, LinkOrigin, NewLink, ReportResults};
use user::rules::{Row, RuleTiming, report_result};

use super::{
    World,
    commits::RowsSoFar,
    rows::{Step, contact_id},
};
use crate::{
    transition::Transition,
    user_service::{user_id, user_of},
};

impl World {
    pub(super) fn observe_report(&mut self, report: &ReportResults, steps: &[Step<'_>], rows: &RowsSoFar) {
        let results_of = |user: usize| {
            let results = report.results.iter();
            results.filter(|result| user_of(&result.user_id) == user).count()
        };
        let is_any_repeated = report
            .results
            .iter()
            .any(|result| results_of(user_of(&result.user_id)) > 1);
        // The rows between several results of a user cannot be seen from outside, so they are worked out by the rules.
        let between = is_any_repeated.then(|| self.rows_between(report, steps, rows));
        for (number, result) in report.results.iter().enumerate() {
            self.check_counted(result);
            let user = user_of(&result.user_id);
            let Some(step) = steps.iter().find(|step| step.user == user) else {
                continue;
            };
            match &between {
                Some(between) if results_of(user) > 1 => {
                    let (before, after) = &between.around[number];
                    let step = Step { user, before, after };
                    self.observe_result(report, result, &step, steps);
                }
                _ => self.observe_result(report, result, step, steps),
            }
        }
        if let Some(between) = between {
            self.check_left(report, &between, steps);
        }
        let is_reported = |user: usize| results_of(user) > 0;
        self.count_given_up(steps, |user| !is_reported(user));
        for retraction in &report.retractions {
            let user = user_of(&retraction.user_id);
            let step = steps.iter().find(|step| step.user == user);
            if step.is_some_and(Step::is_resent) && !is_reported(user) {
                self.tally.transitions.add(Transition::Retracted);
                self.expect_due_at_once([user]);
            }
        }
    }

    /// By the rules, the rows before and after each result of a report.
    fn rows_between(&self, report: &ReportResults, steps: &[Step<'_>], rows: &RowsSoFar) -> RowsBetween {
        let before = |user: usize| Row::clone(rows.rows.get(&user).unwrap_or(&self.users.rows[user]));
        let mut left: BTreeMap<usize, Row> = (0..self.plan.users).map(|user| (user, before(user))).collect();
        left.extend(steps.iter().map(|step| (step.user, step.before.clone())));
        let (now, timing) = (self.users.clock(self.now), RuleTiming::default());
        let mut around = Vec::new();
        for result in &report.results {
            let user = user_of(&result.user_id);
            let others = result.link.as_ref().map_or_else(Vec::new, |link| {
                let others = left
                    .iter()
                    .filter(|(other, row)| **other != user && is_linked_to(row, link));
                others.map(|(other, _)| user_id(*other)).collect()
            });
            let before = left[&user].clone();
            let mut after = before.clone();
            let effects = report_result(&mut after, &report.holder, result.clone(), others, now, &timing);
            left.insert(user, after.clone());
            around.push((before, after));
            for other in effects.now_shared {
                let row = left.get_mut(&user_of(&other));
                if let Some(link) = row.and_then(|row| row.link.as_mut()) {
                    link.shared = true;
                }
            }
        }
        RowsBetween { around, left }
    }

    /// P4: together, the results left each row as the rules say one after the other.
    fn check_left(&mut self, report: &ReportResults, between: &RowsBetween, steps: &[Step<'_>]) {
        for step in steps {
            let last = Step {
                before: &between.left[&step.user],
                ..*step
            };
            if last.is_resolved_otherwise() {
                self.fail(&format!(
                    "P4: {report:?} made {:?} of {:?}, but one result after the other makes {:?}",
                    step.after, step.before, last.before
                ));
            }
        }
    }

    fn observe_result(
        &mut self,
        report: &ReportResults,
        result: &AttemptResult,
        step: &Step<'_>,
        steps: &[Step<'_>],
    ) {
        let is_last = step.before.attempt == result.attempt.get() && step.before.holder == report.holder;
        if is_last && step.before.open_attempt.is_some() {
            self.observe_open_result(result, step, steps);
        } else {
            self.observe_earlier_result(result, step, is_last);
        }
    }

    /// The result of the open attempt.
    fn observe_open_result(&mut self, result: &AttemptResult, step: &Step<'_>, steps: &[Step<'_>]) {
        let resolved = Field::ALL
            .into_iter()
            .filter(|field| step.after.fields[*field].resolved_at > step.before.fields[*field].resolved_at);
        for field in resolved {
            self.check_result(step.after, field);
        }
        if step.after.in_doubt != step.before.in_doubt {
            self.tally.transitions.add(Transition::WindowByResult);
        }
        self.check_lacks_address(result, step.before);
        if step.is_resent() {
            self.tally.transitions.add(if result.lacks_address {
                Transition::DirtyByAddress
            } else {
                Transition::DirtyByLink
            });
        }
        match &result.failure {
            Some(failure) if failure.is_counted => self.tally.transitions.add(Transition::FailureCounted),
            Some(_) => self.tally.transitions.add(Transition::FailureNotCounted),
            None => {}
        }
        let Some(found) = &result.link else { return };
        let begins_to_share = |other: &Step<'_>| {
            let is_shared = |row: &Row| row.link.as_ref().is_some_and(|link| link.shared);
            other.user != step.user && is_shared(other.after) && !is_shared(other.before)
        };
        if steps.iter().any(begins_to_share) {
            self.tally.transitions.add(Transition::Shared);
        }
        self.tally.transitions.add(match () {
            () if contact_id(step.after) == contact_id(step.before) => Transition::LinkRejected,
            () if found.origin == LinkOrigin::Merged => Transition::LinkMoved,
            () if step.before.link.is_none() => Transition::Linked,
            () => Transition::Relinked,
        });
    }

    /// P4: only the result of the open attempt resolves something.
    fn observe_earlier_result(&mut self, result: &AttemptResult, step: &Step<'_>, is_repeated: bool) {
        if step.is_resolved_otherwise() {
            self.fail(&format!(
                "P4: the result of attempt {} of u{} resolves something, though it is not open",
                result.attempt, step.user
            ));
        }
        self.tally.transitions.add(if is_repeated {
            Transition::RepeatedResult
        } else {
            Transition::EarlierResult
        });
        if step.is_resent() {
            self.tally.transitions.add(Transition::DirtyByEarlier);
            self.expect_due_at_once([step.user]);
        }
        if step.after.in_doubt != step.before.in_doubt {
            self.tally.transitions.add(Transition::WindowByEarlier);
        }
    }
}

/// What the results of a report do, one after the other.
struct RowsBetween {
    /// For each result, the row of its user right before and right after it.
    around: Vec<(Row, Row)>,
    /// By user, the row after the last result.
    left: BTreeMap<usize, Row>,
}

fn is_linked_to(row: &Row, found: &NewLink) -> bool {
    row.link
        .as_ref()
        .is_some_and(|link| link.contact_id == found.contact_id && link.account_id == found.account_id)
}
