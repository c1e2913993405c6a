//! `drain`: how fast a backlog goes into HubSpot, and how soon a lone change arrives.

use std::process::ExitCode;

use bench::{arguments::Arguments, binaries::check_release, run::run};
use clap::Parser;
use runtime::failure::in_one_line;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match figures(&arguments).await {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("drain: {}", in_one_line(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

async fn figures(arguments: &Arguments) -> anyhow::Result<String> {
    check_release()?;
    let report = run(arguments).await?;
    if arguments.json {
        Ok(serde_json::to_string_pretty(&report)?)
    } else {
        Ok(report.to_string())
    }
}
