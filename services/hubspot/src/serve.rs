//! Connects the parts of the service and runs them.

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

/// The service ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The client for HubSpot cannot be made.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// NATS forbids what the service needs.
    #[error(
        "NATS forbids a subject that the hubspot service needs: {0:?}; correct the permissions of its NATS user"
    )]
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
    tracing::info!(holder, target = %client.target(), "calls go to this HubSpot API");
    if config.contact_not_found == MissingContact::Skip {
        tracing::info!(
            "a user without a HubSpot contact gets none and is looked up again later; set \
             HUBSPOT_CONTACT_NOT_FOUND=create to create contacts"
        );
    }
    let settings = Settings {
        email_conflict: config.email_conflict,
        missing_contact: config.contact_not_found,
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
    // Boxed, because the worker is large and would make every future that awaits it as large.
    let working = Box::pin(worker.run(shutdown));
    tokio::select! {
        () = working => Ok(()),
        violation = nats.wait_for_violation() => Err(ServeError::Forbidden(violation)),
    }
}
