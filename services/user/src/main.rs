//! The binary of the user service.

use std::process::ExitCode;

use anyhow::Context;
use clap::{Parser, Subcommand};
use runtime::{
    Shutdown,
    failure::printed,
    health,
    nats::{self, ConnectError},
    telemetry,
};
use user::{
    Config,
    config::ENV_FILES,
    operations::raise_version_floor,
    service::{self, CHECKS},
    store,
};

/// Stores users, accepts changes, and records which fields HubSpot does not have yet.
#[derive(Parser)]
#[command(name = "user", version, after_help = settings_help())]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Checks whether the running service is alive; exits with 0 if it is.
    Health,
    /// Creates or updates the tables of the database and exits. The service does the same when it starts.
    Migrate,
    /// Makes versions continue above every number that was handed out, after the database was restored from a backup or a snapshot. Stop
    /// every user service before. A promoted standby is noticed without this.
    RaiseVersionFloor,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("user: {}", printed(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    let config = Config::load()?;
    match arguments.command {
        Some(Command::Health) => {
            Ok(health::probe(&format!("http://{}/healthz", config.health_listen)).await?)
        }
        Some(Command::Migrate) => Ok(store::migrate(&config.database).await?),
        Some(Command::RaiseVersionFloor) => {
            let floor = raise_version_floor(&config.database, &config.timing).await?;
            println!("versions and attempts continue above {floor}");
            Ok(())
        }
        None => serve(config).await,
    }
}

async fn serve(config: Config) -> anyhow::Result<()> {
    telemetry::init(&config.log);
    let shutdown = Shutdown::on_signals()?;
    let listener = tokio::net::TcpListener::bind(&config.health_listen);
    let listener = listener
        .await
        .with_context(|| format!("USER_HEALTH_LISTEN={}", config.health_listen))?;
    let registry = health::Registry::new("user", &CHECKS);
    let routes = health::router(registry.clone());
    tokio::spawn(health::serve(listener, routes, shutdown.clone()));
    let nats = match nats::connect(&config.nats, "user", &shutdown).await {
        // A shutdown before the connection was made is not an error.
        Err(ConnectError::Stopped { .. }) => return Ok(()),
        connected => connected?,
    };
    Ok(service::run(config, nats, registry, shutdown).await?)
}

fn settings_help() -> String {
    let files = ENV_FILES.join(" and ");
    let settings = include_str!("../.env.example");
    let of_nats = include_str!("../../../nats.env.example");
    format!("Settings come from the environment, and from {files}:\n\n{settings}\n{of_nats}")
}
