//! `overload`: what callers are answered when there are far more of them than the system can serve.

use std::process::ExitCode;

use bench::{
    binaries::check_release,
    overload::{Arguments, run},
};
use clap::Parser;
use runtime::{failure::in_one_line, open_files};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // The callers have as many connections as the gateway.
    open_files::allow_most();
    match figures(&arguments).await {
        Ok(figures) => {
            println!("{figures}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("overload: {}", in_one_line(error.as_ref()));
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
