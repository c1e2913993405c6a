//! `drain`: measures how fast a backlog is delivered to HubSpot, and how soon a single change arrives.

use std::process::ExitCode;

use bench::{
    drain::{Arguments, run},
    program::measure,
};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    measure("drain", arguments.json, Box::pin(run(&arguments))).await
}
