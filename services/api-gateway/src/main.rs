//! The binary of the api-gateway.

use std::process::ExitCode;

use anyhow::Context;
use api_gateway::{Config, ENV_FILES, listen, serve};
use clap::{Parser, Subcommand};
use runtime::{Metrics, Shutdown, failure::printed, health, open_files, telemetry};

/// Accepts changes of user profiles over HTTP and passes them to the user service over NATS.
#[derive(Debug, Parser)]
#[command(name = "api-gateway", version, after_help = settings_help())]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Checks whether the gateway on this machine is running; exits with 0 if it is.
    Health,
}

#[tokio::main]
async fn main() -> ExitCode {
    let result = match Cli::parse().command {
        None => run().await,
        Some(Command::Health) => probe().await,
    };
    let Err(error) = result else {
        return ExitCode::SUCCESS;
    };
    eprintln!("api-gateway: {}", printed(error.as_ref()));
    ExitCode::FAILURE
}

async fn run() -> anyhow::Result<()> {
    let config = Config::load()?;
    telemetry::init(&config.log);
    open_files::raise_limit();
    let shutdown = Shutdown::on_signals()?;
    let listener = listen(config.address).with_context(|| format!("cannot listen on {}", config.address))?;
    Ok(serve(&config, listener, &Metrics::default(), shutdown).await?)
}

async fn probe() -> anyhow::Result<()> {
    let config = Config::load()?;
    Ok(health::probe(&config.health_url()).await?)
}

fn settings_help() -> String {
    let files = ENV_FILES.join(" and ");
    let settings = include_str!("../.env.example");
    let nats_settings = include_str!("../../../nats.env.example");
    format!("Settings are read from the environment, then from {files}:\n\n{settings}\n{nats_settings}")
}
