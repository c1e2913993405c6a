//! Wake-ups from the stream, and those sent past it, while this worker holds the lease.

use runtime::nats::Nats;
use tokio::{sync::mpsc, task::JoinHandle};

use super::{consumer, health::Health, wake_up_notices};
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
    tasks: [JoinHandle<()>; 2],
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
        let notices = wake_up_notices::listen(self.nats.clone(), sender.clone());
        let stream = consumer::deliver(self.nats.clone(), self.health.clone(), sender);
        self.open = Some(Open {
            inputs,
            tasks: [tokio::spawn(notices), tokio::spawn(stream)],
        });
    }

    pub(super) fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.tasks.iter().for_each(JoinHandle::abort);
            self.health.wake_ups(None);
        }
    }

    /// Waits for the next wake-up, or for [`Input::WakeUpsDropped`].
    pub(super) async fn next(&mut self) -> Input {
        match &mut self.open {
            Some(open) => match open.inputs.recv().await {
                Some(input) => input,
                // The tasks end only when they are aborted.
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
