//! Measures durable updates in the user service: group commit, compared with a loop that commits each request separately.

mod report;
mod single_commits;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, ensure};
use clap::Parser;
use contracts::{Field, FieldDefinitions, SenderTry, UpdateForm, UpdateUser, Values};
use futures_util::future::try_join_all;
use runtime::{CurrentFields, health::Registry};
use tokio::sync::mpsc;
use user::{
    commit::{self, AfterCommit, CommitQueue},
    relay::{AcceptedNotices, StreamCapacity},
    rules::RuleTiming,
    store::{self, Database},
};

pub use report::{Report, Round};

use crate::{figures::table::Table, system::database::BenchDatabase};

/// More wake-ups than this measurement publishes.
const STREAM_CAPACITY: u64 = 1 << 40;

/// Measures how many durable updates the user service makes, compared with one commit for each update.
///
/// The database exists for the run only: a `PostgreSQL` cluster with default settings, or a file.
#[derive(Debug, Clone, Parser)]
#[command(name = "commits", version)]
pub struct Arguments {
    /// Uses SQLite instead of PostgreSQL, without the comparison.
    #[arg(long)]
    pub sqlite: bool,

    /// The number of users, which are created first.
    #[arg(long, default_value_t = 100_000)]
    pub users: u64,

    /// The number of requests that wait for their commit at the same time.
    #[arg(long, default_value_t = 256)]
    pub in_flight: u64,

    /// The connections of the loop that commits each request separately; 0 skips it.
    #[arg(long, default_value_t = 32)]
    pub connections: u32,

    /// The length of each round, in seconds.
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,

    /// The number of rounds of each kind, which alternate.
    #[arg(long, default_value_t = 3)]
    pub rounds: usize,

    /// Prints the figures as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Runs everything.
pub async fn run(arguments: &Arguments) -> anyhow::Result<Report> {
    let bench_database = BenchDatabase::create(!arguments.sqlite).await?;
    let database: Database = bench_database.url().parse()?;
    let opened = store::open(&database).await?;
    let (wake_ups, mut published) = mpsc::channel(256);
    let (resolved, mut resolved_version) = mpsc::channel(256);
    tokio::spawn(async move { while published.recv().await.is_some() {} });
    tokio::spawn(async move { while resolved_version.recv().await.is_some() {} });
    let after_commit = AfterCommit {
        wake_ups,
        resolved,
        accepted: AcceptedNotices::default(),
        capacity: StreamCapacity::of(STREAM_CAPACITY),
    };
    let health = Registry::new("bench", &[]);
    let (handle, task) = commit::start(
        opened.writers,
        RuleTiming::default(),
        &CurrentFields::new(FieldDefinitions::built_in().clone()),
        after_commit,
        &health,
    );
    let work = Load::new(arguments, handle);
    let new_users = work.create_users().await?;
    let (mut grouped, mut single) = (Vec::new(), Vec::new());
    for _ in 0..arguments.rounds {
        grouped.push(work.round(Duration::from_secs(arguments.seconds)).await?);
        if let Database::Postgres(server) = &database
            && arguments.connections > 0
        {
            single.push(single_commits::round(&server.connect, arguments).await?);
        }
    }
    let table = match &bench_database {
        BenchDatabase::File(_) => None,
        BenchDatabase::Server(server) => Some(Table::read(&server.url()).await?),
    };
    drop(work);
    task.await.context("the writer panicked")?;
    opened.reader.close().await;
    Ok(Report {
        in_flight: arguments.in_flight,
        new_users,
        grouped,
        single,
        table,
    })
}

/// Many callers, each of which sends its next request as soon as the last one is durable.
struct Load {
    handle: CommitQueue,
    users: u64,
    in_flight: u64,
}

impl Load {
    fn new(arguments: &Arguments, handle: CommitQueue) -> Self {
        Self {
            handle,
            users: arguments.users,
            in_flight: arguments.in_flight,
        }
    }

    /// Creates each user.
    async fn create_users(&self) -> anyhow::Result<Round> {
        let next = AtomicU64::new(0);
        let began = Instant::now();
        let callers = (0..self.in_flight).map(|_| async {
            loop {
                let user = next.fetch_add(1, Ordering::Relaxed);
                if user >= self.users {
                    return anyhow::Ok(());
                }
                self.update(user, user).await?;
            }
        });
        try_join_all(callers).await?;
        Ok(Round::of(self.users, began.elapsed(), Vec::new()))
    }

    /// Updates random users for this time.
    async fn round(&self, duration: Duration) -> anyhow::Result<Round> {
        let began = Instant::now();
        let changes = Arc::new(AtomicU64::new(0));
        let callers = (0..self.in_flight).map(|_| async {
            let mut delays = Vec::new();
            while began.elapsed() < duration {
                let user = rand::random_range(0..self.users);
                let asked = Instant::now();
                let number = changes.fetch_add(1, Ordering::Relaxed);
                self.update(user, self.users + number).await?;
                delays.push(asked.elapsed().as_secs_f64() * 1_000.0);
            }
            anyhow::Ok(delays)
        });
        let delays: Vec<f64> = try_join_all(callers).await?.into_iter().flatten().collect();
        Ok(Round::of(delays.len() as u64, began.elapsed(), delays))
    }

    async fn update(&self, user: u64, number: u64) -> anyhow::Result<()> {
        let update = UpdateUser {
            user_id: user_id(user).parse()?,
            form: UpdateForm::MergePatch,
            fields: Values::from([
                (Field::EMAIL, Some(format!("user-{user}@example.com").into())),
                (Field::FIRST_NAME, Some(format!("F{number}").into())),
            ]),
            if_match: None,
            idempotency_key: None,
            // As the gateway sends it.
            sender_try: Some(SenderTry {
                number,
                first_try_age_ms: None,
            }),
        };
        let answer = self.handle.run(update, None).await;
        ensure!(answer.is_ok(), "a change was rejected: {answer:?}");
        Ok(())
    }
}

fn user_id(user: u64) -> String {
    format!("user-{user}")
}
