//! A running sandbox: start, address, end.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;

use crate::{
    DataFileError, Settings,
    app::App,
    connection::{Connection, CuttableListener},
    http::router,
};

/// Calls under way get this long to end.
const DRAIN: Duration = Duration::from_secs(5);

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The listener does not know its address.
    #[error("the listener has no address")]
    Address(#[source] io::Error),
    /// The data file cannot be used.
    #[error(transparent)]
    DataFile(#[from] DataFileError),
}

/// A HubSpot of one's own. Dropping it ends it without waiting; [`Sandbox::shutdown`] waits.
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

    /// Starts a sandbox on a listener that somebody else has opened.
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

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// What takes the place of `https://api.hubapi.com`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The id of the account; each data set has its own.
    pub fn portal_id(&self) -> u32 {
        self.app.state().account.stored.portal_id
    }

    /// Stops listening, lets calls and late effects end, and brings the data file to the disk.
    pub async fn shutdown(mut self) {
        self.app.shutdown.cancel();
        if let Some(mut server) = self.server.take()
            && tokio::time::timeout(DRAIN, &mut server).await.is_err()
        {
            server.abort();
        }
        self.app.tasks.close();
        if tokio::time::timeout(DRAIN, self.app.tasks.wait()).await.is_err() {
            tracing::warn!("calls were still under way when the sandbox ended");
        }
        if let Err(error) = self.app.state().flush() {
            tracing::error!(%error, "the data file could not be brought to the disk");
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.app.shutdown.cancel();
    }
}

/// Runs a sandbox on a listener until told to stop.
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
