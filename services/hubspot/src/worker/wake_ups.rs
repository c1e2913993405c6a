//! Wake-ups from the stream, while this worker holds the lease.

use runtime::nats::Nats;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{consumer, health::Health};
use crate::engine::Input;

/// The maximum number of wake-ups that are received before the engine takes them.
const MAX_BUFFERED: usize = 1_000;

/// The wake-ups under the current lease.
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

    /// Starts to receive wake-ups, because a lease began. Wake-ups received under an earlier one are dropped.
    pub(super) fn open(&mut self, epoch: u64) {
        self.close();
        tracing::info!(epoch, "this worker delivers");
        let (sender, inputs) = mpsc::channel(MAX_BUFFERED);
        let task = tokio::spawn(consumer::deliver(self.nats.clone(), self.health.clone(), sender));
        self.open = Some(Open { inputs, task });
    }

    pub(super) fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.task.abort();
            self.health.wake_ups(None);
        }
    }

    /// Waits for the next wake-up, or for [`Input::WakeUpsDropped`].
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
