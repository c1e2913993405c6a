//! What is seen of rows from outside: what each operation of a batch changed, and whether it may.

use contracts::{
    ClaimUsers, ErrorCode, Field, FieldResult, ImportResult, LinkOrigin, LinkUser, Priority, ReportResults,
    UpdateUser, UsersClaimed, VALUE_NOT_KEPT, Value, Values, delivery::LeaseAction,
};
use user::{
    operations::{RepairListed, ResyncListed, RetryListed},
    rules::Row,
};

use super::{World, commits::RowsSoFar, prompt_claims::waits_for_late_write};
use crate::{
    fault::Fault,
    hubspot_model::text,
    transition::Transition,
    user_service::{Answer, Job, Outcome, Request, user_of},
};

/// A row right before and right after an operation.
pub(super) struct Step<'a> {
    pub(super) user: usize,
    pub(super) before: &'a Row,
    pub(super) after: &'a Row,
}

impl Step<'_> {
    pub(super) fn is_resent(&self) -> bool {
        self.after.generation > self.before.generation
    }

    /// Whether a field was resolved, or says another result.
    pub(super) fn is_resolved_otherwise(&self) -> bool {
        let is_other = |field: Field| {
            let (before, after) = (&self.before.fields[field], &self.after.fields[field]);
            after.resolved_at != before.resolved_at || after.result != before.result
        };
        Field::BUILT_IN.into_iter().any(is_other)
    }

    /// Whether the user is linked to another contact. Losing it, and another id of the same contact, do not count.
    pub(super) fn has_other_contact(&self, is_same: impl Fn(&str, &str) -> bool) -> bool {
        match (contact_id(self.before), contact_id(self.after)) {
            (Some(before), Some(after)) => before != after && !is_same(before, after),
            (None, Some(_)) => true,
            (_, None) => false,
        }
    }

    /// Whether another user has got the contact.
    pub(super) fn has_lost_contact(&self) -> bool {
        self.before.link.is_some() && self.after.link.is_none()
    }
}

pub(super) fn contact_id(row: &Row) -> Option<&str> {
    row.link.as_ref().map(|link| link.contact_id.as_str())
}

impl World {
    /// An operation was applied: what it changed is checked, counted and remembered.
    pub(super) fn observe_job(&mut self, job: &Job, rows: &mut RowsSoFar) {
        let steps: Vec<Step<'_>> = job
            .after
            .iter()
            .map(|(user, after)| Step {
                user: *user,
                before: &job.before[user],
                after,
            })
            .collect();
        for step in &steps {
            if let Some(open) = &step.after.open_attempt
                && step.after.attempt > step.before.attempt
            {
                let (user, attempt, epoch) = (step.user, step.after.attempt, open.epoch);
                if !self.users.remember_epoch(user, attempt, epoch) {
                    self.fail(&format!("P4: attempt {attempt} of u{user} is handed out twice"));
                }
            }
        }
        for step in steps.iter().filter(|step| !step.after.is_dirty()) {
            self.dirty_since[step.user] = None;
        }
        let is_shared = |row: &Row| row.link.as_ref().is_some_and(|link| link.shared);
        for step in steps.iter().filter(|step| is_shared(step.before)) {
            self.shared_at[step.user] = Some(self.now);
        }
        if matches!(job.request, Request::Claim(_) | Request::Report(_)) {
            // The contact is another user's now, so another one may be created.
            for step in steps.iter().filter(|step| step.has_lost_contact()) {
                self.creations[step.user].clear();
                // An operator may unlink the other user later. This one does not get the contact back then.
                if self.is_named_for_another(step.user) {
                    self.linked_by_operator[step.user] = None;
                }
            }
        }
        self.observe_waits(&job.request, &steps);
        if !matches!(job.request, Request::Sweep(_)) {
            // Another operation of the batch wakes the user for a reason of its own.
            for step in steps.iter().filter(|step| step.is_resent()) {
                rows.is_swept_for_nothing.remove(&step.user);
            }
        }
        let answer = job.answered.as_ref().and_then(|answered| answered.as_ref().ok());
        match &job.request {
            Request::Lease(ask) => match ask.action {
                LeaseAction::Yield => self.tally.transitions.add(Transition::SteppedAside),
                LeaseAction::Release => self.tally.transitions.add(Transition::Released),
                LeaseAction::Hold => {}
            },
            Request::Claim(claim) => {
                if let Some(Answer::Claimed(claimed)) = answer {
                    self.count_claims(claim, claimed);
                }
                self.count_given_up(&steps, |_| true);
                self.count_left_contacts(&steps);
            }
            Request::Report(report) => {
                self.observe_report(report, &steps, rows);
                if let Some(Answer::Reported(reported)) = answer {
                    self.count_claims_of_report(report, reported);
                }
            }
            Request::Update(update) => self.observe_change(update, answer, &steps),
            Request::Import(line) => self.observe_line(&line.fields, answer, &steps),
            Request::Link(link) => self.observe_link(link, &steps, rows),
            Request::Unlink(_) => self.observe_unlink(&steps),
            Request::Retry(retry) => self.observe_retry(retry, &steps),
            Request::Resync(resync) => self.observe_resync(resync, &steps),
            Request::Repair(repair) => self.observe_repair(repair, &steps),
            Request::Sweep(_) => self.observe_sweep(&steps, rows),
            Request::Wake(_) | Request::WakeAnnounced(_) => {
                let woken = steps
                    .iter()
                    .filter(|step| step.before.wake_at != step.after.wake_at);
                let woken: Vec<usize> = woken.map(|step| step.user).collect();
                self.expect_due_at_once(woken);
            }
            Request::Control(_) => {}
        }
    }

