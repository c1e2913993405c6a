//! `hubsync retry`: sends users with problems to HubSpot again.

use clap::Args;
use contracts::UserId;
use serde_json::{Value, json};

use super::{
    super::{
        CommandError, ExitStatus, GatewayOptions,
        bulk::{BulkRequest, MAX_NAMED_USERS, Remainder, Totals, print_result, shell_option},
        gateway::Gateway,
        terminal::{confirm, format_users, progress_bar},
    },
    problems::ProblemState,
};

const PATH: &str = "/sync/retry";

/// Which users to retry.
#[derive(Debug, Args)]
pub(crate) struct Retry {
    /// The users to retry, at once.
    #[arg(required_unless_present_any = ["state", "all"], conflicts_with_all = ["state", "all"])]
    users: Vec<UserId>,
    /// Retries all users in this state, after live changes.
    #[arg(long, conflicts_with = "all")]
    state: Option<ProblemState>,
    /// Retries only users whose reason has this code.
    #[arg(long, requires = "state", value_name = "CODE")]
    reason: Option<String>,
    /// Continues after this position, which an interrupted run has printed.
    #[arg(long, requires = "state", value_name = "POSITION")]
    after: Option<String>,
    /// Retries all users with problems, after live changes.
    #[arg(long)]
    all: bool,
    /// Does not ask for a confirmation.
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    options: GatewayOptions,
}

pub(crate) async fn run(retry: &Retry) -> Result<ExitStatus, CommandError> {
    let gateway = retry.options.gateway()?;
    let mut totals = Totals::new(&["retried", "skipped"]);
    let ended = if retry.users.is_empty() {
        retry_by_state(&gateway, retry, &mut totals).await
    } else {
        let mut bulk = BulkRequest::new(&gateway, progress_bar(None))?;
        let add = |answer: &Value| Ok(totals.add(answer));
        bulk.send_for_users(PATH, json!({}), &retry.users, MAX_NAMED_USERS, add)
            .await
    };
    print_result(retry.options.output(), ended, totals.document(), || {
        describe(&totals)
    })?;
    Ok(totals.exit_status())
}

async fn retry_by_state(gateway: &Gateway, retry: &Retry, totals: &mut Totals) -> Result<(), CommandError> {
    let summary = gateway.get("/sync/summary").await?;
    let users = retry.count_users(&summary);
    confirm(&retry.announcement(users), retry.yes)?;
    let mut bulk = BulkRequest::new(gateway, progress_bar(Some(users)))?;
    let states = retry
        .state
        .map_or(ProblemState::ALL.to_vec(), |state| vec![state]);
    // The gateway retries one state in each request, so `--all` goes through the states.
    for (number, state) in states.iter().enumerate() {
        let mut request = json!({ "state": state.name() });
        if let Some(reason) = &retry.reason {
            request["reason"] = reason.as_str().into();
        }
        if let Some(after) = &retry.after {
            request["after"] = after.as_str().into();
        }
        let add = |answer: &Value| Ok(totals.add(answer));
        let remainder = |after: Option<&str>| retry.remainder(gateway, &states[number..], after);
        bulk.send_pages(PATH, request, add, remainder).await?;
    }
    Ok(())
}

impl Retry {
    /// How many users have the chosen state and reason, by the summary.
    fn count_users(&self, summary: &Value) -> u64 {
        if self.state.is_none() {
            // `problems` contains only the most frequent reasons, while this number counts all users.
            return summary["usersWithProblems"].as_u64().unwrap_or(0);
        }
        let problems = summary["problems"].as_array().into_iter().flatten();
        let chosen = problems.filter(|problem| {
            let has_state = self.state.is_none_or(|state| problem["state"] == state.name());
            let reason = self.reason.as_deref();
            has_state && reason.is_none_or(|reason| problem["reason"] == reason)
        });
        chosen.filter_map(|problem| problem["users"].as_u64()).sum()
    }

    fn announcement(&self, users: u64) -> String {
        let which = match self.state {
            Some(state) => format!("in state {}", state.name()),
            None => "with problems".to_owned(),
        };
        let reason = self
            .reason
            .as_deref()
            .map_or_else(String::new, |code| format!(" because of {code}"));
        // The summary also counts the users before the position, which are not retried.
        let at_most = if self.after.is_some() { "at most " } else { "" };
        format!(
            "This retries {at_most}{} {which}{reason}, after live changes.",
            format_users(users)
        )
    }

    /// What is left of the first of these states after a position, and all of the other states.
    fn remainder(&self, gateway: &Gateway, states: &[ProblemState], after: Option<&str>) -> Remainder {
        let mut commands = states.iter().map(|state| {
            let reason = self.reason.as_deref();
            let reason =
                reason.map_or_else(String::new, |code| format!(" {}", shell_option("--reason", code)));
            format!("hubsync retry --state {}{reason}", state.name())
        });
        let mut remainder = Remainder::after(gateway, &commands.next().unwrap_or_default(), after);
        for command in commands {
            remainder.advice = format!(
                "{}\nthen with: {command}{}",
                remainder.advice,
                gateway.url_option()
            );
        }
        if let Some(state) = states.first() {
            remainder.members["state"] = state.name().into();
        }
        remainder
    }
}

fn describe(totals: &Totals) -> String {
    let mut text = format!("{} will be retried", format_users(totals.count("retried")));
    let skipped = totals.count("skipped");
    if skipped > 0 {
        text = format!(
            "{text}, {skipped} skipped because they have nothing to retry, or are being sent already"
        );
    }
    text + &totals.unknown_user_lines()
}
