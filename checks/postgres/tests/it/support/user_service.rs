//! A user service without NATS: its group commit and its reader, on a PostgreSQL server.

use std::{sync::Arc, time::Duration};

use contracts::{Field, FieldDefinitions, ServiceError, UpdateForm, UpdateUser, UserId, UserUpdated, Values};
use runtime::{
    CurrentFields,
    health::{Check, Registry},
};
use testing::postgres::{Options, PostgresServer};
use tokio::{sync::mpsc, task::JoinHandle};
use user::{
    commit::{self, AfterCommit, CommitQueue},
    operations::SweepUsers,
    relay::{AcceptedNotices, StreamCapacity},
    rules::{Row, RuleTiming},
    store::{self, List, StoreError, UserReader},
};

/// The limit of each wait, which is generous for a loaded machine.
pub(crate) const CEILING: Duration = Duration::from_secs(30);

/// A user service without NATS.
pub(crate) struct UserService {
    pub(crate) queue: CommitQueue,
    pub(crate) health: Registry,
    reader: Arc<dyn UserReader>,
    task: JoinHandle<()>,
}

/// Starts a server with default settings.
pub(crate) async fn server() -> PostgresServer {
    let server = PostgresServer::start(Options::default()).await;
    server.unwrap_or_else(|error| panic!("{error}"))
}

impl UserService {
    /// Starts a user service on this server.
    pub(crate) async fn start(server: &PostgresServer) -> Self {
        Self::start_through(server, server.port()).await
    }

    /// Starts a user service that connects to the server through another port.
    pub(crate) async fn start_through(server: &PostgresServer, port: u16) -> Self {
        let url = server
            .url()
            .replace(&server.port().to_string(), &port.to_string());
        Self::start_at(&url).await
    }

    /// Starts a user service on the database at this address.
    pub(crate) async fn start_at(url: &str) -> Self {
        let opened = store::open(&url.parse().unwrap()).await.unwrap();
        let after_commit = AfterCommit {
            wake_ups: mpsc::channel(1).0,
            resolved: mpsc::channel(1).0,
            accepted: AcceptedNotices::default(),
            capacity: StreamCapacity::default(),
        };
        let health = Registry::new("user", &["database"]);
        let (queue, task) = commit::start(
            opened.writers,
            RuleTiming::default(),
            &CurrentFields::new(FieldDefinitions::built_in().clone()),
            after_commit,
            &health,
        );
        Self {
            queue,
            health,
            reader: opened.reader,
            task,
        }
    }

    /// A change of address and first name.
    pub(crate) fn change(user: &str, first_name: &str) -> UpdateUser {
        UpdateUser {
            user_id: user.parse().unwrap(),
            form: UpdateForm::MergePatch,
            fields: Values::from([
                (Field::EMAIL, Some(format!("{user}@example.com").into())),
                (Field::FIRST_NAME, Some(first_name.into())),
            ]),
            if_match: None,
            idempotency_key: None,
            sender_try: None,
        }
    }

    pub(crate) async fn update(&self, user: &str, first_name: &str) -> Result<UserUpdated, ServiceError> {
        let update = Self::change(user, first_name);
        self.queue.run(update, None).await
    }

    pub(crate) async fn sweep(&self, limit: usize) -> usize {
        let sweep = SweepUsers {
            live: limit,
            backfill: limit,
        };
        self.queue.run(sweep, None).await.unwrap()
    }

    pub(crate) async fn row(&self, user: &str) -> Option<Row> {
        self.try_row(user).await.unwrap()
    }

    pub(crate) async fn try_row(&self, user: &str) -> Result<Option<Row>, StoreError> {
        let user: UserId = user.parse().unwrap();
        self.reader.find(&user).await
    }

    /// Reads the first page of a list, and returns how many users are on it.
    pub(crate) async fn list(&self, list: &List, limit: usize) -> usize {
        self.reader.list(list, limit).await.unwrap().len()
    }

    /// The error of reading a user; none if it can be read.
    pub(crate) async fn read_error(&self, user: &str) -> Option<StoreError> {
        self.try_row(user).await.err()
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.health.report().ready
    }

    /// The check of this name in `/readyz`.
    pub(crate) fn check(&self, name: &str) -> Option<Check> {
        let checks = self.health.report().checks;
        checks.into_iter().find(|check| check.name == name)
    }

    pub(crate) async fn close(self) {
        drop(self.queue);
        self.task.await.unwrap();
        self.reader.close().await;
    }
}
