//! The programs that are measured: release builds, beside this one.

use std::path::PathBuf;

use anyhow::{Context, bail, ensure};

/// What has to be built before.
const BUILD: &str = "cargo build --release -p bench -p api-gateway -p user -p hubspot -p sandbox";

/// Ends the bench where its figures would mean nothing.
pub fn check_release() -> anyhow::Result<()> {
    ensure!(
        !cfg!(debug_assertions),
        "a debug build measures nothing worth knowing; run `{BUILD}` first"
    );
    Ok(())
}

/// A program of the workspace.
pub fn beside(name: &str) -> anyhow::Result<PathBuf> {
    let own = std::env::current_exe().context("this program does not know where it is")?;
    let path = own.with_file_name(name);
    if !path.exists() {
        bail!("{} is not there; run `{BUILD}`", path.display());
    }
    Ok(path)
}
