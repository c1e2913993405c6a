//! `hubsync link` and `hubsync unlink`.

use clap::Args;
use contracts::{ContactId, UserId};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Asking, Exit, Failure, output::text};

/// Which contact is a user's.
#[derive(Debug, Args)]
pub(crate) struct LinkTo {
    /// The user's id.
    user: UserId,
    /// The contact's record id, as HubSpot shows it.
    contact: ContactId,
    #[command(flatten)]
    asking: Asking,
}

/// Whose contact is forgotten.
#[derive(Debug, Args)]
pub(crate) struct Unlink {
    /// The user's id.
    user: UserId,
    #[command(flatten)]
    asking: Asking,
}

pub(crate) async fn link(link: &LinkTo) -> Result<Exit, Failure> {
    let (path, body) = (path(&link.user), json!({ "contactId": link.contact }));
    let gateway = link.asking.gateway()?;
    let receipt = gateway.send(Method::PUT, &path, Some(&body)).await?;
    print(&link.asking, &receipt)
}

pub(crate) async fn unlink(unlink: &Unlink) -> Result<Exit, Failure> {
    let gateway = unlink.asking.gateway()?;
    let receipt = gateway.send(Method::DELETE, &path(&unlink.user), None).await?;
    print(&unlink.asking, &receipt)
}

fn path(user: &UserId) -> String {
    format!("/users/{user}/contact")
}

fn print(asking: &Asking, receipt: &Value) -> Result<Exit, Failure> {
    asking.output().print(receipt, || {
        let user = text(&receipt["userId"]);
        let contact = text(&receipt["contact"]["contactId"]);
        if contact.is_empty() {
            format!("user {user} has no contact; one is looked up by its address")
        } else {
            format!("user {user} is linked to contact {contact}, which is sent every field")
        }
    })?;
    Ok(Exit::Well)
}
