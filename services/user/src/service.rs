//! The whole service: opens the database, answers requests, publishes wake-ups and sweeps until the shutdown.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use runtime::{
    Backoff, CurrentFields, Shutdown,
    health::Registry,
    nats::{Nats, Violation},
    shutdown::drain,
};
use tokio::{sync::Notify, sync::mpsc, task::JoinHandle};
use tokio_util::task::TaskTracker;

use crate::{
    Config,
    commit::{self, AfterCommit, CommitQueue},
    field_set::{adopt_fields, follow_stored_fields},
    operations::{self, Context, delete_expired_keys},
    relay::{
        AcceptedNotices, StreamCapacity, StreamNews, StreamSupervisor, Sweeper, WakeUpRelay,
        publish_resolved, stream::StreamProvisioner, wake_failed,
    },
    store::{self, Database, OpenError, Opened, UserWriter},
};

/// The most batches of wake-ups, and of notices, that wait to be published.
const MAX_BATCHES_WAITING: usize = 256;
/// The maximum number of users that wait to be made due because their wake-ups failed.
const MAX_FAILED_WAITING: usize = 4_096;
/// How long requests may take after the shutdown, then the last commit, then the other tasks. An orchestrator waits for ten seconds
/// before it kills the process.
const REQUESTS_TIMEOUT: Duration = Duration::from_secs(4);
const COMMIT_TIMEOUT: Duration = Duration::from_secs(2);
const TASKS_TIMEOUT: Duration = Duration::from_secs(2);

/// Why the service ended by itself.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] OpenError),
    /// The endpoints cannot be offered.
    #[error("the endpoints cannot be offered on NATS: {0}")]
    Endpoints(async_nats::Error),
    /// NATS does not let this service do its work.
    #[error("NATS forbids the user service what it needs: {0:?}; correct the permissions of its NATS user")]
    Forbidden(Violation),
    /// A committer ended: a defect of ours.
    #[error("a committer has ended; see the log")]
    CommitterEnded,
}

/// Needed only for a stream that somebody made with settings that cannot be changed. Where it is forbidden, `/readyz` says
/// what is to be done; changes are accepted all the same.
const DELETE_STREAM: &str = "$JS.API.STREAM.DELETE.USERS";

/// The names of the checks the service reports.
pub const CHECKS: [&str; 4] = ["database", "nats", "stream", "fields"];

/// Opens the database and serves until the shutdown.
pub async fn run(config: Config, nats: Nats, health: Registry, shutdown: Shutdown) -> Result<(), ServeError> {
    // Boxed for its size.
    let opening = open_when_available(&config.database, &health).boxed();
    let Some(opened) = shutdown.or(opening).await else {
        return Ok(());
    };
    serve(opened?, config, nats, health, shutdown).await
}

/// Serves on an open store until the shutdown; what was accepted by then is committed and answered.
///
/// Which database `config` names does not matter here, so that a component test of another service can serve on a store in memory.
pub async fn serve(
    opened: Opened,
    config: Config,
    nats: Nats,
    health: Registry,
    shutdown: Shutdown,
) -> Result<(), ServeError> {
    let Opened { writers, reader } = opened;
    health.set("database", true, "open");
    let fields = CurrentFields::unknown();
    let parts = Parts::start(writers, &fields, &config, &nats, &health, &shutdown);
    let context = Context::new(parts.commits.clone(), reader.clone(), fields.clone());
    let mut committers = parts.committers;
    let (following, stop_following) = (
        follow_stored_fields(reader.clone(), nats.clone(), fields.clone(), health.clone()),
        shutdown.clone(),
    );
    parts
        .tasks
        .spawn(async move { stop_following.or(following).await });
    // Boxed, or the compiler cannot tell that a task may run them.
    let serving = async {
        // A request that comes before the set is known would be rejected for its fields.
        let adopting = adopt_fields(config.fields.clone(), &parts.commits, &nats, &fields, &health);
        if shutdown.or(adopting).await.is_none() {
            return Ok(());
        }
        operations::serve(&nats, context, &shutdown).await
    }
    .boxed();
    let forbidden = nats.wait_for_violation_except(&[DELETE_STREAM]).boxed();
    let outcome = tokio::select! {
        outcome = serving => outcome.map_err(ServeError::Endpoints),
        violation = forbidden => Err(ServeError::Forbidden(violation)),
        _ = &mut committers => Err(ServeError::CommitterEnded),
        () = requests_overdue(&shutdown) => {
            tracing::error!("requests did not end in time; changes that were not answered may have been accepted or not");
            Ok(())
        }
    };
    shutdown.trigger();
    // The committers end when nobody can add to their queue any more. The relay ends after them, so that the last wake-ups are
    // published too.
    drop(parts.commits);
    if !committers.is_finished()
        && tokio::time::timeout(COMMIT_TIMEOUT, &mut committers)
            .await
            .is_err()
    {
        tracing::error!(
            "the last commit did not end in time; changes that were not answered may have been accepted or not"
        );
    }
    drain(&parts.tasks, TASKS_TIMEOUT).await;
    reader.close().await;
    let _ = tokio::time::timeout(Duration::from_secs(1), nats.client().flush()).await;
    outcome
}

