//! Runs all of hubsync on one machine, which is what `cargo run` starts, and the commands of an operator.

mod arguments;
mod cli;
mod local;
mod settings;

use std::process::ExitCode;

use clap::Parser;
use runtime::failure::printed;

use crate::arguments::Arguments;

/// The exit code of wrong usage, the same that clap uses for a command line that it cannot parse.
const WRONG_USAGE: u8 = 2;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(command) = &arguments.command {
        if let Err(error) = settings::check_command_names() {
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
