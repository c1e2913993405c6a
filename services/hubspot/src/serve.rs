//! How the parts are put together.

use std::io;

use runtime::{
    Shutdown,
    health::Registry,
    nats::{Nats, Violation},
};

use crate::{
    Config,
    client::{HubspotClient, Token},
    engine::Settings,
    worker::Worker,
};

/// Why the service ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The token cannot be read.
    #[error("the HubSpot token cannot be read: {0}")]
    Token(#[from] io::Error),
    /// There is no HTTP client, for want of usable certificates.
    #[error("no HTTP client for HubSpot: {0}")]
    Client(#[from] reqwest::Error),
    /// NATS forbids what the service needs.
    #[error("NATS forbids a subject that the hubspot service needs: {0:?}; mend the permissions of its user")]
    Forbidden(Violation),
}

/// Delivers until the shutdown.
pub async fn serve(
    config: Config,
    nats: Nats,
    registry: Registry,
    shutdown: Shutdown,
) -> Result<(), ServeError> {
    let token = Token::open(config.access.token)?;
    let client = HubspotClient::new(config.access.target, token, config.call_timeout)?;
    if config.access.ignores_sandbox {
        tracing::info!("HUBSPOT_SANDBOX_URL is ignored, since a token is set");
    }
    let holder = uuid::Uuid::new_v4().to_string();
    tracing::info!(holder, target = %client.target(), "calls go there");
    let settings = Settings {
        email_taken: config.email_taken,
        missing: config.missing,
        concurrency: config.concurrency,
        call_timeout: config.call_timeout,
        quota: config.quota,
        ..Settings::for_holder(holder)
    };
    let worker = Worker::new(settings, client, nats.clone(), registry);
    tokio::select! {
        () = worker.run(shutdown) => Ok(()),
        violation = nats.wait_for_violation() => Err(ServeError::Forbidden(violation)),
    }
}
