//! The command line.

use std::{net::SocketAddr, path::PathBuf};

use clap::Parser;

use crate::cli::Command;

/// Carries every profile change of an application into the right HubSpot contact.
///
/// Starts everything on this machine in one process: the api-gateway, the user service and the hubspot service, with
/// a nats-server as a child unless NATS_URL names one, and the HubSpot sandbox unless HUBSPOT_ACCESS_TOKEN or an OAuth
/// app is set. Ctrl-C or SIGTERM drains and leaves nothing running; a second one ends at once.
///
/// With a command, asks a running gateway instead.
#[derive(Debug, Parser)]
#[expect(clippy::doc_markdown, reason = "the text is shown on a terminal")]
#[command(name = "hubsync", version, after_help = SETTINGS)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// The folder for the database, NATS and the sandbox's contacts; kept between runs.
    #[arg(long, env = "HUBSYNC_DATA", default_value = ".hubsync", value_name = "FOLDER")]
    pub(crate) data: PathBuf,

    /// Where the HubSpot sandbox listens.
    #[arg(
        long,
        env = "SANDBOX_LISTEN",
        default_value = "127.0.0.1:3031",
        value_name = "ADDRESS"
    )]
    pub(crate) sandbox_listen: SocketAddr,
}

const SETTINGS: &str = "\
Settings come from the environment and from these files, each of which has an example beside it that explains every
setting and may be copied or left out:
  nats.env                   NATS_URL, NATS_TOKEN
  services/api-gateway/.env  API_GATEWAY_PORT and limits
  services/user/.env         USER_DATABASE_URL and times
  services/hubspot/.env      HUBSPOT_ACCESS_TOKEN (a service key) and pace

Each service also runs alone: cargo run -p api-gateway, -p user, -p hubspot; and so does the sandbox: -p sandbox.

Commands end with
  0  well, or done
  1  not well, refused, or failed
  2  wrong usage, or a question that was not answered with yes
  3  no gateway, or no service behind it, can be reached
  4  no such user";
