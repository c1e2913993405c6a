//! `drain`: how fast a backlog goes into HubSpot, and how soon a lone change arrives.

use std::process::ExitCode;

use bench::{arguments::Arguments, program::measure, run::run};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    measure("drain", arguments.json, Box::pin(run(&arguments))).await
}
