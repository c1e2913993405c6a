//! The HubSpot sandbox, which runs unless a token for a real account is set.

use std::{net::SocketAddr, path::Path};

use ::sandbox::{Sandbox, Settings};
use anyhow::Context;

/// Starts the sandbox, which stores its contacts in `folder`.
pub(super) async fn start(listen: SocketAddr, folder: &Path) -> anyhow::Result<Sandbox> {
    let settings = Settings {
        listen,
        data_file: Some(folder.join("hubspot-sandbox.jsonl")),
        ..Settings::default()
    };
    Sandbox::start(settings)
        .await
        .context("the HubSpot sandbox did not start (set another address with --sandbox-listen)")
}
