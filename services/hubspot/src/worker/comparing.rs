//! Comparing users with their contacts, while this worker has the lease: on request, and by a sweep of its own.

mod page;
mod reading;
mod requests;
mod sweep;

use std::time::Duration;

use runtime::nats::Nats;
use tokio::{
    task::JoinHandle,
    time::{Instant, timeout},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

pub(super) use reading::Readable;

use super::{drift_metrics::DriftMetrics, inspections::Inspector, user_service::UserService};
use crate::{config::DriftSweep, engine::MissingContact};

/// How long an answer takes to be sent.
const TIME_TO_ANSWER: Duration = Duration::from_millis(500);

/// What comparing takes, whoever asks for it.
#[derive(Clone)]
pub(super) struct Comparer {
    pub(super) users: UserService,
    pub(super) inspector: Inspector,
    pub(super) readable: Readable,
    /// What becomes of users without a contact.
    pub(super) missing: MissingContact,
    /// The longest a call takes.
    pub(super) call_timeout: Duration,
}

/// Whose comparison it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms<'a> {
    /// Cancelled when the lease is over: whoever has the next one compares.
    pub(super) closed: &'a CancellationToken,
    /// The account whose contacts are meant.
    pub(super) account_id: &'a str,
    /// Whether contacts may be read while an operator has paused delivery: where a person asks for it.
    pub(super) even_paused: bool,
    /// When nobody waits for it any more.
    pub(super) until: Instant,
}

/// The comparisons of the present lease.
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

    /// A lease began, for contacts of that account.
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

    /// The lease is over: what has arrived is answered, if only with that.
    pub(super) fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.closed.cancel();
            if let Some(sweeping) = open.sweeping {
                sweeping.abort();
            }
        }
    }

    /// Waits until everybody is answered, who is told to ask again; a repair that is out is waited for.
    pub(super) async fn finish(&mut self) {
        self.close();
        runtime::shutdown::drain(&self.answering, page::TIME_FOR_REPAIR + TIME_TO_ANSWER).await;
        // The last answers have left when the process ends.
        let _ = timeout(TIME_TO_ANSWER, self.nats.client().flush()).await;
    }
}

impl Drop for Comparing {
    fn drop(&mut self) {
        self.close();
    }
}
