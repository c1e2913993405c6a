//! Wake-ups from the stream, while this worker holds the lease.

use runtime::nats::Nats;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{consumer, health::Health};
use crate::engine::Input;

/// Wake-ups taken from the broker ahead of the engine.
const AHEAD: usize = 1_000;

/// The wake-ups of the present lease.
pub(super) struct WakeUps {
    nats: Nats,
    health: Health,
    open: Option<Open>,
}

struct Open {
    inputs: mpsc::Receiver<Input>,
    task: JoinHandle<()>,
}

impl WakeUps {
    pub(super) fn new(nats: Nats, health: Health) -> Self {
        Self {
            nats,
            health,
            open: None,
        }
    }

    /// A lease began. What an earlier one had received is dropped with its channel.
    pub(super) fn open(&mut self, epoch: u64) {
        self.close();
        tracing::info!(epoch, "this worker delivers");
        let (sender, inputs) = mpsc::channel(AHEAD);
        let task = tokio::spawn(consumer::deliver(self.nats.clone(), self.health.clone(), sender));
        self.open = Some(Open { inputs, task });
    }

    pub(super) fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.task.abort();
            self.health.wake_ups(None);
        }
    }

    /// The next wake-up, or the word that earlier ones mean nothing any more.
    pub(super) async fn next(&mut self) -> Input {
        match &mut self.open {
            Some(open) => match open.inputs.recv().await {
                Some(input) => input,
                // The task ends only when it is aborted.
                None => std::future::pending().await,
            },
            None => std::future::pending().await,
        }
    }
}

impl Drop for WakeUps {
    fn drop(&mut self) {
        self.close();
    }
}
