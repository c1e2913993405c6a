//! Everything on one machine, which is what `cargo run` starts, and the commands of an operator.

mod announce;
mod arguments;
mod banner;
mod broker;
mod cli;
mod crm;
mod data_folder;
mod local;
mod names;

use std::process::ExitCode;

use clap::Parser;
use runtime::failure::printed;

use crate::arguments::Arguments;

/// As for a command line that cannot be understood.
const WRONG_USAGE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(command) = &arguments.command {
        if let Err(error) = names::check_of_command() {
            eprintln!("hubsync: {error}");
            return ExitCode::from(WRONG_USAGE);
        }
        return cli::run(command, &arguments).await;
    }
    match local::run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hubsync: {}", printed(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
