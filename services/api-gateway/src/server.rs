//! Accepts connections and serves HTTP/1.1 on them, with limits that `axum::serve` does not offer: on the time that the head
//! of a request may take, on the time that a response may wait to be read, on the number of connections, and on the time
//! that requests in progress get at the shutdown.

mod connection;
mod listener;

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
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tower::Layer;

use crate::Limits;
use connection::Connection;

pub(crate) use connection::StallLimit;
pub use listener::listen;

/// How long requests in progress may take to finish after the shutdown begins.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(8);
/// The read buffer of a connection. A request whose head does not fit into it (plus one read) gets 431.
const BUFFER_BYTES: usize = 32 * 1024;
/// How many connections may be open. It is far more than `API_GATEWAY_MAX_IN_FLIGHT`, so that callers above that limit still
/// get a connection on which they are told so.
pub(crate) const MAX_CONNECTIONS: usize = 8_192;
/// The pause after the system fails to accept a connection, usually because file descriptors have run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(250);

/// A slot among the open connections, free again when this is dropped.
type ConnectionPermit = OwnedSemaphorePermit;

/// Serves connections.
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
            connections: Arc::new(Semaphore::new(MAX_CONNECTIONS)),
            read_timeout: limits.read_timeout,
        }
    }

    /// Serves until the shutdown, then accepts no more connections and finishes the requests in progress.
    pub(crate) async fn run(self, listener: TcpListener, shutdown: &Shutdown) {
        let graceful = GracefulShutdown::new();
        while let Some(accepted) = shutdown.or(self.accept(&listener)).await {
            match accepted {
                Ok((connection, permit)) => self.spawn(connection, permit, &graceful),
                Err(error) if concerns_one_caller(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "no connection can be accepted; trying again shortly");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        // New callers must see a closed port, not wait for a process that is about to end.
        drop(listener);
        let open = graceful.count();
        if timeout(DRAIN_TIMEOUT, graceful.shutdown()).await.is_err() {
            tracing::warn!(
                open_at_start = open,
                "requests were cut off: they did not finish in time"
            );
        }
    }

    /// Accepts the next connection. While the limit is reached, further connections wait in the system's queue.
    async fn accept(&self, listener: &TcpListener) -> io::Result<(Connection, ConnectionPermit)> {
        // The permit comes first: a connection that was accepted without one would have to be closed again.
        let permit = Arc::clone(&self.connections)
            .acquire_owned()
            .await
            .map_err(io::Error::other)?;
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        Ok((Connection::new(stream, self.read_timeout)?, permit))
    }

    fn spawn(&self, connection: Connection, permit: ConnectionPermit, graceful: &GracefulShutdown) {
        // Handlers reach the limit of their own connection through this extension.
        let router = Extension(connection.stall_limit()).layer(self.router.clone());
        let service = TowerToHyperService::new(router);
        let serving = self
            .http
            .serve_connection(TokioIo::new(connection), service)
            .into_owned();
        let serving = graceful.watch(serving);
        tokio::spawn(async move {
            if let Err(error) = serving.await {
                tracing::debug!(error = %error, "a connection ended early");
            }
            drop(permit);
        });
    }
}

/// Whether an error of `accept` is about a caller that is gone already, so that the next connection can be accepted at once.
fn concerns_one_caller(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput, NotConnected};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | InvalidInput | NotConnected
    )
}
