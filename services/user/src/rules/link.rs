//! Whether a link that a worker found is accepted, and which of several users a contact belongs to.

use std::collections::BTreeMap;

use contracts::{
    Field, FieldResult, FieldSet, Link, LinkOrigin, NewLink, Priority, Reason, UserId, Value, is_same_address,
};

use super::{OpenAttempt, Row, UnixMs, dirty::mark_dirty, results::resolve_fields};

/// The code of a conflict with a contact that belongs to another user.
pub(super) const CONTACT_OF_ANOTHER_USER: &str = "CONTACT_OF_ANOTHER_USER";

/// What was decided about a link.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum LinkDecision {
    /// The user is linked to the contact.
    Accepted,
    /// The link was rejected for this reason. Fields that depended on it have the result `Conflict`.
    Rejected(Reason),
    /// The contact belongs to another user, and it was found by a former address of this one. That address is forgotten, and the others
    /// are looked up.
    PassedOver(Reason),
    /// The contact may have changed since it was looked up, so it is looked up again.
    Outdated(Reason),
    /// The user was linked to the contact before.
    AlreadyLinked,
    /// The contact was merged into one of another user, and this user is looked up again.
    Lost(Reason),
}

/// What was decided about a link, and what follows for the other users of the contact.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Decided {
    pub(super) decision: LinkDecision,
    /// They lose the contact to this user.
    pub(super) losers: Vec<UserId>,
    /// They keep the contact, and something of this user was written to it.
    pub(super) overwritten: Vec<UserId>,
}

impl Decided {
    fn alone(decision: LinkDecision) -> Self {
        Self {
            decision,
            losers: Vec::new(),
            overwritten: Vec::new(),
        }
    }
}

/// How strongly a contact belongs to a user. The first is the strongest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Bond {
    /// An operator linked them.
    ByOperator,
    /// The user has a new address, which is being sent. The contact still has the former one as its primary address.
    ChangesAddress,
    /// The user's address is the primary one of the contact.
    PrimaryAddress,
    /// They are linked, or the user has a secondary address of the contact.
    Other,
}

/// The bond between a contact with this primary address and a user that is linked to it.
fn bond_of_linked(row: &Row, primary: Option<&str>) -> Bond {
    let email = &row.fields[Field::EMAIL];
    let confirmed = row.link.as_ref().and_then(|link| link.address.as_deref());
    let is_primary = |address: &str| primary.is_some_and(|primary| is_same_address(address, primary));
    if is_by_operator(row) {
        Bond::ByOperator
    } else if primary.is_some_and(|primary| row.has_address(primary)) {
        Bond::PrimaryAddress
    } else if email.is_dirty() && email.result.is_none() && confirmed.is_some_and(is_primary) {
        // As soon as HubSpot answers that it cannot have the new address, the field has a result. Without that, two users who
        // exchange their addresses would wait for each other for ever.
        Bond::ChangesAddress
    } else {
        Bond::Other
    }
}

