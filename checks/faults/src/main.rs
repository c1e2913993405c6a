//! `faults`: injects faults into the whole system for as long as you want.

use std::process::ExitCode;

use clap::Parser;
use faults::{arguments::Arguments, run::run};
use runtime::failure::in_one_line;
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    // Logs go to stderr, so that stdout contains only the report.
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("faults=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    match try_run(Arguments::parse()).await {
        Ok(status) => status,
        Err(error) => {
            eprintln!("faults: {}", in_one_line(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn try_run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let json = arguments.json;
    let options = arguments.into_options()?;
    eprintln!("faults: seed {}", options.seed);
    let report = run(&options).await?;
    if json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        println!("{report}");
    }
    Ok(if report.findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
