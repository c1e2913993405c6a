//! The whole service: opens the database, serves the endpoints, announces and sweeps until the shutdown.

use std::{sync::Arc, time::Duration};

use futures_util::FutureExt;
use runtime::{
    Backoff, Shutdown,
    health::Registry,
    nats::{Nats, Violation},
    shutdown::drain,
};
use tokio::{sync::Notify, sync::mpsc, task::JoinHandle};
use tokio_util::task::TaskTracker;

use crate::{
    Config,
    accepted::Accepted,
    endpoints::{self, Context},
    keeper::{StreamNews, StreamSupervisor},
    notices,
    relay::{self, Relay},
    room::StreamCapacity,
    rules::RuleTiming,
    store::{self, Database, OpenError, Opened, UserWriter},
    stream::StreamKeeping,
    sweeper::Sweeper,
    writer::{self, AfterCommit, WriterHandle},
};

/// Batches of announcements and of notices that wait to be sent.
const BATCHES_WAITING: usize = 256;
/// Users whose announcement failed and who wait to be made due.
const ANNOUNCEMENTS_FAILED: usize = 4_096;
/// How long requests that were begun may take after the shutdown, then the last commit, then the tasks beside them: an
/// orchestrator waits for ten seconds.
const REQUESTS_LIMIT: Duration = Duration::from_secs(4);
const COMMIT_LIMIT: Duration = Duration::from_secs(2);
const TASKS_LIMIT: Duration = Duration::from_secs(2);

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
    #[error("NATS forbids the user service what it needs: {0:?}; mend the permissions of its NATS user")]
    Forbidden(Violation),
    /// The writer ended: a defect of ours.
    #[error("the writer has ended; see the log")]
    WriterEnded,
}

/// Needed only for a stream that somebody made with settings that cannot be changed. Where it is forbidden, `/readyz` says
/// what is to be done; changes are accepted all the same.
const DELETE_STREAM: &str = "$JS.API.STREAM.DELETE.USERS";

/// The names of the checks the service reports.
pub const CHECKS: [&str; 3] = ["database", "nats", "stream"];

/// Serves until the shutdown; what was accepted by then is committed and answered.
pub async fn serve(
    config: Config,
    nats: Nats,
    health: Registry,
    shutdown: Shutdown,
) -> Result<(), ServeError> {
    // Boxed for its size.
    let opening = open_patiently(&config.database, &health).boxed();
    let Some(opened) = shutdown.or(opening).await else {
        return Ok(());
    };
    let Opened { writers, reader } = opened?;
    health.set("database", true, "open");
    let begun = Begun::begin(writers, &config, &nats, &health, &shutdown);
    let context = Context::new(begun.handle.clone(), reader.clone());
    let mut writer = begun.writer;
    // Boxed, or the compiler cannot tell that a task may run them.
    let serving = endpoints::serve(&nats, context, shutdown.clone()).boxed();
    let forbidden = nats.wait_for_violation_but(&[DELETE_STREAM]).boxed();
    let outcome = tokio::select! {
        outcome = serving => outcome.map_err(ServeError::Endpoints),
        violation = forbidden => Err(ServeError::Forbidden(violation)),
        _ = &mut writer => Err(ServeError::WriterEnded),
        () = overdue(&shutdown) => {
            tracing::error!("requests did not end in time; what was not answered may hold or not");
            Ok(())
        }
    };
    shutdown.trigger();
    drop(begun.handle);
    // The last commit is being waited for, not abandoned; it ends once nobody holds a handle. The relay follows it,
    // so that what was accepted last is announced too.
    if !writer.is_finished() && tokio::time::timeout(COMMIT_LIMIT, &mut writer).await.is_err() {
        tracing::error!("the last commit did not end in time; what was not answered may hold or not");
    }
    drain(&begun.tasks, TASKS_LIMIT).await;
    reader.close().await;
    let _ = tokio::time::timeout(Duration::from_secs(1), nats.client().flush()).await;
    outcome
}

/// Opens the database; one that may be there later is waited for.
async fn open_patiently(database: &Database, health: &Registry) -> Result<Opened, OpenError> {
    let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
    let mut waits = false;
    loop {
        match store::open(database).await {
            Err(
                error @ OpenError::Open {
                    is_transient: true, ..
                },
            ) => {
                if !waits {
                    tracing::warn!(%error, "no database yet; trying again");
                }
                waits = true;
                health.set("database", false, error.to_string());
                tokio::time::sleep(backoff.next_delay()).await;
            }
            opened => return opened,
        }
    }
}

async fn overdue(shutdown: &Shutdown) {
    shutdown.triggered().await;
    tokio::time::sleep(REQUESTS_LIMIT).await;
}

/// The parts that run beside the endpoints.
struct Begun {
    handle: WriterHandle,
    writer: JoinHandle<()>,
    tasks: TaskTracker,
}

impl Begun {
    fn begin(
        writers: Vec<Box<dyn UserWriter>>,
        config: &Config,
        nats: &Nats,
        health: &Registry,
        shutdown: &Shutdown,
    ) -> Self {
        let (announcements, announced) = mpsc::channel(BATCHES_WAITING);
        let (notices, settled) = mpsc::channel(BATCHES_WAITING);
        let accepted = Accepted::default();
        let terms: RuleTiming = config.terms;
        let room = StreamCapacity::default();
        let after_commit = AfterCommit {
            announcements,
            notices,
            accepted: accepted.clone(),
            room: room.clone(),
        };
        let (handle, writer) = writer::start(writers, terms, after_commit, health);
        let tasks = TaskTracker::new();
        let (news, due) = (StreamNews::default(), Arc::new(Notify::new()));
        let (failing, failed) = mpsc::channel(ANNOUNCEMENTS_FAILED);
        let relay = Relay::new(nats.clone(), news.clone(), room.clone(), failing, health.clone());
        tasks.spawn(relay.run(announced));
        let waking = relay::wake_failed(failed, handle.clone());
        let stopping = shutdown.clone();
        tasks.spawn(async move { stopping.or(waking).await });
        tasks.spawn(notices::publish(nats.clone(), settled, shutdown.clone()));
        tasks.spawn(accepted.publish(nats.clone(), shutdown.clone()));
        let stream = StreamKeeping::new(config.nats.stream_replicas);
        let keeper = StreamSupervisor {
            nats: nats.clone(),
            writer: handle.clone(),
            news: news.clone(),
            health: health.clone(),
            stream: stream.clone(),
            swept: Arc::clone(&due),
        };
        tasks.spawn(keeper.run(shutdown.clone()));
        let sweeper = Sweeper {
            nats: nats.clone(),
            writer: handle.clone(),
            every: config.sweep_every,
            woken: due,
            news,
            stream,
            room,
        };
        tasks.spawn(sweeper.run(shutdown.clone()));
        tasks.spawn(watch_connection(nats.clone(), health.clone(), shutdown.clone()));
        Self {
            handle,
            writer,
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