/// Opens the database, and waits for one that may be there later.
async fn open_when_available(database: &Database, health: &Registry) -> Result<Opened, OpenError> {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
    let mut is_waiting = false;
    loop {
        match store::open(database).await {
            Err(
                error @ OpenError::Open {
                    is_transient: true, ..
                },
            ) => {
                if !is_waiting {
                    tracing::warn!(%error, "no database yet; trying again");
                }
                is_waiting = true;
                health.set("database", false, error.to_string());
                tokio::time::sleep(backoff.next_delay()).await;
            }
            opened => return opened,
        }
    }
}

async fn requests_overdue(shutdown: &Shutdown) {
    shutdown.triggered().await;
    tokio::time::sleep(REQUESTS_TIMEOUT).await;
}

/// The parts that run beside the endpoints.
struct Parts {
    commits: CommitQueue,
    committers: JoinHandle<()>,
    tasks: TaskTracker,
}

impl Parts {
    fn start(
        writers: Vec<Box<dyn UserWriter>>,
        fields: &CurrentFields,
        config: &Config,
        nats: &Nats,
        health: &Registry,
        shutdown: &Shutdown,
    ) -> Self {
        let (wake_ups, committed) = mpsc::channel(MAX_BATCHES_WAITING);
        let (resolved, resolved_users) = mpsc::channel(MAX_BATCHES_WAITING);
        let (failed, failed_users) = mpsc::channel(MAX_FAILED_WAITING);
        let accepted = AcceptedNotices::default();
        let capacity = StreamCapacity::default();
        let after_commit = AfterCommit {
            wake_ups,
            resolved,
            accepted: accepted.clone(),
            capacity: capacity.clone(),
        };
        let (commits, committers) = commit::start(writers, config.timing, fields, after_commit, health);
        let (news, sweep_now) = (StreamNews::default(), Arc::new(Notify::new()));
        let stream = StreamProvisioner::new(config.nats.stream_replicas);
        let relay = WakeUpRelay::new(
            nats.clone(),
            news.clone(),
            capacity.clone(),
            failed,
            health.clone(),
        );
        let supervisor = StreamSupervisor {
            nats: nats.clone(),
            commits: commits.clone(),
            news: news.clone(),
            health: health.clone(),
            stream: stream.clone(),
            sweep_now: Arc::clone(&sweep_now),
        };
        let sweeper = Sweeper {
            nats: nats.clone(),
            commits: commits.clone(),
            interval: config.sweep_interval,
            sweep_now,
            news,
            stream,
            capacity,
        };
        let tasks = TaskTracker::new();
        tasks.spawn(relay.run(committed));
        let (waking, stop_waking) = (wake_failed(failed_users, commits.clone()), shutdown.clone());
        tasks.spawn(async move { stop_waking.or(waking).await });
        let (deleting, stop_deleting) = (delete_expired_keys(commits.clone()), shutdown.clone());
        tasks.spawn(async move { stop_deleting.or(deleting).await });
        tasks.spawn(publish_resolved(nats.clone(), resolved_users, shutdown.clone()));
        tasks.spawn(accepted.publish(nats.clone(), shutdown.clone()));
        tasks.spawn(supervisor.run(shutdown.clone()));
        tasks.spawn(sweeper.run(shutdown.clone()));
        tasks.spawn(watch_connection(nats.clone(), health.clone(), shutdown.clone()));
        Self {
            commits,
            committers,
            tasks,
        }
    }
}

async fn watch_connection(nats: Nats, health: Registry, shutdown: Shutdown) {
    let watch = async {
        loop {
            nats.wait_until_connected().await;
            health.set(
                "nats",
                true,
                format!("connected to nats-server {}", nats.server_version()),
            );
            nats.wait_until_disconnected().await;
            health.set("nats", false, "disconnected; trying to reconnect");
        }
    };
    let _ = shutdown.or(watch).await;
}
