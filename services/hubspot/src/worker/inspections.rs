//! Passes requests for contacts to the engine, and returns the results.

use std::{collections::BTreeMap, time::Duration};

use tokio::{
    sync::{mpsc, oneshot},
    time::Instant,
};

use crate::engine::{Input, InspectedContacts, Inspection, InspectionError, InspectionId};

/// The maximum number of requests in the channel to the worker, which takes them at once.
const MAX_QUEUED: usize = 8;

type InspectionResult = Result<InspectedContacts, InspectionError>;

struct InspectionRequest {
    inspection: Inspection,
    even_paused: bool,
    /// The time after which it must not be sent.
    until: Instant,
    answer: oneshot::Sender<InspectionResult>,
}

/// Requests contacts. Clones use the same worker.
#[derive(Clone)]
pub(super) struct Inspector {
    requests: mpsc::Sender<InspectionRequest>,
}

impl Inspector {
    /// Waits until the contacts are read, or until they cannot be. Nothing is sent after `until`, but a call in flight is
    /// waited for. While delivery is paused it waits, unless `even_paused` is set.
    pub(super) async fn inspect(
        &self,
        inspection: Inspection,
        even_paused: bool,
        until: Instant,
    ) -> InspectionResult {
        let (answer, answered) = oneshot::channel();
        let request = InspectionRequest {
            inspection,
            even_paused,
            until,
            answer,
        };
        if self.requests.send(request).await.is_err() {
            return Err(InspectionError::ShuttingDown);
        }
        // The worker drops a request without an answer only when it ends.
        answered.await.unwrap_or(Err(InspectionError::ShuttingDown))
    }
}

/// The requests for contacts of one worker.
pub(super) struct Inspections {
    inspector: Inspector,
    requests: mpsc::Receiver<InspectionRequest>,
    last_id: u64,
    waiting: BTreeMap<InspectionId, oneshot::Sender<InspectionResult>>,
}

impl Inspections {
    pub(super) fn new() -> Self {
        let (sender, requests) = mpsc::channel(MAX_QUEUED);
        Self {
            inspector: Inspector { requests: sender },
            requests,
            last_id: 0,
            waiting: BTreeMap::new(),
        }
    }

    pub(super) fn inspector(&self) -> Inspector {
        self.inspector.clone()
    }

    /// Waits for the next request and makes it an input. `running` returns for how long the engine has run.
    pub(super) async fn next(&mut self, running: impl Fn() -> Duration) -> Input {
        let Some(request) = self.requests.recv().await else {
            // It never ends, because `self.inspector` keeps a sender.
            return std::future::pending().await;
        };
        self.last_id += 1;
        let id = InspectionId(self.last_id);
        self.waiting.insert(id, request.answer);
        Input::Inspect {
            id,
            inspection: request.inspection,
            even_paused: request.even_paused,
            until: running() + request.until.saturating_duration_since(Instant::now()),
        }
    }

    pub(super) fn answer(&mut self, id: InspectionId, answered: InspectionResult) {
        if let Some(waiting) = self.waiting.remove(&id) {
            // The caller may not wait any more.
            let _ = waiting.send(answered);
        }
    }
}
