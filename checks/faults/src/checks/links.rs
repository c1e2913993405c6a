//! Checks which contact each user is linked to, and whether a conflict is true.

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader},
};

use anyhow::Context;
use contracts::{Field, FieldReceipt, SyncState, UserId, Value};
use user::store;

use super::{
    CheckContext,
    pairs::{PairFound, UserFound},
    property_of,
};
use crate::{
    callers::pairs::{Pair, PairKind},
    system::{hubspot::Contact, stack::Stack},
};

/// What the user service logs when a user loses its contact.
const LOSS: &str = "a user lost its contact to another user";
/// How often a user may lose its contact after each exchange of addresses and each merge.
const MAX_LOSSES_PER_CAUSE: u64 = 2;

/// How often users lost their contacts to others, by user.
pub(super) type Losses = BTreeMap<String, u64>;

/// Returns a sentence for each wrong link and each conflict that is not true.
pub(super) async fn check(
    context: &CheckContext<'_>,
    pairs: &[PairFound<'_>],
) -> anyhow::Result<Vec<String>> {
    let mut wrong = own_contacts(context, pairs).await?;
    for pair in pairs {
        let [one, other] = &pair.users;
        wrong.extend(check_sharing(one, other));
        for (user, partner) in [(one, other), (other, one)] {
            wrong.extend(check_primary(user, partner));
            for (field, state) in &user.fields {
                match state.state {
                    SyncState::Confirmed => wrong.extend(check_confirmed(pair.pair, user, *field)),
                    SyncState::Conflict => {
                        let named = match named_contact(state) {
                            Some(id) => Some(context.hubspot.contact(id).await?),
                            None => None,
                        };
                        wrong.extend(check_conflict(pair.pair, user, partner, *field, named.as_ref()));
                    }
                    other => wrong.push(format!("{} of {} is {other:?}", field.name(), user.id)),
                }
            }
        }
    }
    Ok(wrong)
}

/// Every user without a partner is linked to the contact that was made for it, and to no other.
async fn own_contacts(context: &CheckContext<'_>, pairs: &[PairFound<'_>]) -> anyhow::Result<Vec<String>> {
    let opened = store::open(&context.stack.database()).await?;
    let mut wrong = Vec::new();
    for user in context.users_without_partner() {
        let user_id: UserId = user.parse().context("user ids of a run are valid")?;
        // A row that is missing is found by another check.
        let Some(row) = opened.reader.find(&user_id).await? else {
            continue;
        };
        let linked = row.link.map(|link| link.contact_id);
        let own = context.contacts.get(user);
        if linked.as_ref() != own {
            wrong.push(format!(
                "{user} is linked to contact {linked:?}, but {own:?} is its own"
            ));
        }
        let users = pairs.iter().flat_map(|pair| &pair.users);
        let intruders = users.filter(|other| other.contact.as_ref().map(|contact| &contact.id) == own);
        wrong.extend(intruders.map(|other| format!("{} is linked to the contact of {user}", other.id)));
    }
    opened.close().await?;
    Ok(wrong)
}

/// Two users are linked to one contact only if both have its primary address.
fn check_sharing(one: &UserFound<'_>, other: &UserFound<'_>) -> Option<String> {
    let contact = one.contact.as_ref().filter(|_| one.shares_contact_with(other))?;
    let primary = contact.primary_address();
    let is_allowed = one.address() == primary && other.address() == primary;
    (!is_allowed).then(|| {
        format!(
            "{} and {} are both linked to contact {} of {primary:?}, but have the addresses {:?} and {:?}",
            one.id,
            other.id,
            contact.id,
            one.address(),
            other.address()
        )
    })
}

/// A contact belongs to the user that has its primary address, if there is one.
fn check_primary(user: &UserFound<'_>, partner: &UserFound<'_>) -> Option<String> {
    let contact = user.contact.as_ref()?;
    let primary = contact.primary_address();
    let is_of_partner = user.address() != primary && partner.address() == primary;
    is_of_partner.then(|| {
        format!(
            "{} is linked to contact {}, whose primary address is that of {}",
            user.id, contact.id, partner.id
        )
    })
}

