//! The problems of a user as sentences: what happened, what to do, and when hubsync tries again.

use std::collections::BTreeMap;

use contracts::{Field, FieldResult, FieldSet, ProblemKind, SyncProblem, VALUE_NOT_KEPT, is_same_address};

use super::{FieldState, Row, UnixMs, link::CONTACT_OF_ANOTHER_USER};
use crate::time::rfc3339;

/// The problems of these fields, the worst one first.
pub(super) fn problems(row: &Row, fields: impl Iterator<Item = Field>) -> Vec<SyncProblem> {
    let mut found: BTreeMap<ProblemKind, FieldSet> = BTreeMap::new();
    for field in fields {
        if let Some(kind) = kind_of(&row.fields[field]) {
            found.entry(kind).or_default().insert(field);
        }
    }
    found
        .into_iter()
        .map(|(kind, fields)| {
            let sentences = sentences(row, kind, fields);
            SyncProblem {
                problem: kind,
                fields,
                explanation: sentences.explanation.to_owned(),
                remedy: sentences.remedy.to_owned(),
                addresses: looked_up(row, kind),
                next_attempt_at: next_recheck(row, fields).map(rfc3339),
            }
        })
        .collect()
}

/// When hubsync tries fields with a problem again by itself, if it does.
pub(crate) fn next_recheck(row: &Row, fields: FieldSet) -> Option<UnixMs> {
    let waits = |field: Field| {
        let state = &row.fields[field];
        !state.is_dirty() && state.result.as_ref().is_some_and(is_tried_again)
    };
    row.recheck_at.filter(|_| fields.iter().any(waits))
}

fn kind_of(field: &FieldState) -> Option<ProblemKind> {
    match field.result.as_ref()? {
        FieldResult::Confirmed(_) | FieldResult::Skipped | FieldResult::Unknown => None,
        FieldResult::Rejected { .. } => Some(ProblemKind::Rejected),
        FieldResult::Conflict { .. } => Some(ProblemKind::Conflict),
        FieldResult::Failed { .. } => Some(ProblemKind::Failed),
        FieldResult::NotFound => Some(ProblemKind::NotFound),
    }
}

fn is_tried_again(result: &FieldResult) -> bool {
    match result {
        FieldResult::NotFound | FieldResult::Conflict { .. } => true,
        FieldResult::Failed { is_transient, .. } => *is_transient,
        FieldResult::Confirmed(_)
        | FieldResult::Rejected { .. }
        | FieldResult::Skipped
        | FieldResult::Unknown => false,
    }
}

/// The addresses for which no contact was found: the user's, and the last one that HubSpot confirmed for its contact. None if the
/// user's address has changed since, because the new one has not been looked up yet.
fn looked_up(row: &Row, kind: ProblemKind) -> Vec<String> {
    let email = &row.fields[Field::EMAIL];
    if kind != ProblemKind::NotFound || email.result.is_none() {
        return Vec::new();
    }
    let former = row.link.as_ref().and_then(|link| link.address.clone());
    let mut addresses: Vec<String> = row.address().map(str::to_owned).into_iter().collect();
    if let Some(former) = former
        && !addresses.iter().any(|own| is_same_address(own, &former))
    {
        addresses.push(former);
    }
    addresses
}

struct Sentences {
    explanation: &'static str,
    remedy: &'static str,
}

fn sentences(row: &Row, kind: ProblemKind, fields: FieldSet) -> Sentences {
    match kind {
        ProblemKind::Rejected if is_none_kept(row, fields) => Sentences {
            explanation: "HubSpot accepted the value, and a second later its contact had another one. A workflow, a rule of \
                          the account or a person may have replaced it. hubsync does not send it again by itself.",
            remedy: "Find out in HubSpot, in the history of the property, what replaced the value. Change that or the value, \
                     then retry the user.",
        },
        ProblemKind::Rejected => Sentences {
            explanation: "HubSpot rejected the value, for the reason given with the field. hubsync does not send it again \
                          by itself.",
            remedy: "Change the value, or the rule for the property in HubSpot, then retry the user.",
        },
        ProblemKind::Conflict if is_of_another_user(row, fields) => Sentences {
            explanation: "The HubSpot contact that has the address belongs to another user, so it is not this user's.",
            remedy: "Remove the address from that contact in HubSpot, correct the address of one of the two users, or unlink \
                     the other user and link this one to the contact (hubsync unlink, hubsync link).",
        },
        ProblemKind::Conflict => Sentences {
            explanation: "Another HubSpot contact has the address, so the address was not written; the other fields are \
                          delivered.",
            remedy: "Merge the two contacts in HubSpot, remove the address from the other contact, or link the user to \
                     that contact (hubsync link).",
        },
        ProblemKind::Failed if is_any_transient(row, fields) => Sentences {
            explanation: "The delivery of this user alone failed several times, for the reason given with the field.",
            remedy: "Read the reason. Retry the user once its cause is gone; hubsync itself tries again only now and then.",
        },
        ProblemKind::Failed => Sentences {
            explanation: "The delivery of this user alone failed several times, for the reason given with the field. \
                          hubsync does not try again by itself.",
            remedy: "Read the reason, and retry the user once its cause is gone.",
        },
        ProblemKind::NotFound => not_found(row),
        ProblemKind::Unknown => Sentences {
            explanation: "A later version of the user service recorded a result that this version does not know.",
            remedy: "Run only one version of the user service, the later one.",
        },
    }
}

fn not_found(row: &Row) -> Sentences {
    if row.was_linked {
        return Sentences {
            explanation: "No HubSpot contact has the user's address. The user had a contact before, so hubsync does not \
                          create another one.",
            remedy: "Restore or create the contact in HubSpot, correct the user's address, or link the user to a contact \
                     (hubsync link).",
        };
    }
    Sentences {
        explanation: "No HubSpot contact has the user's address. hubsync updates contacts; it creates one only if \
                      HUBSPOT_CONTACT_NOT_FOUND=create is set for the hubspot service.",
        remedy: "Create the contact in HubSpot, correct the user's address, or set HUBSPOT_CONTACT_NOT_FOUND=create.",
    }
}

/// Whether the contact that has the address belongs to another user.
fn is_of_another_user(row: &Row, fields: FieldSet) -> bool {
    let is_of_another = |field: Field| match &row.fields[field].result {
        Some(FieldResult::Conflict { reason }) => reason.code == CONTACT_OF_ANOTHER_USER,
        _ => false,
    };
    fields.iter().any(is_of_another)
}

/// Whether HubSpot accepted these values and kept none of them.
fn is_none_kept(row: &Row, fields: FieldSet) -> bool {
    let is_not_kept = |field: Field| match &row.fields[field].result {
        Some(FieldResult::Rejected { reason }) => reason.code == VALUE_NOT_KEPT,
        _ => false,
    };
    fields.iter().all(is_not_kept)
}

fn is_any_transient(row: &Row, fields: FieldSet) -> bool {
    let is_transient = |field: Field| {
        matches!(
            row.fields[field].result,
            Some(FieldResult::Failed {
                is_transient: true,
                ..
            })
        )
    };
    fields.iter().any(is_transient)
}
