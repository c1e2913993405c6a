//! The arguments of `hubsync` without a command.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;

use crate::cli::Command;

/// Sends every profile change of an application to the right HubSpot contact.
///
/// Without a command, runs everything in one process: the api-gateway, the user service and the hubspot service. It also
/// starts a nats-server unless NATS_URL names one, and the HubSpot sandbox unless HUBSPOT_ACCESS_TOKEN or an OAuth app is
/// set. Ctrl-C or SIGTERM finishes work in progress and stops everything; a second signal stops at once.
///
/// With a command, asks a running gateway instead.
#[derive(Debug, Parser)]
#[expect(clippy::doc_markdown, reason = "the text is shown on a terminal")]
#[command(name = "hubsync", version, after_help = SETTINGS)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// The folder for the database, NATS and the sandbox's contacts. It is kept between runs.
    #[arg(long, env = "HUBSYNC_DATA", default_value = ".hubsync", value_name = "FOLDER")]
    pub(crate) data: PathBuf,

    /// The address on which the HubSpot sandbox listens.
    #[arg(
        long,
        env = "SANDBOX_LISTEN",
        default_value = "127.0.0.1:3031",
        value_name = "ADDRESS"
    )]
    pub(crate) sandbox_listen: SocketAddr,

    /// A file with the definitions of the fields of a user, such as examples/fields.toml. The sandbox gets the properties that it lacks.
    #[arg(long, env = "USER_FIELDS", value_name = "FILE")]
    pub(crate) fields: Option<PathBuf>,
}

const SETTINGS: &str = "\
Settings come from the environment and from these files. Every file is optional. The example file beside each one
explains its settings:
  nats.env                   NATS_URL, NATS_TOKEN
  services/api-gateway/.env  API_GATEWAY_PORT and limits
  services/user/.env         USER_DATABASE_URL and times
    services/hubspot/.env      HUBSPOT_ACCESS_TOKEN (a service key) and rate limits

Each service also runs alone: cargo run -p api-gateway, -p user, -p hubspot; and so does the sandbox: -p sandbox.

Exit codes of commands
  0  success, or healthy
  1  failure, or unhealthy
  2  wrong usage, or not confirmed
  3  the gateway, or a service behind it, cannot be reached
  4  no such user";