/// The address of a contact that two users exchanged is its primary one. A handed-over address, or one of a merged contact, can be a
/// secondary one: HubSpot keeps the former addresses of a contact, and one by which a contact is found is not made its primary one.
fn check_confirmed(pair: &Pair, user: &UserFound<'_>, field: Field) -> Option<String> {
    let (value, version) = user.expected.fields.get(&field)?;
    let value = value.as_ref().and_then(Value::as_text).unwrap_or("");
    let name = format!("{} of {} of version {version}", field.name(), user.id);
    let Some(contact) = &user.contact else {
        return Some(format!(
            "{name} is confirmed, but the user is linked to no contact"
        ));
    };
    let held = contact
        .properties
        .get(property_of(field))
        .map_or("", String::as_str);
    let may_be_secondary = field == Field::EMAIL && pair.kind != PairKind::Swaps;
    let is_held = held == value || (may_be_secondary && contact.has_address(value));
    (!is_held).then(|| {
        let id = &contact.id;
        format!("{name} is confirmed as {value:?}, but contact {id} has {held:?}")
    })
}

/// The contact that the reason of a conflict names.
fn named_contact(field: &FieldReceipt) -> Option<&str> {
    let reason = field.reason.as_ref()?;
    let rest = reason.message.strip_prefix("contact ")?;
    let (id, _) = rest.split_once(' ')?;
    id.bytes().all(|byte| byte.is_ascii_digit()).then_some(id)
}

/// A conflict is true if it names a contact that has the address and is linked to the other user.
fn check_conflict(
    pair: &Pair,
    user: &UserFound<'_>,
    partner: &UserFound<'_>,
    field: Field,
    named: Option<&Contact>,
) -> Option<String> {
    let name = format!("{} of {}", field.name(), user.id);
    let Some(named) = named else {
        return Some(format!("{name} is in conflict, and the reason names no contact"));
    };
    let (id, address) = (&named.id, user.address());
    let is_of_partner = partner.contact.as_ref().is_some_and(|contact| contact.id == *id);
    if !pair.may_be_in_conflict() {
        Some(format!(
            "{name} is in conflict with contact {id}, although each contact has the address of one of both users"
        ))
    } else if !named.has_address(address) {
        Some(format!(
            "{name} is in conflict with contact {id}, which does not have {address:?}"
        ))
    } else if !is_of_partner {
        Some(format!(
            "{name} is in conflict with contact {id}, which is linked to no other user"
        ))
    } else {
        None
    }
}

/// Counts in the logs of the user services how often each user lost its contact.
pub(super) fn read_losses(stack: &Stack) -> anyhow::Result<Losses> {
    let mut losses = Losses::new();
    for path in stack.user_service_logs() {
        let log = File::open(&path).with_context(|| path.display().to_string())?;
        count_losses(BufReader::new(log), &mut losses)?;
    }
    Ok(losses)
}

fn count_losses(log: impl BufRead, losses: &mut Losses) -> io::Result<()> {
    for line in log.split(b'\n') {
        // A killed process may leave half a character.
        let line = String::from_utf8_lossy(&line?).into_owned();
        let user = line.split(' ').find_map(|word| word.strip_prefix("user.id="));
        if let Some(user) = user.filter(|_| line.contains(LOSS)) {
            *losses.entry(user.to_owned()).or_default() += 1;
        }
    }
    Ok(())
}

/// No contact goes back and forth between two users after one cause, and users without a partner lose none.
pub(super) fn check_losses(pairs: &[Pair], losses: &Losses) -> Vec<String> {
    let causes: BTreeMap<String, u64> = pairs
        .iter()
        .flat_map(|pair| {
            let causes = pair.record().causes();
            pair.users().map(|user| (user.id(), causes))
        })
        .collect();
    let mut wrong = Vec::new();
    for (user, lost) in losses {
        let causes = causes.get(user).copied().unwrap_or(0);
        if *lost > MAX_LOSSES_PER_CAUSE * causes {
            wrong.push(format!(
                "{user} lost its contact {lost} times, and there were {causes} causes"
            ));
        }
    }
    wrong
}
