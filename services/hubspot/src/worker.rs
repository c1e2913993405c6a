//! The worker around the engine: carries out its outputs and gives it what happened. It decides nothing.

mod acks;
mod caller;
mod comparing;
mod consumer;
mod drift_metrics;
mod health;
mod inspections;
mod metrics;
mod notices;
mod user_service;
mod wake_up_notices;
mod wake_ups;
mod watchdog;

use std::{sync::Arc, time::Duration};

use contracts::{ChangeLease, delivery::LeaseAction};
use runtime::{CurrentFields, Shutdown, nats::Nats};
use tokio::{
    task::{JoinError, JoinSet},
    time::{Instant, interval},
};
use tokio_util::task::TaskTracker;

use crate::{
    client::HubspotClient,
    config::DriftSweep,
    engine::{Call, CallId, Engine, Input, Output, Settings},
};
use caller::Caller;
use comparing::{Comparer, Comparing, Readable};
pub(crate) use drift_metrics::DriftMetrics;
use inspections::Inspections;
use user_service::{LEASE_TIMEOUT, TIMEOUT, UserService};
use wake_ups::WakeUps;

pub use health::CHECKS;
pub(crate) use health::Health;
pub(crate) use metrics::WorkerMetrics;
use notices::Notices;

/// How long a shutdown waits for calls in flight and for the reports of their results.
const DRAIN: Duration = Duration::from_secs(8);
/// How often a token's file is checked.
const TOKEN_CHECK_INTERVAL: Duration = Duration::from_millis(500);
/// The engine is woken at least this often.
const MAX_SLEEP: Duration = Duration::from_mins(1);

/// An engine with its connections.
pub(crate) struct Worker {
    engine: Engine,
    started: Instant,
    users: UserService,
    nats: Nats,
    wake_ups: WakeUps,
    health: Health,
    /// Shared with the calls in flight.
    caller: Caller,
    inspections: Inspections,
    comparing: Comparing,
    /// The requests and calls in flight. The engine bounds their number, and each has one response.
    in_flight: JoinSet<Input>,
    acknowledging: TaskTracker,
    last_ask: Option<ChangeLease>,
    fields: CurrentFields,
}

impl Worker {
    pub(crate) fn new(
        settings: Settings,
        client: HubspotClient,
        nats: Nats,
        health: Health,
        metrics: (WorkerMetrics, DriftMetrics),
        sweep: Option<DriftSweep>,
    ) -> Self {
        let (metrics, drift_metrics) = metrics;
        let users = UserService::new(nats.clone(), health.clone());
        let inspections = Inspections::new();
        let fields = CurrentFields::unknown();
        let settings = Settings {
            fields: fields.get(),
            ..settings
        };
        let caller = Caller {
            client: Arc::new(client),
            metrics,
            notices: Arc::new(Notices::new(&settings.holder)),
            health: health.clone(),
            readable: Readable::default(),
        };
        let comparer = Comparer {
            users: users.clone(),
            inspector: inspections.inspector(),
            readable: caller.readable.clone(),
            missing: settings.missing_contact,
            call_timeout: settings.call_timeout,
            fields: fields.clone(),
        };
        Self {
            comparing: Comparing::new(comparer, nats.clone(), sweep, drift_metrics),
            inspections,
            caller,
            engine: Engine::new(settings),
            started: Instant::now(),
            users,
            wake_ups: WakeUps::new(nats.clone(), health.clone()),
            nats,
            health,
            in_flight: JoinSet::new(),
            acknowledging: TaskTracker::new(),
            last_ask: None,
            fields,
        }
    }

    /// Delivers until the shutdown, and then until everything is reported or the time for that is over.
    pub(crate) async fn run(self, shutdown: Shutdown) {
        let client = Arc::clone(&self.caller.client);
        self.deliver(shutdown).await;
        client.close().await;
    }

    async fn deliver(mut self, shutdown: Shutdown) {
        let _watcher = AbortOnDrop(tokio::spawn(self.health.clone().watch_nats(self.nats.clone())));
        let _notices = AbortOnDrop(tokio::spawn(self.caller.notices.publish(self.nats.clone())));
        // This begins before the first answer can arrive, because only later answers are noticed.
        let mut other_fields = self.fields.watch();
        let (following, nats) = (self.fields.clone(), self.nats.clone());
        let _fields = AbortOnDrop(tokio::spawn(async move {
            following.follow(&nats).await;
        }));
        let mut token_check = interval(TOKEN_CHECK_INTERVAL);
        self.handle(Input::Tick);
        let mut give_up = None;
        loop {
            let wake_at = self.wake_at();
            let input = tokio::select! {
                biased;
                () = shutdown.triggered(), if give_up.is_none() => {
                    give_up = Some(Instant::now() + DRAIN);
                    Input::ShutDown
                }
                () = until(give_up) => return self.give_up().await,
                Some(answer) = self.in_flight.join_next() => answered(answer),
                _ = token_check.tick() => {
                    if !self.caller.client.token_was_replaced() {
                        continue;
                    }
                    Input::TokenReplaced
                }
                () = self.caller.client.wait_until_token_replaced() => Input::TokenReplaced,
                Ok(()) = other_fields.changed() => Input::Fields(Arc::clone(&other_fields.borrow_and_update())),
                input = self.wake_ups.next() => input,
                input = self.inspections.next(|| self.started.elapsed()) => input,
                () = until(Some(wake_at)) => Input::Tick,
            };
            if self.handle(input) {
                // The last acknowledgements may still be on their way.
                self.comparing.finish().await;
                runtime::shutdown::drain(&self.acknowledging, Duration::from_secs(1)).await;
                return;
            }
        }
    }

