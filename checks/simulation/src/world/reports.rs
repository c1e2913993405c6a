//! P4 when results are reported: each result acts on the row that the one before it left, and only that of the open attempt
//! resolves something.

use std::collections::BTreeMap;

use contracts::{AttemptResult, Field, LinkOrigin, NewLink, ReportResults};
use user::rules::{Row, RuleTiming, lose_contact, receipt, report_result};

use super::{
    World,
    commits::RowsSoFar,
    rows::{Step, contact_id},
};
use crate::{transition::Transition, user_service::user_of};

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
        for step in steps.iter().filter(|step| !is_reported(step.user)) {
            self.observe_other_user(step);
        }
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
            let before = left[&user].clone();
            let others: Vec<Row> = left
                .iter()
                .filter(|(other, row)| **other != user && is_concerned(row, &before, result))
                .map(|(_, row)| row.clone())
                .collect();
            let mut after = before.clone();
            let effects = report_result(&mut after, &report.holder, result.clone(), &others, now, &timing);
            left.insert(user, after.clone());
            around.push((before, after));
            for loser in &effects.losers {
                if let Some(row) = left.get_mut(&user_of(loser)) {
                    lose_contact(row, now, &timing);
                }
            }
            share_contacts(&mut left);
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
            // After a merge, the other users of the contact have its present id too.
            let has_same_contact = self.is_same_contact(contact_id(last.before), contact_id(last.after));
            // The claim in the same message takes a shared contact from a user that has another address.
            let is_left_at_claim = last.has_lost_contact()
                && last.before.link.as_ref().is_some_and(|link| link.shared)
                && last.after.attempt > last.before.attempt;
            if last.is_resolved_otherwise() || !(has_same_contact || is_left_at_claim) {
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
        let resolved = Field::BUILT_IN
            .into_iter()
            .filter(|field| step.after.fields[*field].resolved_at > step.before.fields[*field].resolved_at);
        // Another result of the report may have given the contact to another user. Then everything is sent again.
        let is_lost = |field: &Field| step.after.link.is_none() && step.after.fields[*field].is_dirty();
        for field in resolved.filter(|field| !is_lost(field)) {
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
        self.check_shared(found, step, steps);
        let begins_to_share = |other: &Step<'_>| {
            let is_shared = |row: &Row| row.link.as_ref().is_some_and(|link| link.shared);
            other.user != step.user && is_shared(other.after) && !is_shared(other.before)
        };
        if steps.iter().any(begins_to_share) {
            self.tally.transitions.add(Transition::Shared);
        }
        let said = receipt(step.after, step.after.version);
        let code = said.and_then(|said| said.last_attempts.first()?.code.clone());
        self.tally.transitions.add(match () {
            () if code.as_deref() == Some("LOOKUP_OUTDATED") => Transition::LookedUpAgain,
            () if contact_id(step.after) == contact_id(step.before) => Transition::LinkRejected,
            () if step.after.link.is_none() => Transition::ContactLostByMerge,
            () if found.origin == LinkOrigin::Merged => Transition::LinkMoved,
            () if step.before.link.is_none() => Transition::Linked,
            () => Transition::Relinked,
        });
    }

    /// What a report does to users that it does not name: they lose their contact, or something was written to it.
    fn observe_other_user(&mut self, step: &Step<'_>) {
        if step.has_lost_contact() {
            self.tally.transitions.add(Transition::ContactLost);
            // The claim in the same message may have given it another one.
            if step.before.open_attempt.is_some() && step.after.open_attempt == step.before.open_attempt {
                self.fail(&format!(
                    "P4: u{} lost its contact, and its attempt stays open: {:?}",
                    step.user, step.after
                ));
            }
        } else if step.is_resent() {
            self.tally.transitions.add(Transition::DirtyByOther);
        }
    }

    /// P4: a user that was found by a secondary address shares no contact with others.
    fn check_shared(&mut self, found: &NewLink, step: &Step<'_>, steps: &[Step<'_>]) {
        let is_new = contact_id(step.after) != contact_id(step.before)
            && contact_id(step.after) == Some(&found.contact_id);
        let is_primary = |row: &Row| {
            let own = row.address();
            let primary = found.primary_address.as_ref();
            own.zip(primary)
                .is_some_and(|(own, primary)| own.to_lowercase() == primary.to_lowercase())
        };
        let is_shared = step.after.link.as_ref().is_some_and(|link| link.shared);
        let others_begin_to = steps
            .iter()
            .filter(|other| other.user != step.user && contact_id(other.after) == contact_id(step.after));
        let mut all = others_begin_to.map(|other| other.after).chain([step.after]);
        if is_new && is_shared && !all.all(is_primary) {
            self.fail(&format!("P4: {found:?} is shared by {:?}", step.after));
        }
    }

    /// Whether these are ids of one contact, or both none.
    fn is_same_contact(&self, one: Option<&str>, other: Option<&str>) -> bool {
        let present = |id: &str| {
            let contact = self.hubspot.by_id(id);
            contact.map(|contact| self.hubspot.present(contact))
        };
        one == other
            || one
                .zip(other)
                .is_some_and(|(one, other)| present(one) == present(other))
    }

    /// P4: only the result of the open attempt resolves something.
    fn observe_earlier_result(&mut self, result: &AttemptResult, step: &Step<'_>, is_repeated: bool) {
        let is_same = |one: &str, other: &str| self.is_same_contact(Some(one), Some(other));
        if step.is_resolved_otherwise() || step.has_other_contact(is_same) {
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

/// Whether a row belongs to a contact that the result of another user is about.
fn is_concerned(row: &Row, reported: &Row, result: &AttemptResult) -> bool {
    let Some(link) = &row.link else { return false };
    let is_own = contact_id(reported) == Some(&link.contact_id);
    match &result.link {
        Some(found) => {
            let is_former = found.former_ids.contains(&link.contact_id);
            found.contact_id == link.contact_id || is_former || (is_own && found.origin == LinkOrigin::Merged)
        }
        None => is_own && link.shared && result.confirmed_address.is_some(),
    }
}

/// Notes in each row whether it shares its contact.
fn share_contacts(rows: &mut BTreeMap<usize, Row>) {
    let mut linked: BTreeMap<String, usize> = BTreeMap::new();
    for contact in rows.values().filter_map(contact_id) {
        *linked.entry(contact.to_owned()).or_default() += 1;
    }
    for link in rows.values_mut().filter_map(|row| row.link.as_mut()) {
        link.shared = linked[&link.contact_id] > 1;
    }
}