    /// Users that an operation made due without publishing a wake-up: the sweep publishes it.
    pub(super) fn expect_due_at_once(&mut self, users: impl IntoIterator<Item = usize>) {
        for user in users {
            self.due_at_once[user] = true;
        }
    }

    fn count_claims(&mut self, claim: &ClaimUsers, claimed: &UsersClaimed) {
        let transitions = &mut self.tally.transitions;
        for given in &claimed.claims {
            transitions.add(Transition::Given);
            if !claim.users.contains(&given.user_id) {
                transitions.add(Transition::LeftOpenTaken);
            }
        }
        claimed
            .clean
            .iter()
            .for_each(|_| transitions.add(Transition::Clean));
        let in_progress = claimed.in_progress.iter();
        in_progress.for_each(|_| transitions.add(Transition::InProgress));
        let waiting = claimed.waiting.iter();
        waiting.for_each(|_| transitions.add(Transition::Waiting));
    }

    fn count_claims_of_report(&mut self, report: &ReportResults, reported: &contracts::ResultsReported) {
        if let (Some(claim), Some(claimed)) = (&report.claim, &reported.claims) {
            self.count_claims(claim, claimed);
        }
        if reported.claims_error == Some(ErrorCode::StaleEpoch) {
            self.tally.transitions.add(Transition::StaleEpoch);
        }
    }

