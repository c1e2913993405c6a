//! `hubsync link` and `hubsync unlink`.

use clap::Args;
use contracts::{ContactId, UserId};
use reqwest::Method;
use serde_json::{Value, json};

use super::super::{CommandError, ExitStatus, GatewayOptions, terminal::text};

/// Which user to link to which contact.
#[derive(Debug, Args)]
pub(crate) struct Link {
    /// The user's id.
    user: UserId,
    /// The contact's record id, as HubSpot shows it.
    contact: ContactId,
    #[command(flatten)]
    options: GatewayOptions,
}

/// Which user's link to remove.
#[derive(Debug, Args)]
pub(crate) struct Unlink {
    /// The user's id.
    user: UserId,
    #[command(flatten)]
    options: GatewayOptions,
}

pub(crate) async fn run(link: &Link) -> Result<ExitStatus, CommandError> {
    let (path, body) = (path(&link.user), json!({ "contactId": link.contact }));
    let gateway = link.options.gateway()?;
    let receipt = gateway.send(Method::PUT, &path, Some(&body)).await?;
    print(&link.options, &receipt)
}

pub(crate) async fn unlink(unlink: &Unlink) -> Result<ExitStatus, CommandError> {
    let gateway = unlink.options.gateway()?;
    let receipt = gateway.send(Method::DELETE, &path(&unlink.user), None).await?;
    print(&unlink.options, &receipt)
}

fn path(user: &UserId) -> String {
    format!("/users/{user}/contact")
}

fn print(options: &GatewayOptions, receipt: &Value) -> Result<ExitStatus, CommandError> {
    options.output().print(receipt, || {
        let user = text(&receipt["userId"]);
        let contact = text(&receipt["contact"]["contactId"]);
        if contact.is_empty() {
            format!("user {user} has no contact; hubsync looks one up by the user's address")
        } else {
            format!("user {user} is linked to contact {contact}; hubsync sends it every field")
        }
    })?;
    Ok(ExitStatus::Success)
}
