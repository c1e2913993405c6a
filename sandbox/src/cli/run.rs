//! Runs the sandbox until a signal stops it, or checks the health of a running one.

use anyhow::Context;
use tokio::{net::TcpListener, signal};
use tokio_util::sync::CancellationToken;

use super::{Arguments, arguments::Command, health};
use crate::serve;

/// Runs the command that the arguments give.
pub async fn run(arguments: Arguments) -> anyhow::Result<()> {
    if arguments.command == Some(Command::Health) {
        return health::check(arguments.listen).await;
    }
    let settings = arguments.into_settings()?;
    if settings.data_file.is_none() {
        tracing::info!(
            "contacts are kept in memory and lost when the sandbox stops; --data FILE stores them"
        );
    }
    if !settings.listen.ip().is_loopback() {
        tracing::warn!(
            "other machines can reach the sandbox, and its controls under /_sandbox need no token"
        );
    }
    let listener = TcpListener::bind(settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}", settings.listen))?;
    let shutdown = CancellationToken::new();
    tokio::spawn(cancel_on_signal(shutdown.clone()));
    serve(settings, listener, shutdown)
        .await
        .context("the sandbox could not start")
}

async fn cancel_on_signal(shutdown: CancellationToken) {
    let mut terminate = match signal::unix::signal(signal::unix::SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(error) => {
            tracing::error!(%error, "cannot listen for SIGTERM; stop the sandbox with Ctrl-C");
            return cancel_on_interrupt(shutdown).await;
        }
    };
    tokio::select! {
        () = cancel_on_interrupt(shutdown.clone()) => {}
        _ = terminate.recv() => shutdown.cancel(),
    }
}

async fn cancel_on_interrupt(shutdown: CancellationToken) {
    if let Err(error) = signal::ctrl_c().await {
        tracing::error!(%error, "cannot listen for Ctrl-C; the sandbox stops");
    }
    shutdown.cancel();
}
