//! Compares users with their contacts while this worker holds the lease: on request, and in a sweep over all users.

mod page;
mod reading;
mod requests;
mod sweep;

use std::time::Duration;

use runtime::{CurrentFields, nats::Nats};
use tokio::{task::JoinHandle, time::Instant};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(super) use reading::Readable;

use super::{drift_metrics::DriftMetrics, inspections::Inspector, user_service::UserService};
use crate::{config::DriftSweep, engine::MissingContact};

/// The time that is kept for sending the reply to a request.
const REPLY_TIME: Duration = Duration::from_millis(500);

/// Compares pages of users. The sweep and the requests share it.
#[derive(Clone)]
pub(super) struct Comparer {
    pub(super) users: UserService,
    pub(super) inspector: Inspector,
    pub(super) readable: Readable,
    /// What a delivery does with a user without a contact.
    pub(super) missing: MissingContact,
    /// The time-out of a call to HubSpot.
    pub(super) call_timeout: Duration,
    pub(super) fields: CurrentFields,
}

/// The conditions of one comparison.
#[derive(Debug, Clone, Copy)]
pub(super) struct ComparisonContext<'a> {
    /// Cancelled when the lease is over, because then the next holder compares.
    pub(super) closed: &'a CancellationToken,
    /// The account whose contacts are read.
    pub(super) account_id: &'a str,
    /// Whether contacts may be read while an operator has paused delivery. They may if a person asks for the comparison.
    pub(super) even_paused: bool,
    /// The time after which nobody waits for the result.
    pub(super) until: Instant,
}

/// The comparisons under the current lease.
pub(super) struct Comparing {
    comparer: Comparer,
    nats: Nats,
    sweep: Option<DriftSweep>,
    metrics: DriftMetrics,
    answering: TaskTracker,
    open: Option<Open>,
}

struct Open {
    closed: CancellationToken,
    sweeping: Option<JoinHandle<()>>,
}

impl Comparing {
    pub(super) fn new(
        comparer: Comparer,
        nats: Nats,
        sweep: Option<DriftSweep>,
        metrics: DriftMetrics,
    ) -> Self {
        Self {
            comparer,
            nats,
            sweep,
            metrics,
            answering: TaskTracker::new(),
            open: None,
        }
    }

    /// Starts the sweep and answers requests, because a lease began for contacts of this account.
    pub(super) fn open(&mut self, account_id: &str) {
        self.close();
        let closed = CancellationToken::new();
        let (comparer, account_id) = (self.comparer.clone(), account_id.to_owned());
        let sweeping = self.sweep.map(|sweep| {
            let (comparer, account_id) = (comparer.clone(), account_id.clone());
            let work = sweep::sweep(comparer, account_id, closed.clone(), sweep, self.metrics.clone());
            tokio::spawn(work)
        });
        let requests = requests::answer(self.nats.clone(), comparer, account_id, closed.clone());
        self.answering.spawn(requests);
        self.open = Some(Open { closed, sweeping });
    }

    /// Stops the sweep and takes no more requests, because the lease is over. Requests that have arrived get an answer.
    pub(super) fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.closed.cancel();
            if let Some(sweeping) = open.sweeping {
                sweeping.abort();
            }
        }
    }

    /// Closes and waits until every request has its answer. A repair in flight is finished first.
    pub(super) async fn finish(&mut self) {
        self.close();
        runtime::shutdown::drain(&self.answering, page::REPAIR_TIMEOUT + REPLY_TIME).await;
        // The process may end before the last answers are sent. And until the broker knows that nobody listens here any more, it
        // still gives requests to this worker, which nobody would answer.
        requests::reach_broker(&self.nats, REPLY_TIME).await;
    }
}

impl Drop for Comparing {
    fn drop(&mut self) {
        self.close();
    }
}
