//! `hubsync retry`: has users tried again.

use clap::Args;
use contracts::UserId;
use reqwest::Method;
use serde_json::{Value, json};

use super::{
    Asking, Exit, Failure,
    confirm::confirm,
    gateway::Gateway,
    output::{self, text},
    parked::Trouble,
    progress::bar,
};

/// So many users are named at a time; with the longest ids, they fit into a body that the gateway takes.
pub(crate) const NAMED: usize = 200;

/// Who is to be tried again.
#[derive(Debug, Args)]
pub(crate) struct Retry {
    /// These users, at once.
    #[arg(required_unless_present_any = ["state", "all"], conflicts_with_all = ["state", "all"])]
    users: Vec<UserId>,
    /// Everybody in this state, behind live changes.
    #[arg(long, conflicts_with = "all")]
    state: Option<Trouble>,
    /// Of them, those for the reason of this code.
    #[arg(long, requires = "state", value_name = "CODE")]
    reason: Option<String>,
    /// Everybody in trouble, behind live changes.
    #[arg(long)]
    all: bool,
    /// Asks nothing before many are tried again.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    asking: Asking,
}

/// What was done so far.
#[derive(Default)]
struct Total {
    retried: u64,
    left: u64,
    unknown: Vec<Value>,
}

pub(crate) async fn run(retry: &Retry) -> Result<Exit, Failure> {
    let gateway = retry.asking.gateway()?;
    let mut total = Total::default();
    if retry.users.is_empty() {
        by_trouble(&gateway, retry, &mut total).await?;
    } else {
        for users in retry.users.chunks(NAMED) {
            let body = json!({ "users": users });
            total.add(&gateway.send(Method::POST, "/sync/retry", Some(&body)).await?);
        }
    }
    let mut document = json!({ "retried": total.retried, "left": total.left });
    if !total.unknown.is_empty() {
        document["unknown"] = total.unknown.clone().into();
    }
    retry.asking.output().print(&document, || total.describe())?;
    Ok(if total.unknown.is_empty() {
        Exit::Well
    } else {
        Exit::UnknownUser
    })
}

async fn by_trouble(gateway: &Gateway, retry: &Retry, total: &mut Total) -> Result<(), Failure> {
    let summary = gateway.get("/sync/summary").await?;
    let users = concerned(&summary, retry);
    let (who, states) = match retry.state {
        Some(state) => (format!("in state {}", state.word()), vec![state]),
        None => ("in trouble".to_owned(), Trouble::ALL.to_vec()),
    };
    let why = retry
        .reason
        .as_deref()
        .map_or_else(String::new, |code| format!(" for {code}"));
    let what = format!(
        "To HubSpot again, behind live changes: {} {who}{why}.",
        output::users(users)
    );
    confirm(&what, retry.yes)?;
    let bar = bar(Some(users));
    for state in states {
        let mut body = json!({ "state": state.word() });
        if let Some(reason) = &retry.reason {
            body["reason"] = reason.as_str().into();
        }
        loop {
            let done = gateway.send(Method::POST, "/sync/retry", Some(&body)).await?;
            total.add(&done);
            bar.set_position(total.retried + total.left);
            match done["next"].as_str() {
                Some(next) => body["after"] = next.into(),
                None => break,
            }
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// How many users are in such trouble, by the latest count.
fn concerned(summary: &Value, retry: &Retry) -> u64 {
    if retry.state.is_none() {
        return summary["troubled"].as_u64().unwrap_or(0);
    }
    let troubles = summary["troubles"].as_array().into_iter().flatten();
    let meant = troubles.filter(|trouble| {
        let state = retry.state.is_none_or(|state| trouble["state"] == state.word());
        let reason = retry
            .reason
            .as_ref()
            .is_none_or(|reason| trouble["reason"] == reason.as_str());
        state && reason
    });
    meant.filter_map(|trouble| trouble["users"].as_u64()).sum()
}

impl Total {
    fn add(&mut self, done: &Value) {
        self.retried += done["retried"].as_u64().unwrap_or(0);
        self.left += done["left"].as_u64().unwrap_or(0);
        self.unknown
            .extend(done["unknown"].as_array().into_iter().flatten().cloned());
    }

    fn describe(&self) -> String {
        let mut words = format!("{} tried again", output::users(self.retried));
        if self.left > 0 {
            words = format!(
                "{words}, {} left alone: nothing of theirs waits, or it is being sent",
                self.left
            );
        }
        for user in &self.unknown {
            words = format!("{words}\nthere is no user {}", text(user));
        }
        words
    }
}
