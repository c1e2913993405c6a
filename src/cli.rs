//! What operators ask of a running hubsync, over the gateway's HTTP; one file for each command.

mod confirm;
mod connect;
mod doctor;
mod drift;
mod failure;
mod gateway;
mod link;
mod output;
mod parked;
mod patience;
mod pause;
mod progress;
mod resync;
mod retry;
mod series;
mod show;
mod status;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use url::Url;

use crate::arguments::Arguments;
use failure::{Exit, Failure};
use gateway::Gateway;
use output::Output;

/// Where a gateway on this machine listens.
const DEFAULT_URL: &str = "http://127.0.0.1:3030";

/// What may be asked.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// How the pipeline stands: the gateway, users by state, the line to HubSpot. Ends with 1 when it is not well.
    Status(Asking),
    /// A user, what became of each of its fields, and its contact. Ends with 1 when a field is in trouble.
    Show(show::Show),
    /// Users that are refused, taken, parked or missing: counted by reason, or listed.
    Parked(parked::Parked),
    /// Has users tried again, named or by their trouble.
    Retry(retry::Retry),
    /// Has every field of users sent once more, behind live changes.
    Resync(resync::Resync),
    /// Compares users with what HubSpot holds, and sends again what differs if it is told to. Ends with 1 when something differs.
    Drift(drift::Drift),
    /// Tells what would be written where, and writes nothing; works while delivery is paused.
    DryRun(drift::DryRun),
    /// Links a user to a contact of the account, whatever its address, and sends it every field.
    Link(link::LinkTo),
    /// Forgets a user's contact, so that one is looked up by the user's address.
    Unlink(link::Unlink),
    /// Stops delivery to HubSpot, over restarts too; changes are accepted as ever.
    Pause(Asking),
    /// Lets delivery go on.
    Resume(Asking),
    /// Connects an OAuth app to a HubSpot account, and keeps the refresh token in the file that the settings name.
    Connect(connect::Connect),
    /// Checks settings, NATS, the database, HubSpot and the gateway, and says how to mend what is not well.
    Doctor(Asking),
}

/// Whom to ask, and how to print the answer.
#[derive(Debug, Clone, Args)]
pub(crate) struct Asking {
    /// The gateway.
    #[arg(
        long,
        env = "HUBSYNC_URL",
        hide_env_values = true,
        default_value = DEFAULT_URL,
        value_name = "URL"
    )]
    pub(crate) url: Url,
    /// Prints JSON: the documents of the gateway.
    #[arg(long)]
    pub(crate) json: bool,
}

impl Asking {
    fn gateway(&self) -> Result<Gateway, Failure> {
        Gateway::at(&self.url)
    }

    fn output(&self) -> Output {
        Output { json: self.json }
    }
}

/// Does what is asked, and says how it went.
pub(crate) async fn run(command: &Command, arguments: &Arguments) -> ExitCode {
    let outcome = match command {
        Command::Status(asking) => status::run(asking).await,
        Command::Show(show) => show::run(show).await,
        Command::Parked(parked) => parked::run(parked).await,
        Command::Retry(retry) => retry::run(retry).await,
        Command::Resync(resync) => resync::run(resync).await,
        Command::Drift(drift) => drift::drift(drift).await,
        Command::DryRun(dry_run) => drift::dry_run(dry_run).await,
        Command::Link(link) => link::link(link).await,
        Command::Unlink(unlink) => link::unlink(unlink).await,
        Command::Pause(asking) => pause::pause(asking).await,
        Command::Resume(asking) => pause::resume(asking).await,
        Command::Connect(connect) => connect::run(connect).await,
        Command::Doctor(asking) => doctor::run(asking, arguments).await,
    };
    match outcome {
        Ok(exit) => exit.into(),
        Err(failure) => {
            eprintln!("hubsync: {failure}");
            failure.exit().into()
        }
    }
}
