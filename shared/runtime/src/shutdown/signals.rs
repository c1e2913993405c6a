//! SIGTERM and Ctrl-C: the first starts the shutdown, the second ends the process.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Shutdown;

/// The exit code that a shell reports for a process that was ended by Ctrl-C.
const EXIT_INTERRUPTED: i32 = 130;

pub(super) fn watch(shutdown: Shutdown) -> io::Result<()> {
    let mut signals = Signals::new()?;
    tokio::spawn(async move {
        let name = signals.next().await;
        tracing::info!(
            signal = name,
            "stopping; a second signal ends the process at once"
        );
        shutdown.trigger();
        let name = signals.next().await;
        tracing::warn!(signal = name, "stopping at once, because of a second signal");
        std::process::exit(EXIT_INTERRUPTED);
    });
    Ok(())
}

struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    /// The handlers are in place when this returns, so no signal after it is missed.
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}
