//! Which contact a user is linked to.

use std::collections::BTreeMap;

use contracts::{Field, FieldResult, FieldSet, Link, LinkOrigin, NewLink, Priority, Reason, UserId};

use super::{OpenAttempt, Row, UnixMs, outcome::settle, owe::owe_again};

/// What came of a link that a worker found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Linked {
    /// It stands; those other users share the contact from now on.
    Taken(Vec<UserId>),
    /// Another user holds the contact; what asked for the link is settled as taken, if it was this user's own address.
    Refused(Reason),
    /// The user was linked to that contact before: nothing was found out.
    NoNews,
}

/// Takes a found link, before anything is written through it.
///
/// `others` are the users linked to that contact besides this one.
pub(super) fn link(
    row: &mut Row,
    found: NewLink,
    attempt: &OpenAttempt,
    others: Vec<UserId>,
    now: UnixMs,
) -> Linked {
    let shared = !others.is_empty();
    let address = FieldSet::from_iter([Field::Email]);
    if shared && row.forget_create_of_another(found.address.as_deref()) {
        return Linked::Refused(of_another());
    }
    match found.origin {
        LinkOrigin::Merged => move_link(row, found, shared),
        LinkOrigin::Created => created_link(row, found, attempt, shared, now),
        _ if is_linked_to(row, &found) => return Linked::NoNews,
        // Only an operator takes back what an operator said.
        LinkOrigin::Followed if is_by_operator(row) => {
            return refuse(row, address, attempt, by_operator(), now);
        }
        LinkOrigin::Followed if shared => {
            return refuse(row, address, attempt, of_another(), now);
        }
        // Only a primary address says that the contact is this person's, whoever else is linked to it.
        LinkOrigin::SecondaryAddress if shared => {
            return refuse(row, attempt.fields, attempt, of_another(), now);
        }
        LinkOrigin::PrimaryAddress
        | LinkOrigin::SecondaryAddress
        | LinkOrigin::Followed
        | LinkOrigin::ByOperator => {
            new_link(row, found, attempt, shared, now);
        }
    }
    row.was_linked = true;
    row.possible_creates.clear();
    Linked::Taken(others)
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

/// A merge moved the contact to another id; it is the same contact, so nothing new is owed, and an operator's link
/// stays one.
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

/// A contact made for this user holds what the attempt carried. Fields that were not owed then went along, but their
/// outcome is still the one of before: they are owed, so that it becomes true.
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
    owe_again(row, others.collect(), Priority::Live, now);
}

/// A new contact has heard nothing of this user: every field is owed, except the address that found it, which it
/// holds. So secondary addresses are not promoted and a salesperson's correction stands.
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
    let mut again = FieldSet::all();
    if by_own_address {
        again = again.without(Field::Email);
        settle(
            row,
            attempt,
            BTreeMap::from([(Field::Email, FieldResult::Confirmed)]),
            now,
        );
    }
    owe_again(row, again, Priority::Live, now);
}

fn of_another() -> Reason {
    Reason::ours(
        "CONTACT_OF_ANOTHER_USER",
        "the contact that holds this address is linked to another user",
    )
}

fn by_operator() -> Reason {
    Reason::ours(
        "LINKED_BY_OPERATOR",
        "another contact holds this address, and an operator linked the user to this one; unlink the user, or mend \
         the address",
    )
}

/// Settles those fields as taken.
fn refuse(row: &mut Row, fields: FieldSet, attempt: &OpenAttempt, reason: Reason, now: UnixMs) -> Linked {
    let outcomes = fields
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
    settle(row, attempt, outcomes, now);
    Linked::Refused(reason)
}
