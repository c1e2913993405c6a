//! HubSpot: the sandbox, unless a token opens a real account.

use std::{net::SocketAddr, path::Path};

use anyhow::Context;
use sandbox::{Sandbox, Settings};

/// Starts the sandbox, with its contacts kept in `folder`.
pub(crate) async fn start_sandbox(listen: SocketAddr, folder: &Path) -> anyhow::Result<Sandbox> {
    let settings = Settings {
        listen,
        data_file: Some(folder.join("hubspot-sandbox.jsonl")),
        ..Settings::default()
    };
    Sandbox::start(settings)
        .await
        .context("the HubSpot sandbox did not start (--sandbox-listen moves it)")
}
