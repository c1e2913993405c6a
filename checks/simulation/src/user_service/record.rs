//! Taking verdicts, as the service's writer does.

use std::collections::BTreeSet;

use contracts::{
    AttemptResult, Field, FieldResult, LinkOrigin, NewLink, PerField, ReportResults, ReportedUser,
    ResultsReported, UserId,
};
use user::rules::{self, LateWriteWindow, Row};

use super::{UserService, user_of};
use crate::{agenda::Time, tally::Tally, transition::Transition};

/// A field that has a new outcome, to be compared with what HubSpot did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fresh {
    /// Whose.
    pub(crate) user: usize,
    /// Which field.
    pub(crate) field: Field,
}

/// What came of verdicts.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// The answer.
    pub(crate) answer: ResultsReported,
    /// Fields that have a new outcome.
    pub(crate) fresh: Vec<Fresh>,
    /// Users whose rows took something from a verdict that was not of their open attempt.
    pub(crate) borrowed: Vec<usize>,
    /// Users whom an earlier attempt made due, of which nobody is told.
    pub(crate) due_again: Vec<usize>,
}

/// What a row was like before a verdict.
struct Before {
    settled: PerField<u64>,
    generation: u64,
    doubt: Option<LateWriteWindow>,
    link: Option<String>,
    was_open: bool,
    outcomes: PerField<Option<FieldResult>>,
}

impl Before {
    fn of(row: &Row) -> Self {
        Self {
            settled: PerField::from_fn(|field| row.fields[field].resolved_at),
            generation: row.generation,
            doubt: row.in_doubt,
            link: row.link.as_ref().map(|link| link.contact_id.clone()),
            was_open: row.open_attempt.is_some(),
            outcomes: PerField::from_fn(|field| row.fields[field].result.clone()),
        }
    }
}

impl Before {
    /// Whether the row has settled something, tells something else of a field, or has another link.
    fn is_told_otherwise(&self, row: &Row) -> bool {
        let is_other = |field: Field| {
            let state = &row.fields[field];
            state.resolved_at != self.settled[field] || state.result != self.outcomes[field]
        };
        let link = row.link.as_ref().map(|link| &link.contact_id);
        Field::ALL.into_iter().any(is_other) || link != self.link.as_ref()
    }
}

impl UserService {
    /// Takes verdicts, and then gives the claims asked for in the same message.
    pub(crate) fn record(&mut self, request: &ReportResults, now: Time, tally: &mut Tally) -> Taken {
        let mut taken = Taken::default();
        for verdict in &request.results {
            let next = self.record_one(&request.holder, verdict, now, &mut taken, tally);
            taken.answer.users.push(ReportedUser {
                user_id: verdict.user_id.clone(),
                next,
            });
        }
        for withdrawal in &request.retractions {
            let clock = self.clock(now);
            let user = user_of(&withdrawal.user_id);
            let generation = self.rows[user].generation;
            rules::retract(&mut self.rows[user], withdrawal.field, &withdrawal.code, clock);
            if self.rows[user].generation > generation {
                tally.transitions.add(Transition::Withdrawn);
                taken.due_again.push(user);
            }
        }
        if let Some(wanted) = &request.claim {
            match self.claim(wanted, now, tally) {
                Ok(claims) => taken.answer.claims = Some(claims),
                Err(refused) => taken.answer.claims_error = Some(refused),
            }
        }
        taken
    }

    fn record_one(
        &mut self,
        holder: &str,
        verdict: &AttemptResult,
        now: Time,
        taken: &mut Taken,
        tally: &mut Tally,
    ) -> contracts::NextAction {
        let user = user_of(&verdict.user_id);
        let others = match &verdict.link {
            Some(found) => self.linked_to(found, user),
            None => Vec::new(),
        };
        let clock = self.clock(now);
        let row = &mut self.rows[user];
        let is_open =
            row.open_attempt.is_some() && row.attempt == verdict.attempt.get() && row.holder == holder;
        let before = Before::of(row);
        let effects = rules::report_result(row, holder, verdict.clone(), others, clock, &self.terms);
        let row = &self.rows[user];
        if !is_open && before.is_told_otherwise(row) {
            taken.borrowed.push(user);
        }
        if effects.is_resolved {
            let settled = Field::ALL
                .into_iter()
                .filter(|field| row.fields[*field].resolved_at > before.settled[*field]);
            let told = settled.filter(|field| row.fields[*field].result.is_some());
            taken.fresh.extend(told.map(|field| Fresh { user, field }));
            count_open(row, &before, verdict, !effects.now_shared.is_empty(), tally);
        } else {
            count_closed(row, &before, verdict, holder, tally);
            if row.generation > before.generation {
                taken.due_again.push(user);
            }
        }
        for other in &effects.now_shared {
            if let Some(link) = &mut self.rows[user_of(other)].link {
                link.shared = true;
            }
        }
        effects.next
    }

    /// The other users linked to a contact.
    fn linked_to(&self, found: &NewLink, user: usize) -> Vec<UserId> {
        let others: BTreeSet<UserId> = self
            .rows
            .iter()
            .enumerate()
            .filter(|(other, row)| *other != user && is_linked(row, found))
            .map(|(_, row)| row.user_id.clone())
            .collect();
        others.into_iter().collect()
    }
}

fn is_linked(row: &Row, found: &NewLink) -> bool {
    row.link
        .as_ref()
        .is_some_and(|link| link.contact_id == found.contact_id && link.account_id == found.account_id)
}

fn count_open(row: &Row, before: &Before, verdict: &AttemptResult, shares: bool, tally: &mut Tally) {
    if row.in_doubt != before.doubt {
        tally.transitions.add(Transition::DoubtByVerdict);
    }
    if row.generation > before.generation {
        tally.transitions.add(Transition::OwedAgainByLink);
    }
    if shares {
        tally.transitions.add(Transition::Shared);
    }
    match &verdict.failure {
        Some(failure) if failure.is_counted => tally.transitions.add(Transition::Charged),
        Some(_) => tally.transitions.add(Transition::Failed),
        None => {}
    }
    let after = row.link.as_ref().map(|link| &link.contact_id);
    let Some(found) = &verdict.link else { return };
    tally.transitions.add(match () {
        () if after == before.link.as_ref() => Transition::LinkRefused,
        () if found.origin == LinkOrigin::Merged => Transition::LinkMoved,
        () if before.link.is_none() => Transition::Linked,
        () => Transition::Relinked,
    });
}

fn count_closed(row: &Row, before: &Before, verdict: &AttemptResult, holder: &str, tally: &mut Tally) {
    let is_last = verdict.attempt.get() == row.attempt && row.holder == holder && !before.was_open;
    tally.transitions.add(if is_last {
        Transition::RepeatedVerdict
    } else {
        Transition::EarlierVerdict
    });
    if row.generation > before.generation {
        tally.transitions.add(Transition::OwedAgainByEarlier);
    }
    if row.in_doubt != before.doubt {
        tally.transitions.add(Transition::DoubtByEarlier);
    }
}
