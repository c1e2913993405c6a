//! Runs the gateway on a listener until the shutdown.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, OnceLock};

use runtime::nats::{ConnectError, Nats, Violation, connect};
use runtime::{CurrentFields, Metrics, Shutdown};
use tokio::net::TcpListener;

use crate::Config;
use crate::events::{DeliveryMonitor, EventHub, ResolutionWaiters};
use crate::import::ImportSlots;
use crate::permissions::find_forbidden;
use crate::readiness::Readiness;
use crate::routes::{Gateway, router};
use crate::server::Server;
use crate::services::Services;

/// The name of the gateway's connection to NATS.
const SERVICE_NAME: &str = "api-gateway";

/// The gateway stopped by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The NATS server does not accept the connection, and trying again does not help.
    #[error(transparent)]
    Nats(#[from] ConnectError),
    /// The permissions of the NATS user lack a subject that the gateway needs.
    #[error(
        "NATS forbids subject {subject:?}, which the api-gateway needs; add it to the permissions of the NATS user"
    )]
    Forbidden {
        /// The first subject that is forbidden.
        subject: String,
    },
    /// The listener has no address or cannot be used.
    #[error("the listener cannot be used: {0}")]
    Listener(#[from] io::Error),
}

/// Serves until the shutdown, then finishes the requests in progress, for a few seconds at most.
///
/// It accepts connections at once. Until the first connection to NATS is made, it answers changes with 503. `/metrics`
/// shows everything that is registered in `metrics`, also by other services in this process.
pub async fn serve(
    config: &Config,
    listener: TcpListener,
    metrics: &Metrics,
    shutdown: Shutdown,
) -> Result<(), ServeError> {
    let nats = Arc::new(OnceLock::new());
    let fields = CurrentFields::unknown();
    let gateway = Gateway {
        services: Services::new(Arc::clone(&nats), fields, &config.limits),
        readiness: Arc::new(Readiness::default()),
        delivery: DeliveryMonitor::default(),
        resolutions: ResolutionWaiters::default(),
        events: EventHub::default(),
        imports: ImportSlots::new(metrics),
        shutdown: shutdown.clone(),
        read_timeout: config.limits.read_timeout,
        import_wait: config.limits.import_wait,
    };
    tracing::info!(address = %listener.local_addr()?, "the api-gateway is listening");
    let server = Server::new(router(gateway.clone(), &config.hosts, metrics), &config.limits);
    tokio::select! {
        () = server.run(listener, &shutdown) => Ok(()),
        Err(error) = connect_and_listen(config, &nats, &gateway) => Err(error),
        never = gateway.events.publish_status(&gateway) => match never {},
    }
}

/// Connects to NATS and listens to notices. The client reconnects by itself from then on, so this returns only an error
/// after which no connection will ever be made.
async fn connect_and_listen(
    config: &Config,
    nats: &OnceLock<Nats>,
    gateway: &Gateway,
) -> Result<Infallible, ServeError> {
    match connect(&config.nats, SERVICE_NAME, &gateway.shutdown).await {
        Ok(connection) => {
            // Checked before the first request is sent, because a forbidden subject would look like a service that does not answer.
            if let Some(Violation { subject, .. }) = find_forbidden(&connection).await {
                return Err(ServeError::Forbidden { subject });
            }
            let _ = nats.set(connection.clone()); // Nothing else sets it.
            let listening = async {
                let listening = tokio::try_join!(
                    gateway.delivery.listen(&connection),
                    gateway.resolutions.listen(&connection),
                    gateway.events.listen(&connection),
                );
                if let Err(error) = listening {
                    tracing::error!(%error, "cannot subscribe to notices; the console and waiting callers get no updates");
                }
            };
            let ((), never) = tokio::join!(listening, gateway.services.follow_fields(&connection));
            match never {}
        }
        // The server drains its requests; this side has nothing left to do.
        Err(ConnectError::Stopped { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    std::future::pending().await
}
