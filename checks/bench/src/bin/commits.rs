//! `commits`: how many durable updates the user service makes in a second.

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
