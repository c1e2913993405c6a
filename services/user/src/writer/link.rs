//! An operator links a user to a contact, or has it forgotten.

use contracts::{ErrorCode, Link, LinkUser, Receipt, ServiceError, UnlinkUser, UserId};

use super::{batch::Batch, record::linked_to, update::check_readable};
use crate::{
    rules::{self, Row},
    store::StoreError,
};

type Linked = Result<Box<Receipt>, ServiceError>;

pub(super) async fn link(batch: &mut Batch<'_>, request: &LinkUser) -> Result<Linked, StoreError> {
    // Of two who link users to one contact at a time, the second is to see the first.
    let Some(account) = batch.lease().await?.account_id else {
        return Ok(Err(no_account()));
    };
    let mut row = match known(batch, &request.user_id) {
        Ok(row) => row,
        Err(error) => return Ok(Err(error)),
    };
    let contact = &request.contact_id;
    let others = linked_to(batch, &account, contact.as_str(), &request.user_id).await?;
    if let Some(other) = others.first() {
        return Ok(Err(held_by(other)));
    }
    let former = row.link.clone();
    let (now, terms) = (batch.now, *batch.terms);
    if !rules::link_by_operator(&mut row, contact, &account, now, &terms) {
        return Ok(Ok(current(&row)));
    }
    let receipt = announce(batch, row);
    leave(batch, former, &request.user_id).await?;
    Ok(Ok(receipt))
}

pub(super) async fn unlink(batch: &mut Batch<'_>, request: &UnlinkUser) -> Result<Linked, StoreError> {
    batch.lease().await?;
    let mut row = match known(batch, &request.user_id) {
        Ok(row) => row,
        Err(error) => return Ok(Err(error)),
    };
    let former = row.link.clone();
    let (now, terms) = (batch.now, *batch.terms);
    if !rules::unlink(&mut row, now, &terms) {
        return Ok(Ok(current(&row)));
    }
    let receipt = announce(batch, row);
    leave(batch, former, &request.user_id).await?;
    Ok(Ok(receipt))
}

fn known(batch: &Batch<'_>, user: &UserId) -> Result<Row, ServiceError> {
    check_readable(batch, user)?;
    let row = batch.row(user).cloned();
    row.ok_or_else(|| ServiceError::new(ErrorCode::UserNotFound, "there is no such user"))
}

fn announce(batch: &mut Batch<'_>, mut row: Row) -> Box<Receipt> {
    let priority = rules::sweep(&mut row, batch.now, batch.terms);
    let (receipt, user) = (current(&row), row.user_id.clone());
    batch.put(row);
    if let Some(priority) = priority {
        batch.announce(&user, priority);
    }
    receipt
}

fn current(row: &Row) -> Box<Receipt> {
    Box::new(rules::receipt(row, row.version).expect("a stored user has a version"))
}

/// Who is left alone with a contact shares it with nobody any more.
async fn leave(batch: &mut Batch<'_>, former: Option<Link>, user: &UserId) -> Result<(), StoreError> {
    let Some(former) = former.filter(|link| link.shared) else {
        return Ok(());
    };
    let others = linked_to(batch, &former.account_id, &former.contact_id, user).await?;
    let [other] = others.as_slice() else { return Ok(()) };
    batch.load([other]).await?;
    if let Some(link) = batch.row_to_change(other).and_then(|row| row.link.as_mut()) {
        link.shared = false;
    }
    Ok(())
}

fn no_account() -> ServiceError {
    let message = "no HubSpot account is known yet, and a contact belongs to one; start the hubspot service with a \
                   token that HubSpot takes, and try again";
    ServiceError::new(ErrorCode::NoAccount, message)
}

fn held_by(other: &UserId) -> ServiceError {
    let message =
        format!("user {other} is linked to that contact; unlink that one first, or name another contact");
    ServiceError::new(ErrorCode::ContactHeld, message)
}
