//! `overload`: measures the answers to far more callers than the system can serve.

use std::process::ExitCode;

use bench::{
    overload::{Arguments, run},
    program::measure,
};
use clap::Parser;
use runtime::open_files;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // The callers need as many file descriptors as the gateway.
    open_files::raise_limit();
    measure("overload", arguments.json, Box::pin(run(&arguments))).await
}
