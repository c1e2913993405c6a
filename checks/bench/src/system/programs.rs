//! Finds the release builds of the services, which are in the folder of this program.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};

/// The command that builds them.
const BUILD: &str = "cargo build --release -p bench -p api-gateway -p user -p hubspot -p sandbox";

/// Fails in a debug build, whose figures would mean nothing.
pub fn check_release() -> anyhow::Result<()> {
    ensure!(
        !cfg!(debug_assertions),
        "the figures of a debug build mean nothing; run `{BUILD}` first"
    );
    Ok(())
}

/// The path of a program of the workspace.
pub fn find_program(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("the path of this program is unknown")?;
    let path = own.with_file_name(name);
    if !path.exists() {
        bail!("{} does not exist; run `{BUILD}`", path.display());
    }
    Ok(path)
}
