//! Whether a link that a worker found is accepted.

use std::collections::BTreeMap;

use contracts::{Field, FieldResult, FieldSet, Link, LinkOrigin, NewLink, Priority, Reason, UserId};

use super::{OpenAttempt, Row, UnixMs, dirty::mark_dirty, results::resolve_fields};

/// What was decided about a link.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LinkDecision {
    /// The user is linked to the contact, and shares it with these users.
    Accepted(Vec<UserId>),
    /// The link was rejected for this reason. Fields that depended on it have the result `Conflict`.
    Rejected(Reason),
    /// The user was linked to the contact before.
    AlreadyLinked,
}

/// Accepts or rejects a link, before anything is written through it.
///
/// `others` are the other users that are linked to the contact.
pub(super) fn decide_link(
    row: &mut Row,
    found: NewLink,
    attempt: &OpenAttempt,
    others: Vec<UserId>,
    now: UnixMs,
) -> LinkDecision {
    let shared = !others.is_empty();
    let address = FieldSet::from_iter([Field::EMAIL]);
    if shared && row.forget_create_of_another(found.address.as_deref()) {
        return LinkDecision::Rejected(of_another());
    }
    match found.origin {
        LinkOrigin::Merged => move_link(row, found, shared),
        LinkOrigin::Created => created_link(row, found, attempt, shared, now),
        _ if is_linked_to(row, &found) => return LinkDecision::AlreadyLinked,
        // Only an operator changes an operator's link.
        LinkOrigin::Followed if is_by_operator(row) => {
            return reject(row, address, attempt, by_operator(), now);
        }
        LinkOrigin::Followed if shared => {
            return reject(row, address, attempt, of_another(), now);
        }
        // A primary address proves that the contact is this person's, even if others are linked to it. A secondary one does not.
        LinkOrigin::SecondaryAddress | LinkOrigin::Unknown if shared => {
            return reject(row, attempt.fields, attempt, of_another(), now);
        }
        LinkOrigin::PrimaryAddress
        | LinkOrigin::SecondaryAddress
        | LinkOrigin::Followed
        | LinkOrigin::ByOperator
        | LinkOrigin::Unknown => {
            new_link(row, found, attempt, shared, now);
        }
    }
    row.was_linked = true;
    row.possible_creates.clear();
    LinkDecision::Accepted(others)
}

fn is_linked_to(row: &Row, found: &NewLink) -> bool {
    row.link
        .as_ref()
        .is_some_and(|link| link.contact_id == found.contact_id && link.account_id == found.account_id)
}

fn is_by_operator(row: &Row) -> bool {
    row.link
        .as_ref()
        .is_some_and(|link| link.origin == LinkOrigin::ByOperator)
}

/// A merge gave the contact another id. It is the same contact, so no field becomes dirty, and an operator's link stays one.
fn move_link(row: &mut Row, mut found: NewLink, shared: bool) {
    if is_by_operator(row) {
        found.origin = LinkOrigin::ByOperator;
    }
    let address = row.link.take().and_then(|link| link.address).or(found.address);
    row.link = Some(Link {
        contact_id: found.contact_id,
        account_id: found.account_id,
        address,
        origin: found.origin,
        shared,
    });
}

/// A contact that was created for this user has every value of the attempt. Fields that were clean then were written too, but their
/// results are older than the contact. They become dirty, so that their results become true.
fn created_link(row: &mut Row, found: NewLink, attempt: &OpenAttempt, shared: bool, now: UnixMs) {
    row.link = Some(Link {
        contact_id: found.contact_id,
        account_id: found.account_id,
        address: found.address,
        origin: found.origin,
        shared,
    });
    let others = FieldSet::all()
        .iter()
        .filter(|field| !attempt.fields.contains(*field));
    mark_dirty(row, others.collect(), Priority::Live, now);
}

/// A contact that is new to this user gets every field, except the address by which it was found. So a secondary address does not
/// replace the primary one, and a salesperson's correction of the address stays.
fn new_link(row: &mut Row, found: NewLink, attempt: &OpenAttempt, shared: bool, now: UnixMs) {
    let by_own_address = found
        .address
        .as_deref()
        .is_some_and(|address| row.has_address(address));
    row.link = Some(Link {
        contact_id: found.contact_id,
        account_id: found.account_id,
        address: found.address,
        origin: found.origin,
        shared,
    });
    let mut resent = FieldSet::all();
    if by_own_address {
        resent = resent.without(Field::EMAIL);
        resolve_fields(
            row,
            attempt,
            BTreeMap::from([(Field::EMAIL, FieldResult::CONFIRMED)]),
            now,
        );
    }
    mark_dirty(row, resent, Priority::Live, now);
}

fn of_another() -> Reason {
    Reason::ours(
        "CONTACT_OF_ANOTHER_USER",
        "the contact that has this address is linked to another user",
    )
}

fn by_operator() -> Reason {
    Reason::ours(
        "LINKED_BY_OPERATOR",
        "another contact has this address, and an operator linked the user to this one; unlink the user, or correct \
         the address",
    )
}

/// Rejects the link: these fields get the result `Conflict`.
fn reject(
    row: &mut Row,
    fields: FieldSet,
    attempt: &OpenAttempt,
    reason: Reason,
    now: UnixMs,
) -> LinkDecision {
    let results = fields
        .iter()
        .map(|field| {
            (
                field,
                FieldResult::Conflict {
                    reason: reason.clone(),
                },
            )
        })
        .collect();
    resolve_fields(row, attempt, results, now);
    LinkDecision::Rejected(reason)
}