/// Accepts or rejects a link, before anything is written through it.
///
/// `others` are the other users that are linked to the contact, or to a contact that was merged into it. Of all users, the one with
/// the strongest bond gets the contact, and of equal ones the one that was linked first. This user shares the contact with the one that has
/// the strongest bond if both have its primary address; others lose it.
pub(super) fn decide_link(
    row: &mut Row,
    found: NewLink,
    attempt: &OpenAttempt,
    others: &[Row],
    now: UnixMs,
) -> Decided {
    let address = FieldSet::from_iter([Field::EMAIL]);
    match found.origin {
        LinkOrigin::Created | LinkOrigin::Merged => {}
        _ if is_linked_to(row, &found) => return Decided::alone(LinkDecision::AlreadyLinked),
        // An address does not change an operator's link.
        LinkOrigin::Followed if is_by_operator(row) => {
            return Decided::alone(reject(row, address, attempt, by_operator(), now));
        }
        _ => {}
    }
    if others.is_empty() {
        take_contact(row, found, attempt, false, now);
        return Decided::alone(accepted(row));
    }
    let former = found
        .address
        .as_deref()
        .filter(|address| !row.has_address(address));
    if let Some(former) = former {
        row.forget_former_address(former);
        return Decided::alone(LinkDecision::PassedOver(of_another(&found)));
    }
    match rank(row, &found, attempt, others, now) {
        Ranking::Shares { losers } => {
            take_contact(row, found, attempt, true, now);
            win(row, others, losers)
        }
        Ranking::Wins => {
            let was_written = matches!(found.origin, LinkOrigin::Merged | LinkOrigin::Created);
            take_contact(row, found, attempt, false, now);
            if was_written {
                mark_dirty(row, row.given_fields(), Priority::Live, now);
            }
            win(
                row,
                others,
                others.iter().map(|other| other.user_id.clone()).collect(),
            )
        }
        Ranking::IsOutdated => Decided::alone(LinkDecision::Outdated(outdated())),
        Ranking::Loses { to } => {
            let reason = of_another(&found);
            let decision = match found.origin {
                LinkOrigin::Merged => {
                    lose_merged_contact(row, now);
                    return Decided {
                        overwritten: vec![to],
                        ..Decided::alone(LinkDecision::Lost(reason))
                    };
                }
                LinkOrigin::Followed => reject(row, address, attempt, reason, now),
                _ => reject(row, attempt.fields, attempt, reason, now),
            };
            // Another user has found a contact that was created for this one.
            let is_written = found.origin == LinkOrigin::Created;
            Decided {
                overwritten: is_written.then_some(to).into_iter().collect(),
                ..Decided::alone(decision)
            }
        }
    }
}

/// The user gets the contact, and these users lose it.
fn win(row: &mut Row, others: &[Row], losers: Vec<UserId>) -> Decided {
    for former in others.iter().filter(|other| losers.contains(&other.user_id)) {
        inherit_values(row, former);
    }
    Decided {
        losers,
        ..Decided::alone(accepted(row))
    }
}

/// How a user that asks for a contact ranks among the others that are linked to it.
enum Ranking {
    /// It gets the contact.
    Wins,
    /// It shares the contact with the others, except those that lose it.
    Shares { losers: Vec<UserId> },
    /// This user keeps the contact.
    Loses { to: UserId },
    /// It would get the contact, but the contact may have got another primary address since it was looked up.
    IsOutdated,
}

fn rank(row: &Row, found: &NewLink, attempt: &OpenAttempt, others: &[Row], now: UnixMs) -> Ranking {
    // Earlier workers do not name the primary address.
    let shown = found
        .address
        .as_deref()
        .filter(|_| found.origin == LinkOrigin::PrimaryAddress);
    let primary = found.primary_address.as_deref().or(shown);
    let is_merge = found.origin == LinkOrigin::Merged;
    let own = match primary {
        _ if is_merge => bond_of_linked(row, primary),
        Some(primary) if row.has_address(primary) => Bond::PrimaryAddress,
        _ => Bond::Other,
    };
    let bond_and_age = |other: &Row| {
        (
            bond_of_linked(other, primary),
            other.linked_at,
            other.user_id.clone(),
        )
    };
    let Some((bond, linked_at, strongest)) = others.iter().map(bond_and_age).min() else {
        return Ranking::Wins;
    };
    let have_all_primary = (own, bond) == (Bond::PrimaryAddress, Bond::PrimaryAddress);
    let is_earlier = is_merge && (row.linked_at, &row.user_id) < (linked_at, &strongest);
    let is_weaker = own > bond || (own == bond && !is_earlier);
    let is_shared = have_all_primary && found.origin != LinkOrigin::Followed;
    if is_weaker && !is_shared {
        return Ranking::Loses { to: strongest };
    }
    // Otherwise each of two users could lose the contact while it gives it its own address, and get it back by that address.
    // Users who share the contact give it the same address. They may send it at the same time again and again, for example
    // while their contact is merged, and do not wait for each other.
    let gives_another =
        |other: &Row| !(is_shared && primary.is_some_and(|primary| other.has_address(primary)));
    if others
        .iter()
        .any(|other| gives_another(other) && is_address_written_since(other, attempt, now))
    {
        return Ranking::IsOutdated;
    }
    if is_shared {
        return Ranking::Shares {
            losers: others
                .iter()
                .filter(|other| bond_of_linked(other, primary) == Bond::Other)
                .map(|other| other.user_id.clone())
                .collect(),
        };
    }
    Ranking::Wins
}

