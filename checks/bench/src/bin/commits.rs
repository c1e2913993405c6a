//! `commits`: measures how many durable updates per second the user service makes.

use std::process::ExitCode;

use bench::{
    commits::{Arguments, run},
    program::measure,
};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    measure("commits", arguments.json, Box::pin(run(&arguments))).await
}
