//! Starts, addresses and stops a sandbox.

mod controls;

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    DataFileError, Settings,
    app::App,
    http::{
        connection::{Connection, CuttableListener},
        router,
    },
};

pub use controls::Rejected;

/// How long a shutdown waits for the server, and then for calls in progress.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is in use or not available.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// The system does not say on which address the listener listens.
    #[error("the listener has no address")]
    Address(#[source] io::Error),
    /// The data file cannot be used.
    #[error(transparent)]
    DataFile(#[from] DataFileError),
}

/// A running sandbox. Dropping it stops it without waiting; [`Sandbox::shutdown`] waits for calls in progress.
#[derive(Debug)]
pub struct Sandbox {
    pub(crate) app: Arc<App>,
    address: SocketAddr,
    server: Option<JoinHandle<()>>,
}

impl Sandbox {
    /// Starts a sandbox on the address in the settings.
    pub async fn start(settings: Settings) -> Result<Self, StartError> {
        let address = settings.listen;
        let failed = |source| StartError::Listen { address, source };
        let listener = TcpListener::bind(address).await.map_err(failed)?;
        Self::start_on(&settings, listener)
    }

    /// Starts a sandbox on an open listener.
    pub fn start_on(settings: &Settings, listener: TcpListener) -> Result<Self, StartError> {
        let address = listener.local_addr().map_err(StartError::Address)?;
        let shutdown = CancellationToken::new();
        let app = Arc::new(App::open(settings, shutdown.clone())?);
        let service = router(&app).into_make_service_with_connect_info::<Connection>();
        let server = tokio::spawn(async move {
            let serving = axum::serve(CuttableListener(listener), service);
            if let Err(error) = serving.with_graceful_shutdown(shutdown.cancelled_owned()).await {
                tracing::error!(%error, "the sandbox stopped listening");
            }
        });
        Ok(Self {
            app,
            address,
            server: Some(server),
        })
    }

    /// The address that the sandbox listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The base URL that replaces `https://api.hubapi.com`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The id of the account. Each data set has its own.
    pub fn portal_id(&self) -> u32 {
        self.app.state().account.stored.portal_id
    }

    /// Stops listening, waits for calls and late effects, and flushes the data file to the disk.
    pub async fn shutdown(mut self) {
        self.app.shutdown.cancel();
        if let Some(mut server) = self.server.take()
            && tokio::time::timeout(SHUTDOWN_TIMEOUT, &mut server).await.is_err()
        {
            server.abort();
        }
        self.app.tasks.close();
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, self.app.tasks.wait())
            .await
            .is_err()
        {
            tracing::warn!("calls were still in progress when the sandbox stopped");
        }
        if let Err(error) = self.app.state().flush() {
            tracing::error!(%error, "the data file could not be flushed to the disk");
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.app.shutdown.cancel();
    }
}

/// Runs a sandbox on a listener until the token is cancelled.
pub async fn serve(
    settings: Settings,
    listener: TcpListener,
    shutdown: CancellationToken,
) -> Result<(), StartError> {
    let sandbox = Sandbox::start_on(&settings, listener)?;
    let (address, portal_id) = (sandbox.address(), sandbox.portal_id());
    tracing::warn!(%address, portal_id, "this is the HubSpot sandbox, not HubSpot; no real account is reached");
    shutdown.cancelled().await;
    sandbox.shutdown().await;
    Ok(())
}