/// The contact passes from one user to another. Values that the former one had confirmed there, and that the new one never had, are
/// cleared.
pub fn inherit_values(row: &mut Row, former: &Row) {
    for (field, state) in former.fields.iter() {
        let Some(FieldResult::Confirmed(confirmation)) = &state.result else {
            continue;
        };
        let normalized = confirmation.normalized.clone().map(Value::Text);
        let form = normalized.or_else(|| state.value.clone());
        if let Some(form) = form.filter(|_| confirmation.shown && row.fields[field].changed_in == 0) {
            row.former_values.insert(field, Some(form));
        }
    }
}

/// Whether the contact may have got an address of this user after an attempt began.
fn is_address_written_since(row: &Row, attempt: &OpenAttempt, now: UnixMs) -> bool {
    let is_being_written = row
        .open_attempt
        .as_ref()
        .is_some_and(|open| open.fields.contains(Field::EMAIL));
    // A time in the future was stored before the clock stepped back, and says nothing.
    is_being_written || (attempt.since + 1..=now).contains(&row.address_written_at)
}

/// Whether a user that shares its contact may not give it another address, because another user was linked to it first.
///
/// `others` are the other users of the contact.
pub fn is_second_in_shared_contact(row: &Row, others: &[Row]) -> bool {
    let Some(link) = &row.link else { return false };
    let has_confirmed = link
        .address
        .as_deref()
        .is_some_and(|address| row.has_address(address));
    let is_earlier = |other: &Row| (other.linked_at, &other.user_id) < (row.linked_at, &row.user_id);
    row.fields[Field::EMAIL].is_dirty()
        && !has_confirmed
        && !is_by_operator(row)
        && others.iter().any(is_earlier)
}

/// The users of a shared contact that have another address than its new primary one, so that it is not their contact any more.
pub(super) fn left_behind(primary: &str, users: &[Row]) -> Vec<UserId> {
    users
        .iter()
        .filter(|user| !user.has_address(primary) && !is_by_operator(user))
        .map(|user| user.user_id.clone())
        .collect()
}

fn accepted(row: &mut Row) -> LinkDecision {
    row.was_linked = true;
    LinkDecision::Accepted
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

fn take_contact(row: &mut Row, found: NewLink, attempt: &OpenAttempt, shared: bool, now: UnixMs) {
    match found.origin {
        LinkOrigin::Merged => move_link(row, found, shared),
        LinkOrigin::Created => created_link(row, found, attempt, shared, now),
        _ => new_link(row, found, attempt, shared, now),
    }
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

/// The user's contact was merged into one of another user. The user is looked up again, and may get a contact of its own.
fn lose_merged_contact(row: &mut Row, now: UnixMs) {
    row.link = None;
    row.forget_impossible_creates(now);
    row.was_linked = false;
    row.former_values.clear();
    mark_dirty(row, row.given_fields(), Priority::Live, now);
}

/// A contact that was created for this user has every value of the attempt. Fields that were clean then were written too, but their
/// results are older than the contact. They become dirty, so that their results become true.
fn created_link(row: &mut Row, found: NewLink, attempt: &OpenAttempt, shared: bool, now: UnixMs) {
    row.begin_link(now);
    row.link = Some(Link {
        contact_id: found.contact_id,
        account_id: found.account_id,
        address: found.address,
        origin: found.origin,
        shared,
    });
    let others = row
        .given_fields()
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
    row.begin_link(now);
    row.former_values.clear();
    row.link = Some(Link {
        contact_id: found.contact_id,
        account_id: found.account_id,
        address: found.address,
        origin: found.origin,
        shared,
    });
    let mut resent = row.given_fields();
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

fn of_another(found: &NewLink) -> Reason {
    let contact = &found.contact_id;
    let message = format!(
        "contact {contact} has this address and is linked to another user; remove the address from that contact in \
         HubSpot, or correct the user's address"
    );
    Reason::ours(CONTACT_OF_ANOTHER_USER, &message)
}

fn outdated() -> Reason {
    Reason::ours(
        "LOOKUP_OUTDATED",
        "another user's address was written to this contact after it was looked up, so it is looked up again",
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
