//! How the parts are put together.

use runtime::{
    Metrics, Shutdown,
    health::Registry,
    nats::{Nats, Violation},
};

use crate::{
    Config,
    client::{ClientError, HubspotClient},
    engine::{MissingContact, Settings},
    worker::{DriftMetrics, Health, Worker, WorkerMetrics},
};

/// Why the service ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// There is no client for HubSpot.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// NATS forbids what the service needs.
    #[error("NATS forbids a subject that the hubspot service needs: {0:?}; mend the permissions of its user")]
    Forbidden(Violation),
}

/// Delivers until the shutdown.
pub async fn serve(
    config: Config,
    nats: Nats,
    registry: Registry,
    metrics: &Metrics,
    shutdown: Shutdown,
) -> Result<(), ServeError> {
    let client = HubspotClient::new(
        config.access.target,
        config.access.credentials,
        config.call_timeout,
    )?
    .expecting(config.access.account_id);
    if config.access.ignores_sandbox {
        tracing::info!("HUBSPOT_SANDBOX_URL is ignored, since the credentials of an account are set");
    }
    let holder = uuid::Uuid::new_v4().to_string();
    tracing::info!(holder, target = %client.target(), "calls go there");
    if config.missing == MissingContact::Skip {
        tracing::info!(
            "users whose address no HubSpot contact has are looked up again later and get no contact; HUBSPOT_CONTACT_NOT_FOUND=create \
             creates contacts for them"
        );
    }
    let settings = Settings {
        email_conflict: config.email_taken,
        missing_contact: config.missing,
        concurrency: config.concurrency,
        call_timeout: config.call_timeout,
        quota: config.quota,
        ..Settings::for_holder(holder)
    };
    let health = Health::new(registry);
    let worker = Worker::new(
        settings,
        client,
        nats.clone(),
        health,
        (WorkerMetrics::new(metrics), DriftMetrics::new(metrics)),
        config.drift_sweep,
    );
    // The worker is large; whoever awaits this future need not move it about.
    let working = Box::pin(worker.run(shutdown));
    tokio::select! {
        () = working => Ok(()),
        violation = nats.wait_for_violation() => Err(ServeError::Forbidden(violation)),
    }
}