    /// Attempts that a claim gave up, of these users.
    pub(super) fn count_given_up(&mut self, steps: &[Step<'_>], is_among: impl Fn(usize) -> bool) {
        for step in steps.iter().filter(|step| is_among(step.user)) {
            let was_open = step.before.open_attempt.is_some();
            if was_open && step.after.open_attempt != step.before.open_attempt {
                self.tally.transitions.add(Transition::WindowByClaim);
            }
        }
    }

    /// Users that a claim removed from a shared contact.
    fn count_left_contacts(&mut self, steps: &[Step<'_>]) {
        for step in steps {
            if step.has_lost_contact() {
                self.tally.transitions.add(Transition::SharedContactLeft);
            }
        }
    }

    /// P1: fields that differ make one version, and equal values make none. A change that was made before is not made again.
    fn observe_change(&mut self, update: &UpdateUser, answer: Option<&Answer>, steps: &[Step<'_>]) {
        let [step] = steps else {
            return self.fail(&format!("P1: an accepted change made no row: {update:?}"));
        };
        let (user, before, after) = (step.user, step.before, step.after);
        let answered = match answer {
            Some(Answer::Updated(updated)) => Some(Outcome {
                version: updated.sync.version,
                changed: updated.changed,
            }),
            _ => None,
        };
        self.trace(|| format!("{update:?}: {answered:?}"));
        let different = fields_that_differ(before, &update.fields);
        let expected = Outcome {
            version: if different.is_empty() {
                before.version
            } else {
                after.version
            },
            changed: !different.is_empty(),
        };
        let (now, skew) = (self.users.clock(self.now), self.users.skew);
        if let Some((known, is_certain)) = self.users.accepted.find(user, update, now, skew) {
            let is_repeat = after == before && answered.is_none_or(|answered| known.contains(&answered));
            if is_repeat {
                if answered.is_none() && different.is_empty() && !is_certain {
                    self.users.accepted.add_possible(user, update, expected);
                }
                return self.tally.transitions.add(Transition::RepeatRecognized);
            }
            // A change that a fail-over lost may be made once more.
            let is_lost = known
                .iter()
                .any(|outcome| self.users.is_lost(user, outcome.version));
            if is_certain && !is_lost {
                return self.fail(&format!(
                    "P1: a repeated change of u{user} was taken for a new one"
                ));
            }
        }
        if answered.is_some_and(|answered| answered != expected) || after.version != expected.version {
            return self.fail(&format!("P1: {update:?} of {before:?} made {after:?}"));
        }
        if expected.changed && !self.hand_out_version(before, after) {
            return self.fail(&format!("P1: a change of u{user} made version {}", after.version));
        }
        self.users.accepted.add(user, update, expected, now, skew);
        if after.idempotency_keys < self.users.accepted.keys_of(user, now) {
            self.fail(&format!("P1: u{user} has more keys than its row counts"));
        }
        self.observe_equal_values(update, &different, step);
        self.tally.transitions.add(if expected.changed {
            Transition::Changed
        } else {
            Transition::Unchanged
        });
        for field in different {
            if after.fields[field].value != update.fields[&field] {
                self.fail(&format!("P1: {update:?} made {after:?}"));
            }
            self.users.history[user][field].push(expected.version);
        }
    }

    /// P1: of the equal values of a change, those with a problem that is not a new one are sent again, and no others.
    fn observe_equal_values(&mut self, update: &UpdateUser, different: &[Field], step: &Step<'_>) {
        let (before, after) = (step.before, step.after);
        let now = self.users.clock(self.now);
        let mut are_right = true;
        let mut is_sent_again = false;
        for field in Field::BUILT_IN {
            if different.contains(&field) {
                continue;
            }
            let (old, new) = (&before.fields[field], &after.fields[field]);
            let is_problem = match &old.result {
                None | Some(FieldResult::Confirmed(_)) => false,
                // HubSpot would not keep it another time either.
                Some(FieldResult::Rejected { reason }) => reason.code != VALUE_NOT_KEPT,
                Some(_) => true,
            };
            let is_old = !(0..=10 * 60_000).contains(&(now - old.recorded_at));
            let is_expected = update.fields.contains_key(&field) && is_problem && is_old && !old.is_dirty();
            let is_marked = new.dirty_since > old.dirty_since;
            are_right &=
                is_marked == is_expected && new.changed_in == old.changed_in && new.result == old.result;
            is_sent_again |= is_marked;
        }
        if is_sent_again {
            self.tally.transitions.add(Transition::EqualSentAgain);
        }
        // Whoever is dirty after it is live, and due a minute later at most even if its wake-up is lost.
        let is_live = after.priority == Priority::Live && after.wake_at.is_some();
        if !update.fields.is_empty() && after.is_dirty() && !is_live {
            are_right = false;
        }
        // That a key was used is no change of the user.
        let with_key = Row {
            idempotency_keys: after.idempotency_keys,
            keys_full_until: after.keys_full_until,
            ..before.clone()
        };
        if different.is_empty() && !is_sent_again && *after != with_key {
            self.tally.transitions.add(Transition::EqualMadeDue);
            are_right &= before.is_dirty();
        }
        if !are_right {
            self.fail(&format!("P1: {update:?} of {before:?} made {after:?}"));
        }
    }

    /// P1: records that a version was handed out. Returns whether that was right: it follows the one before, or is above every version
    /// that a fail-over may have lost; and nobody got it before.
    fn hand_out_version(&mut self, before: &Row, after: &Row) -> bool {
        let user = user_of(&after.user_id);
        let follows = after.version == before.version + 1;
        let may_jump = self.plan.has(Fault::LostCommits) && after.version > before.version;
        (follows || may_jump) && self.users.handed_out[user].insert(after.version)
    }

    /// P1: a line makes a version if it differs in something.
    fn observe_line(&mut self, fields: &Values, answer: Option<&Answer>, steps: &[Step<'_>]) {
        let [step] = steps else {
            return self.fail("P1: an accepted line made no row");
        };
        let (user, before, after) = (step.user, step.before, step.after);
        self.trace(|| format!("import u{user} {fields:?}: {answer:?}"));
        let differing = fields_that_differ(before, fields);
        let expected = if differing.is_empty() {
            before.version
        } else {
            after.version
        };
        let answered = match answer {
            Some(Answer::Imported(
                ImportResult::Changed { version } | ImportResult::Unchanged { version },
            )) => *version,
            _ => expected,
        };
        let is_next = differing.is_empty() || self.hand_out_version(before, after);
        if answered != expected || after.version != expected || !is_next {
            return self.fail(&format!(
                "P1: a line that differs in {differing:?} made version {answered}"
            ));
        }
        if differing.is_empty() && after != before {
            self.fail(&format!("P1: a line that differs in nothing changed u{user}"));
        }
        self.tally.transitions.add(if differing.is_empty() {
            Transition::ImportedNothing
        } else {
            Transition::Imported
        });
        for field in differing {
            self.users.history[user][field].push(expected);
        }
        self.expect_due_at_once([user]);
    }

    /// P4: an operator's link is to the contact that the operator named, and no other user has that one. The attempt under way was
    /// given another contact, so it is superseded.
    fn observe_link(&mut self, link: &LinkUser, steps: &[Step<'_>], rows: &RowsSoFar) {
        let user = user_of(&link.user_id);
        let contact = link.contact_id.as_str();
        let Some(step) = steps.iter().find(|step| step.user == user) else {
            return;
        };
        let is_theirs = step.after.link.as_ref().is_some_and(|link| {
            link.contact_id == contact && link.origin == LinkOrigin::ByOperator && !link.shared
        });
        let row_of = |other: usize| rows.rows.get(&other).unwrap_or(&self.users.rows[other]);
        let mut others = (0..self.plan.users).filter(|other| *other != user);
        let is_held = others.any(|other| contact_id(row_of(other)) == Some(contact));
        if !is_theirs || is_held {
            return self.fail(&format!(
                "P4: an operator linked u{user} to {contact}: {:?}",
                step.after
            ));
        }
        let is_new = step.is_resent() || contact_id(step.before) != Some(contact);
        if is_new && step.after.open_attempt.is_some() {
            self.fail(&format!(
                "P4: an operator linked u{user}, and its attempt stays open: {:?}",
                step.after
            ));
        }
        self.tally.transitions.add(if is_new {
            Transition::LinkedByOperator
        } else {
            Transition::LinkedAlready
        });
        self.linked_by_operator[user] = self.hubspot.by_id(contact);
    }

    /// P4: a user that was unlinked has no attempt under way, since it was given the contact.
    fn observe_unlink(&mut self, steps: &[Step<'_>]) {
        let unlinked = steps.iter().filter(|step| step.has_lost_contact());
        for step in unlinked {
            let user = step.user;
            if step.after.open_attempt.is_some() {
                self.fail(&format!(
                    "P4: u{user} was unlinked, and its attempt stays open: {:?}",
                    step.after
                ));
            }
            self.tally.transitions.add(Transition::Unlinked);
            self.linked_by_operator[user] = None;
        }
    }

    /// P4: after a retry no problem is left that is not being tried.
    fn observe_retry(&mut self, retry: &RetryListed, steps: &[Step<'_>]) {
        for step in steps {
            let is_left = |field: Field| {
                let state = &step.after.fields[field];
                let is_problem = state.result.as_ref().is_some_and(|result| !result.is_confirmed());
                is_problem && !state.is_dirty()
            };
            if Field::BUILT_IN.into_iter().any(is_left) {
                self.fail(&format!("P4: {retry:?} left {:?}", step.after));
            }
            if step.after != step.before {
                self.tally.transitions.add(Transition::Retried);
                self.expect_due_at_once([step.user]);
            }
        }
    }

    /// P4: after a resync every named field is sent again, unless two users share the contact.
    fn observe_resync(&mut self, resync: &ResyncListed, steps: &[Step<'_>]) {
        for step in steps {
            let is_shared = step.before.link.as_ref().is_some_and(|link| link.shared);
            let mut given = Field::BUILT_IN
                .into_iter()
                .filter(|field| step.after.fields[*field].changed_in > 0)
                .filter(|field| resync.fields.is_none_or(|fields| fields.contains(*field)));
            let are_dirty = given.all(|field| step.after.fields[field].is_dirty());
            if !is_shared && !are_dirty {
                self.fail(&format!("P4: {resync:?} left {:?}", step.after));
            }
            if step.is_resent() {
                self.tally.transitions.add(Transition::Resynced);
                self.expect_due_at_once([step.user]);
            }
        }
    }

    /// P4: fields are sent again if the user is as it was when it was compared.
    fn observe_repair(&mut self, repair: &RepairListed, steps: &[Step<'_>]) {
        for repaired in &repair.0 {
            let user = user_of(&repaired.user_id);
            let Some(step) = steps.iter().find(|step| step.user == user) else {
                continue;
            };
            let is_shared = step.before.link.as_ref().is_some_and(|link| link.shared);
            let is_same = step.before.generation == repaired.generation;
            // After lost commits, the user may never have had a field that was compared.
            let mut given = repaired
                .fields
                .iter()
                .filter(|field| step.before.fields[*field].changed_in > 0);
            let are_dirty = given.all(|field| step.after.fields[field].is_dirty());
            let is_right = if is_same && !is_shared {
                are_dirty
            } else {
                step.after == step.before
            };
            if !is_right {
                self.fail(&format!(
                    "P4: {repaired:?} of {:?} made {:?}",
                    step.before, step.after
                ));
            }
            self.tally.transitions.add(if step.is_resent() {
                Transition::Repaired
            } else {
                Transition::ChangedMeanwhile
            });
            if step.is_resent() {
                self.expect_due_at_once([user]);
            }
        }
    }

    fn observe_sweep(&mut self, steps: &[Step<'_>], rows: &mut RowsSoFar) {
        for step in steps {
            let Step { user, before, after } = step;
            let window_ended = before.in_doubt.is_some() && after.in_doubt.is_none();
            let rechecked = before.recheck_at.is_some() && after.recheck_at.is_none();
            let was_resent_by_recheck = rechecked && step.is_resent();
            if window_ended {
                self.tally.transitions.add(Transition::WindowEnded);
            }
            if window_ended && after.generation > before.generation + u64::from(was_resent_by_recheck) {
                self.tally.transitions.add(Transition::DirtyByWindow);
            }
            if was_resent_by_recheck {
                self.tally.transitions.add(Transition::DirtyByRecheck);
            }
            let by_other = step.is_resent() && !window_ended && !rechecked;
            if by_other {
                self.tally.transitions.add(Transition::DirtyByOther);
            }
            let has_waited = waits_for_late_write(before);
            let has_reason = window_ended || rechecked || by_other || has_waited || self.due_at_once[*user];
            // A batch may also hold rows that the sweep left alone.
            let was_woken = before.wake_at != after.wake_at;
            if self.plan.sweepless && was_woken && !has_reason {
                rows.is_swept_for_nothing.insert(*user);
            }
        }
    }
}

/// The given fields whose values differ from the stored ones. A field that was never given equals nothing.
fn fields_that_differ(row: &Row, given: &Values) -> Vec<Field> {
    let differs = |(field, value): &(&Field, &Option<Value>)| {
        let state = &row.fields[**field];
        state.changed_in == 0 || !is_same(**field, state.value.as_ref(), value.as_ref())
    };
    given.iter().filter(differs).map(|(field, _)| *field).collect()
}

/// Whether two values of a field are equal.
fn is_same(field: Field, own: Option<&Value>, given: Option<&Value>) -> bool {
    match field {
        Field::EMAIL => text(own).to_lowercase() == text(given).to_lowercase(),
        _ => own == given,
    }
}
