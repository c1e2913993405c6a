//! `hubsync resync`: everything once more.

use clap::Args;
use contracts::UserId;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Asking, Exit, Failure,
    confirm::confirm,
    gateway::Gateway,
    output::{self, text},
    progress::bar,
    retry::NAMED,
};

/// Who is to be sent once more.
#[derive(Debug, Args)]
pub(crate) struct Resync {
    /// These users.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    users: Vec<UserId>,
    /// Every user.
    #[arg(long)]
    all: bool,
    /// Goes on after that user, where an earlier one broke off.
    #[arg(long, requires = "all", value_name = "USER")]
    after: Option<UserId>,
    /// Asks nothing before everybody is sent once more.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    asking: Asking,
}

/// What was done so far.
#[derive(Default)]
struct Total {
    owed: u64,
    shared: u64,
    left: u64,
    unknown: Vec<Value>,
}

pub(crate) async fn run(resync: &Resync) -> Result<Exit, Failure> {
    let gateway = resync.asking.gateway()?;
    let mut total = Total::default();
    if resync.all {
        let what = "Every field of every user is sent to HubSpot again, behind live changes; what others wrote into \
                    those fields there is overwritten.";
        confirm(what, resync.yes)?;
        everybody(&gateway, resync, &mut total).await?;
    } else {
        for users in resync.users.chunks(NAMED) {
            let body = json!({ "users": users });
            total.add(&gateway.send(Method::POST, "/sync/resync", Some(&body)).await?);
        }
    }
    let mut document = json!({ "owed": total.owed, "shared": total.shared, "left": total.left });
    if !total.unknown.is_empty() {
        document["unknown"] = total.unknown.clone().into();
    }
    resync.asking.output().print(&document, || total.describe())?;
    Ok(if total.unknown.is_empty() {
        Exit::Well
    } else {
        Exit::UnknownUser
    })
}

async fn everybody(gateway: &Gateway, resync: &Resync, total: &mut Total) -> Result<(), Failure> {
    let bar = bar(None);
    let mut body = json!({ "all": true });
    if let Some(after) = &resync.after {
        body["after"] = after.as_str().into();
    }
    loop {
        let done = gateway.send(Method::POST, "/sync/resync", Some(&body)).await;
        let done = done.map_err(|cause| cause.after(body["after"].as_str(), "hubsync resync --all"))?;
        total.add(&done);
        bar.set_position(total.owed + total.shared + total.left);
        match done["next"].as_str() {
            Some(next) => body["after"] = next.into(),
            None => break,
        }
    }
    bar.finish_and_clear();
    Ok(())
}

impl Total {
    fn add(&mut self, done: &Value) {
        self.owed += done["owed"].as_u64().unwrap_or(0);
        self.shared += done["shared"].as_u64().unwrap_or(0);
        self.left += done["left"].as_u64().unwrap_or(0);
        self.unknown
            .extend(done["unknown"].as_array().into_iter().flatten().cloned());
    }

    fn describe(&self) -> String {
        let mut words = format!("{} sent once more", output::users(self.owed));
        if self.shared > 0 {
            words = format!(
                "{words}, {} passed over: they share a contact with another user",
                self.shared
            );
        }
        if self.left > 0 {
            words = format!(
                "{words}, {} left alone: all of theirs is on its way already",
                self.left
            );
        }
        for user in &self.unknown {
            words = format!("{words}\nthere is no user {}", text(user));
        }
        words
    }
}
