//! Everything on one machine, which is what `cargo run` starts, and the commands of an operator.

mod arguments;
mod banner;
mod broker;
mod cli;
mod crm;
mod data_folder;
mod local;

use std::process::ExitCode;

use clap::Parser;
use runtime::failure::in_one_line;

use crate::arguments::Arguments;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(command) = &arguments.command {
        return cli::run(command, &arguments).await;
    }
    match local::run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hubsync: {}", in_one_line(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
