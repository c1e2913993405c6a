//! The binary of the hubspot service.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use hubspot::{CHECKS, Config, ENV_FILES, serve};
use runtime::{
    Metrics, Shutdown,
    failure::printed,
    health,
    nats::{self, ConnectError},
    telemetry,
};
use tokio::net::TcpListener;

/// Delivers changes of users to HubSpot.
#[derive(Parser)]
#[command(name = "hubspot", version, after_help = settings_help())]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Checks whether the running service is alive; exits with 0 if it is.
    Health,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hubspot: {}", printed(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = Config::load()?;
    if let Some(Command::Health) = arguments.command {
        return Ok(health::probe(&config.health_url()).await?);
    }
    telemetry::init(&config.log);
    let shutdown = Shutdown::on_signals()?;
    let listener = TcpListener::bind(&config.health_listen).await;
    let listener = listener.with_context(|| format!("HUBSPOT_HEALTH_LISTEN={}", config.health_listen))?;
    let registry = health::Registry::new("hubspot", &CHECKS);
    let metrics = Metrics::default();
    let routes = health::router(registry.clone()).merge(metrics.router());
    tokio::spawn(health::serve(listener, routes, shutdown.clone()));
    let nats = match nats::connect(&config.nats, "hubspot", &shutdown).await {
        // A shutdown before the connection was made is not an error.
        Err(ConnectError::Stopped { .. }) => return Ok(()),
        connected => connected?,
    };
    Ok(serve(config, nats, registry, &metrics, shutdown).await?)
}

fn settings_help() -> String {
    let files = ENV_FILES.join(" and ");
    let settings = include_str!("../.env.example");
    let of_nats = include_str!("../../../nats.env.example");
    format!("Settings come from the environment, and from {files}:\n\n{settings}\n{of_nats}")
}
