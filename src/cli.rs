//! The commands of an operator, which ask a running hubsync over the gateway's HTTP API.

mod bulk;
mod commands;
mod error;
mod gateway;
mod terminal;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use url::Url;

use crate::arguments::Arguments;
use commands::{connect, doctor, drift, link, pause, problems, resync, retry, show, status};
use error::{CommandError, ExitStatus};
use gateway::Gateway;
use terminal::Output;

/// The address of a gateway on this machine that runs with the default settings.
const DEFAULT_URL: &str = "http://127.0.0.1:3030";

/// One command with its arguments.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Shows the state of the gateway, of delivery to HubSpot, and how many users are in each state. Exits with 1
    /// unless all is healthy.
    Status(GatewayOptions),
    /// Shows a user, the sync state of each field, and the linked contact. Exits with 1 if a field has a problem.
    Show(show::Show),
    /// Counts users with problems (rejected, conflict, failed, notFound) by reason, or lists them.
    Problems(problems::Problems),
    /// Retries users with problems: the ones you name, or all in one state.
    Retry(retry::Retry),
    /// Sends every field of users to HubSpot again, or only some. Live changes are sent first.
    Resync(resync::Resync),
    /// Compares users with their HubSpot contacts, and with --repair sends again what differs. Exits with 1 if
    /// something differs.
    Drift(drift::Drift),
    /// Shows what hubsync would write to which contact, without writing. Works while delivery is paused.
    DryRun(drift::DryRun),
    /// Links a user to a contact, whatever the contact's address is, and sends it every field.
    Link(link::Link),
    /// Removes a user's link to a contact. hubsync then looks up a contact by the user's address.
    Unlink(link::Unlink),
    /// Pauses delivery to HubSpot until `resume`, also across restarts. Changes are still accepted.
    Pause(GatewayOptions),
    /// Resumes delivery to HubSpot.
    Resume(GatewayOptions),
    /// Connects an OAuth app to a HubSpot account, and writes the refresh token to the file named in the settings.
    Connect(connect::Connect),
    /// Checks settings, NATS, the database, HubSpot and the gateway, and says how to fix what is broken.
    Doctor(GatewayOptions),
}

/// Which gateway to ask, and how to print its answer.
#[derive(Debug, Clone, Args)]
pub(crate) struct GatewayOptions {
    /// The address of the gateway.
    #[arg(
        long,
        env = "HUBSYNC_URL",
        hide_env_values = true,
        default_value = DEFAULT_URL,
        value_name = "URL"
    )]
    pub(crate) url: Url,
    /// Prints the gateway's answer as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

impl GatewayOptions {
    fn gateway(&self) -> Result<Gateway, CommandError> {
        Gateway::at(&self.url)
    }

    fn output(&self) -> Output {
        Output { json: self.json }
    }
}

/// Runs a command, prints its error if it fails, and returns its exit code.
pub(crate) async fn run(command: &Command, arguments: &Arguments) -> ExitCode {
    let ended = match command {
        Command::Status(options) => status::run(options).await,
        Command::Show(show) => show::run(show).await,
        Command::Problems(problems) => problems::run(problems).await,
        Command::Retry(retry) => retry::run(retry).await,
        Command::Resync(resync) => resync::run(resync).await,
        Command::Drift(drift) => drift::run(drift).await,
        Command::DryRun(dry_run) => drift::dry_run(dry_run).await,
        Command::Link(link) => link::run(link).await,
        Command::Unlink(unlink) => link::unlink(unlink).await,
        Command::Pause(options) => pause::run(options).await,
        Command::Resume(options) => pause::resume(options).await,
        Command::Connect(connect) => connect::run(connect).await,
        Command::Doctor(options) => doctor::run(options, arguments).await,
    };
    match ended {
        Ok(status) => status.into(),
        Err(error) => {
            eprintln!("hubsync: {error}");
            error.exit_status().into()
        }
    }
}
