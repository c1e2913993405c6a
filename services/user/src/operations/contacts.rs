//! What operations that change links do about the other users of a contact.
//!
//! Every operation that links users locks the lease's row first. If two of them link users to one contact at the same time, the second
//! one waits, and then sees the link that the first one made.

use std::collections::BTreeSet;

use contracts::{Link, LinkOrigin, NewLink, UserId, WriteTarget};

use super::wake_if_due;
use crate::{
    commit::{Batch, LostContact},
    rules::{self, Row},
    store::StoreError,
};

/// The other users that are linked to the contact of a link that was found, to a contact that was merged into it, or to the user's
/// former contact, if that was merged into it.
pub(super) async fn users_of_found_contact(
    batch: &mut Batch<'_>,
    user: &UserId,
    found: &NewLink,
) -> Result<Vec<Row>, StoreError> {
    let contacts = contacts_of(batch, user, found);
    let contacts: Vec<&str> = contacts.iter().map(String::as_str).collect();
    other_users(batch, user, &found.account_id, &contacts).await
}

/// The ids under which the contact of a link was known, the present one too.
fn contacts_of(batch: &Batch<'_>, user: &UserId, found: &NewLink) -> BTreeSet<String> {
    let is_merge = found.origin == LinkOrigin::Merged;
    let link = batch.row(user).and_then(|row| row.link.as_ref());
    let merged = link.filter(|link| is_merge && link.account_id == found.account_id);
    let former = found.former_ids.iter().cloned();
    let all = former.chain([found.contact_id.clone()]);
    all.chain(merged.map(|link| link.contact_id.clone())).collect()
}

/// The rows of the other users that are linked to one of these contacts.
pub(super) async fn other_users(
    batch: &mut Batch<'_>,
    user: &UserId,
    account: &str,
    contacts: &[&str],
) -> Result<Vec<Row>, StoreError> {
    let mut users = batch.users_of_contacts(account, contacts).await?;
    users.remove(user);
    batch.load(&users).await?;
    Ok(users
        .iter()
        .filter_map(|other| batch.row(other))
        .cloned()
        .collect())
}

/// A link was accepted: everybody who stays linked to the contact is linked to its present id, and windows in which a late write to a
/// former id is possible count for the present one.
///
/// If the user lost the contact instead, the others stay linked to the ids that they know. Contacts of several of them may have been
/// merged, and the next write of one of them decides which of them keeps the contact.
pub(super) async fn join_former_contacts(
    batch: &mut Batch<'_>,
    user: &UserId,
    found: &NewLink,
    former_link: Option<&Link>,
    others: &[Row],
) -> Result<(), StoreError> {
    let (account, contact) = (found.account_id.as_str(), found.contact_id.as_str());
    let link = batch.row(user).and_then(|row| row.link.as_ref());
    let is_accepted = link.is_some_and(|link| link.account_id == account && link.contact_id == contact);
    for other in others.iter().filter(|_| is_accepted) {
        let is_former = |link: &&mut Link| link.account_id == account && link.contact_id != contact;
        if let Some(row) = batch.row_mut(&other.user_id)
            && let Some(link) = row.link.as_mut().filter(is_former)
        {
            contact.clone_into(&mut link.contact_id);
        }
    }
    let mut former: BTreeSet<WriteTarget> = found
        .former_ids
        .iter()
        .map(|id| WriteTarget::contact(account, id))
        .collect();
    if let Some(link) = former_link.filter(|_| found.origin == LinkOrigin::Merged) {
        former.insert(WriteTarget::contact(&link.account_id, &link.contact_id));
    }
    let targets: Vec<&WriteTarget> = former.iter().collect();
    let late_writes = batch.late_writes(&targets).await?;
    let owners: BTreeSet<UserId> = late_writes.into_iter().map(|one| one.user_id).collect();
    batch.load(&owners).await?;
    let former: Vec<WriteTarget> = former.into_iter().collect();
    let target = WriteTarget::contact(account, contact);
    for owner in owners.iter().chain([user]) {
        if let Some(row) = batch.row_mut(owner) {
            rules::extend_windows_to(row, &former, &target);
        }
    }
    Ok(())
}

/// These users lose their contact to another user, and are looked up again.
pub(super) async fn end_links(batch: &mut Batch<'_>, losers: &[UserId]) -> Result<(), StoreError> {
    for user in losers {
        let (now, timing) = (batch.now, *batch.timing);
        let Some(row) = batch.row_mut(user) else { continue };
        let former = row.link.clone();
        rules::lose_contact(row, now, &timing);
        wake_if_due(batch, user);
        batch.lost_contacts.push(LostContact {
            user_id: user.clone(),
            contact_id: former.as_ref().map(|link| link.contact_id.clone()),
        });
        if let Some(former) = former {
            handle_departure(batch, user, &former).await?;
        }
    }
    Ok(())
}

/// Something was written to the contact of these users that is not theirs, so every field is sent again.
pub(super) fn resend_everything<'u>(batch: &mut Batch<'_>, users: impl IntoIterator<Item = &'u UserId>) {
    for user in users {
        let now = batch.now;
        if let Some(row) = batch.row_mut(user) {
            rules::send_everything(row, now);
            wake_if_due(batch, user);
        }
    }
}

/// Sends everything again of users that are linked to contacts to which a call of this user was, or may have been, applied.
pub(super) async fn resend_users_of(
    batch: &mut Batch<'_>,
    user: &UserId,
    contacts: &[WriteTarget],
) -> Result<(), StoreError> {
    for (account, contact) in contacts.iter().filter_map(WriteTarget::as_contact) {
        let others = other_users(batch, user, account, &[contact]).await?;
        resend_everything(batch, others.iter().map(|other| &other.user_id));
    }
    Ok(())
}

/// A user is not linked to this contact any more. If other users are, they are sent again, because the contact may have values of the
/// user that has left. Values that none of them has given are cleared by the one that was linked first.
pub(super) async fn handle_departure(
    batch: &mut Batch<'_>,
    user: &UserId,
    former: &Link,
) -> Result<(), StoreError> {
    if !former.shared {
        return Ok(());
    }
    let left = update_sharing(batch, &former.account_id, &former.contact_id).await?;
    let first = left.iter().filter_map(|user| batch.row(user));
    let first = first.min_by_key(|row| (row.linked_at, &row.user_id));
    if let Some(first) = first.map(|row| row.user_id.clone()) {
        let departed = batch.row(user).cloned();
        if let (Some(departed), Some(row)) = (departed, batch.row_mut(&first)) {
            rules::inherit_values(row, &departed);
        }
    }
    resend_everything(batch, &left);
    Ok(())
}

/// Notes in each user of a contact whether it shares the contact. Returns these users.
pub(super) async fn update_sharing(
    batch: &mut Batch<'_>,
    account: &str,
    contact: &str,
) -> Result<BTreeSet<UserId>, StoreError> {
    let users = batch.users_of_contacts(account, &[contact]).await?;
    batch.load(&users).await?;
    let is_shared = users.len() > 1;
    for user in &users {
        let differs = batch
            .row(user)
            .and_then(|row| row.link.as_ref())
            .is_some_and(|link| link.shared != is_shared);
        if differs && let Some(link) = batch.row_mut(user).and_then(|row| row.link.as_mut()) {
            link.shared = is_shared;
        }
    }
    Ok(users)
}
