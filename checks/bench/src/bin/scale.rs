//! `scale`: measures what a million dirty users cost.

use std::process::ExitCode;

use bench::{
    program::measure,
    scale::{Arguments, run},
};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    measure("scale", arguments.json, Box::pin(run(&arguments))).await
}
