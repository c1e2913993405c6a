//! `import`: measures how an import of a million users affects live changes.

use std::process::ExitCode;

use bench::{
    import::{Arguments, run},
    program::measure,
};
use clap::Parser;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    measure("import", arguments.json, Box::pin(run(&arguments))).await
}
