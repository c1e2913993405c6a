//! `hubsync retry`: has users tried again.

use clap::Args;
use contracts::UserId;
use serde_json::{Value, json};

use super::{
    Asking, Exit, Failure,
    confirm::confirm,
    gateway::Gateway,
    output::{self, text},
    parked::Trouble,
    progress::bar,
    series::{Rest, Series, conclude, option},
};

const PATH: &str = "/sync/retry";

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
    /// Goes on after that position, where an earlier one broke off and named it.
    #[arg(long, requires = "state", value_name = "POSITION")]
    after: Option<String>,
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
    let outcome = if retry.users.is_empty() {
        by_trouble(&gateway, retry, &mut total).await
    } else {
        let mut series = Series::begin(&gateway, bar(None))?;
        let add = |done: &Value| Ok(total.add(done));
        series.named(PATH, json!({}), &retry.users, NAMED, add).await
    };
    let output = retry.asking.output();
    conclude(output, outcome, total.document(), || total.describe())?;
    Ok(total.exit())
}

async fn by_trouble(gateway: &Gateway, retry: &Retry, total: &mut Total) -> Result<(), Failure> {
    let summary = gateway.get("/sync/summary").await?;
    let users = concerned(&summary, retry);
    confirm(&retry.announcement(users), retry.yes)?;
    let mut series = Series::begin(gateway, bar(Some(users)))?;
    let states = retry.state.map_or(Trouble::ALL.to_vec(), |state| vec![state]);
    for (number, state) in states.iter().enumerate() {
        let mut request = json!({ "state": state.word() });
        if let Some(reason) = &retry.reason {
            request["reason"] = reason.as_str().into();
        }
        if let Some(after) = &retry.after {
            request["after"] = after.as_str().into();
        }
        let add = |done: &Value| Ok(total.add(done));
        let rest = |after: Option<&str>| retry.rest(gateway, &states[number..], after);
        series.pages(PATH, request, add, rest).await?;
    }
    Ok(())
}

impl Retry {
    fn announcement(&self, users: u64) -> String {
        let who = match self.state {
            Some(state) => format!("in state {}", state.word()),
            None => "in trouble".to_owned(),
        };
        let why = self
            .reason
            .as_deref()
            .map_or_else(String::new, |code| format!(" for {code}"));
        let at_most = if self.after.is_some() { "at most " } else { "" };
        format!(
            "To HubSpot again, behind live changes: {at_most}{} {who}{why}.",
            output::users(users)
        )
    }

    /// The first of these states after that position, and all of the others.
    fn rest(&self, gateway: &Gateway, states: &[Trouble], after: Option<&str>) -> Rest {
        let mut commands = states.iter().map(|state| {
            let reason = self.reason.as_deref();
            let reason = reason.map_or_else(String::new, |code| format!(" {}", option("--reason", code)));
            format!("hubsync retry --state {}{reason}", state.word())
        });
        let mut rest = Rest::after(gateway, &commands.next().unwrap_or_default(), after);
        for command in commands {
            rest.advice = format!("{}\nthen with: {command}{}", rest.advice, gateway.option());
        }
        if let Some(state) = states.first() {
            rest.members["state"] = state.word().into();
        }
        rest
    }
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
    /// Takes what was done, and says how many users were come to so far.
    fn add(&mut self, done: &Value) -> u64 {
        self.retried += done["retried"].as_u64().unwrap_or(0);
        self.left += done["left"].as_u64().unwrap_or(0);
        self.unknown
            .extend(done["unknown"].as_array().into_iter().flatten().cloned());
        self.retried + self.left
    }

    fn document(&self) -> Value {
        let mut document = json!({ "retried": self.retried, "left": self.left });
        if !self.unknown.is_empty() {
            document["unknown"] = self.unknown.clone().into();
        }
        document
    }

    fn exit(&self) -> Exit {
        if self.unknown.is_empty() {
            Exit::Well
        } else {
            Exit::UnknownUser
        }
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
