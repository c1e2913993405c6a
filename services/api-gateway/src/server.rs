//! Accepts connections and serves HTTP/1.1 on them, with bounds that `axum::serve` does not offer: on the time a
//! request's head may take, on the time an answer may wait to be taken, on the number of connections, and on the drain.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use runtime::Shutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tower::Layer;

use crate::Limits;
use crate::connection::Connection;

/// How long requests in work may take to finish once the gateway is told to stop.
const DRAIN_LIMIT: Duration = Duration::from_secs(8);
/// The buffer of a connection. A head that does not fit, give or take one read, gets 431.
const BUFFER_BYTES: usize = 32 * 1024;
/// Enough that whoever is too many is told so on a connection, few enough to bound what they cost.
pub(crate) const MOST_CONNECTIONS: usize = 8_192;
/// The pause after the system refuses to give us a connection, usually for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);

/// What connections are served with.
pub(crate) struct Server {
    router: Router,
    http: Builder<TokioExecutor>,
    connections: Arc<Semaphore>,
    read_timeout: Duration,
}

impl Server {
    pub(crate) fn new(router: Router, limits: &Limits) -> Self {
        let mut http = Builder::new(TokioExecutor::new()).http1_only();
        http.http1()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.read_timeout)
            .max_buf_size(BUFFER_BYTES);
        Self {
            router,
            http,
            connections: Arc::new(Semaphore::new(MOST_CONNECTIONS)),
            read_timeout: limits.read_timeout,
        }
    }

    /// Serves until the shutdown, then takes no more connections and finishes those there are.
    pub(crate) async fn run(self, listener: TcpListener, shutdown: &Shutdown) {
        let graceful = GracefulShutdown::new();
        while let Some(accepted) = shutdown.or(self.accept(&listener)).await {
            match accepted {
                Ok((stream, place)) => self.spawn(stream, place, &graceful),
                Err(error) if concerns_one_caller(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted; trying again shortly");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        let open = graceful.count();
        if timeout(DRAIN_LIMIT, graceful.shutdown()).await.is_err() {
            tracing::warn!(
                open_at_start = open,
                "requests were cut off: they did not finish in time"
            );
        }
    }

    /// A connection too many waits in the system's own queue.
    async fn accept(&self, listener: &TcpListener) -> io::Result<(Connection, Place)> {
        let place = Arc::clone(&self.connections)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok((Connection::new(stream, self.read_timeout)?, place))
    }

    fn spawn(&self, stream: Connection, place: Place, graceful: &GracefulShutdown) {
        let router = Extension(stream.patience()).layer(self.router.clone());
        let service = TowerToHyperService::new(router);
        let connection = self
            .http
            .serve_connection(TokioIo::new(stream), service)
            .into_owned();
        let connection = graceful.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection ended early");
            }
            drop(place);
        });
    }
}

type Place = tokio::sync::OwnedSemaphorePermit;

fn concerns_one_caller(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput, NotConnected};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | InvalidInput | NotConnected
    )
}
