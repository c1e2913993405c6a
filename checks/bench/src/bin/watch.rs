//! `watch`: measures what browsers with the console cost.

use std::process::ExitCode;

use bench::{
    program::measure,
    watch::{Arguments, run},
};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    measure("watch", arguments.json, Box::pin(run(&arguments))).await
}
