//! Runs the gateway on a listener until the shutdown.

use std::convert::Infallible;
use std::io;
use std::sync::{Arc, OnceLock};

use runtime::nats::{ConnectError, Nats, Violation, connect};
use runtime::{Metrics, Shutdown};
use tokio::net::TcpListener;

use crate::Config;
use crate::events::Events;
use crate::import::Imports;
use crate::lines::Lines;
use crate::permissions::find_forbidden;
use crate::readiness::Readiness;
use crate::routes::{Gateway, router};
use crate::server::Server;
use crate::settlements::Settlements;
use crate::user_service::UserService;

/// The name under which NATS knows the gateway.
const SERVICE_NAME: &str = "api-gateway";

/// Why the gateway stopped without being told to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// NATS will not have us.
    #[error(transparent)]
    Nats(#[from] ConnectError),
    /// NATS lets us in, but not do our work.
    #[error(
        "NATS forbids subject {subject:?}, which the api-gateway needs; the user's permissions need mending"
    )]
    Forbidden {
        /// What is forbidden.
        subject: String,
    },
    /// The listener cannot be used.
    #[error("the listener cannot be used: {0}")]
    Listener(#[from] io::Error),
}

/// Serves until the shutdown, then finishes what is in work, for a few seconds at most.
///
/// It serves at once: until the first connection to NATS is made, changes are answered 503. What is in `metrics`, its
/// own counts and those of others in this process, is shown under `/metrics`.
pub async fn serve(
    config: &Config,
    listener: TcpListener,
    metrics: &Metrics,
    shutdown: Shutdown,
) -> Result<(), ServeError> {
    let nats = Arc::new(OnceLock::new());
    let gateway = Gateway {
        users: UserService::new(Arc::clone(&nats), &config.limits),
        readiness: Arc::new(Readiness::default()),
        lines: Lines::default(),
        settlements: Settlements::default(),
        events: Events::default(),
        imports: Imports::new(metrics),
        shutdown: shutdown.clone(),
        read_timeout: config.limits.read_timeout,
        import_patience: config.limits.import_patience,
    };
    tracing::info!(address = %listener.local_addr()?, "the api-gateway is listening");
    let server = Server::new(router(gateway.clone(), &config.hosts, metrics), &config.limits);
    tokio::select! {
        () = server.run(listener, &shutdown) => Ok(()),
        Err(error) = keep_connection(config, &nats, &gateway) => Err(error),
        never = gateway.events.look(&gateway) => match never {},
    }
}

/// Makes the connection; from then on it keeps itself. Ends only when there will never be one.
async fn keep_connection(
    config: &Config,
    nats: &OnceLock<Nats>,
    gateway: &Gateway,
) -> Result<Infallible, ServeError> {
    match connect(&config.nats, SERVICE_NAME, &gateway.shutdown).await {
        Ok(connection) => {
            if let Some(Violation { subject, .. }) = find_forbidden(&connection).await {
                return Err(ServeError::Forbidden { subject });
            }
            let _ = nats.set(connection.clone()); // It is set here only.
            let listening = tokio::try_join!(
                gateway.lines.listen(&connection),
                gateway.settlements.listen(&connection),
                gateway.events.listen(&connection),
            );
            if let Err(error) = listening {
                tracing::error!(%error, "nothing is heard of the line to HubSpot and of settled users");
            }
        }
        Err(ConnectError::Stopped { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    std::future::pending().await
}
