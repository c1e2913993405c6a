//! Everything on one machine: what `cargo run` starts.

mod arguments;
mod banner;
mod broker;
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
    match local::run(&arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("hubsync: {}", in_one_line(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}