    fn wake_at(&self) -> Instant {
        let longest = Instant::now() + MAX_SLEEP;
        self.engine
            .wait_until()
            .map_or(longest, |at| (self.started + at).min(longest))
    }

    /// Gives the engine an input and carries out its outputs. Returns true when it has shut down.
    fn handle(&mut self, input: Input) -> bool {
        self.engine.handle(self.started.elapsed(), input);
        let mut stopped = false;
        while let Some(output) = self.engine.next_output() {
            stopped |= output == Output::ShutDownComplete;
            self.carry_out(output);
        }
        stopped
    }

    fn carry_out(&mut self, output: Output) {
        match output {
            Output::ChangeLease(ask) => {
                self.last_ask = Some(ask.clone());
                let users = self.users.clone();
                self.in_flight.spawn(async move {
                    Input::LeaseResponse(users.call_for_delivery(&ask, LEASE_TIMEOUT).await)
                });
            }
            Output::Claim(request, claim) => {
                let users = self.users.clone();
                self.in_flight.spawn(async move {
                    Input::ClaimResponse(request, users.call_for_delivery(&claim, TIMEOUT).await)
                });
            }
            Output::Report(request, record) => {
                let users = self.users.clone();
                self.in_flight.spawn(async move {
                    Input::ReportResponse(request, users.call_for_delivery(&record, TIMEOUT).await)
                });
            }
            Output::Call(id, call) => {
                self.log_requests(id, &call);
                let (caller, fields) = (self.caller.clone(), self.fields.get());
                self.in_flight
                    .spawn(async move { Input::CallResponse(id, caller.perform(&call, &fields).await) });
            }
            Output::OpenConsumer { epoch } => {
                self.wake_ups.open(epoch);
                self.comparing.open(self.engine.account_id().unwrap_or_default());
            }
            Output::CloseConsumer => {
                self.wake_ups.close();
                self.comparing.close();
            }
            Output::Inspected(id, answered) => self.inspections.answer(id, answered),
            Output::Ack(acks) => drop(
                self.acknowledging
                    .spawn(acks::acknowledge(self.nats.clone(), acks)),
            ),
            Output::Status(status) => {
                let fields = self.fields.get();
                self.health.set_status(&status, &fields);
                self.caller.metrics.set_status(&status);
                self.caller.notices.set_status(&status, &fields);
            }
            Output::ShutDownComplete => tracing::info!("everything is reported and the lease is released"),
        }
    }

    /// Logs which HTTP requests a call to HubSpot carries, so that the id of a request leads from the gateway up to here.
    fn log_requests(&self, id: CallId, call: &Call) {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return;
        }
        for claim in self.engine.claims_of(id) {
            let request = claim.request.as_ref();
            tracing::debug!(
                request.id = request.map(|request| &*request.request_id),
                traceparent = request.and_then(|request| request.traceparent.as_deref()),
                user.id = %claim.user_id,
                version = claim.version,
                attempt = claim.attempt,
                kind = call.name(),
                "a call to HubSpot starts"
            );
        }
    }

    /// The time for reporting is over. Releases the lease, so that the next worker need not wait for it to expire.
    async fn give_up(mut self) {
        tracing::warn!("stopped with calls still in flight; the next worker claims their users again");
        let release = self.last_ask.map(|ask| ChangeLease {
            action: LeaseAction::Release,
            ..ask
        });
        let released = async {
            if let Some(release) = release {
                drop(self.users.call_for_delivery(&release, LEASE_TIMEOUT).await);
            }
        };
        tokio::join!(released, self.comparing.finish());
    }
}

/// What a task returned. A panicked task leaves the engine without its response for ever, so the worker ends with it; the
/// next worker claims what was in flight.
fn answered(answer: Result<Input, JoinError>) -> Input {
    answer.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Waits for that time, or for ever if there is none.
async fn until(time: Option<Instant>) {
    match time {
        Some(time) => tokio::time::sleep_until(time).await,
        None => std::future::pending().await,
    }
}

/// Ends the task when it is dropped.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}
