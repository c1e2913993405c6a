//! The writers of one user service, without the service around them.

use std::{sync::Arc, time::Duration};

use contracts::{Field, ServiceError, UpdateForm, UpdateUser, UserId, UserUpdated, Values};
use runtime::health::{Check, Registry};
use testing::postgres::{Options, PostgresServer};
use tokio::{sync::mpsc, task::JoinHandle};
use user::{
    commit::{self, AfterCommit, CommitQueue},
    operations::SweepUsers,
    relay::{AcceptedNotices, StreamCapacity},
    rules::{Row, RuleTiming},
    store::{self, StoreError, UserReader},
};

pub(crate) const CEILING: Duration = Duration::from_secs(30);

pub(crate) struct Desk {
    pub(crate) handle: CommitQueue,
    pub(crate) health: Registry,
    reader: Arc<dyn UserReader>,
    task: JoinHandle<()>,
}

pub(crate) async fn server() -> PostgresServer {
    let server = PostgresServer::start(Options::default()).await;
    server.unwrap_or_else(|error| panic!("{error}"))
}

impl Desk {
    /// One more user service at that server.
    pub(crate) async fn at(server: &PostgresServer) -> Self {
        Self::over(server, server.port()).await
    }

    /// The same, by way of another port.
    pub(crate) async fn over(server: &PostgresServer, port: u16) -> Self {
        let url = server
            .url()
            .replace(&server.port().to_string(), &port.to_string());
        Self::at_url(&url).await
    }

    /// One at that address.
    pub(crate) async fn at_url(url: &str) -> Self {
        let opened = store::open(&url.parse().unwrap()).await.unwrap();
        let after_commit = AfterCommit {
            wake_ups: mpsc::channel(1).0,
            resolved: mpsc::channel(1).0,
            accepted: AcceptedNotices::default(),
            capacity: StreamCapacity::default(),
        };
        let health = Registry::new("user", &["database"]);
        let (handle, task) = commit::start(opened.writers, RuleTiming::default(), after_commit, &health);
        Self {
            handle,
            health,
            reader: opened.reader,
            task,
        }
    }

    pub(crate) fn change(user: &str, first_name: &str) -> UpdateUser {
        UpdateUser {
            user_id: user.parse().unwrap(),
            form: UpdateForm::MergePatch,
            fields: Values::from([
                (Field::EMAIL, Some(format!("{user}@example.com"))),
                (Field::FIRST_NAME, Some(first_name.to_owned())),
            ]),
            if_match: None,
            idempotency_key: None,
        }
    }

    pub(crate) async fn update(&self, user: &str, first_name: &str) -> Result<UserUpdated, ServiceError> {
        let update = Self::change(user, first_name);
        self.handle.run(update, None).await
    }

    pub(crate) async fn sweep(&self, most: usize) -> usize {
        let sweep = SweepUsers {
            live: most,
            backfill: most,
        };
        self.handle.run(sweep, None).await.unwrap()
    }

    pub(crate) async fn row(&self, user: &str) -> Option<Row> {
        self.try_row(user).await.unwrap()
    }

    pub(crate) async fn try_row(&self, user: &str) -> Result<Option<Row>, StoreError> {
        let user: UserId = user.parse().unwrap();
        self.reader.find(&user).await
    }

    /// Why a user cannot be read; none if it can.
    pub(crate) async fn read_error(&self, user: &str) -> Option<StoreError> {
        self.try_row(user).await.err()
    }

    pub(crate) fn is_well(&self) -> bool {
        self.health.report().ready
    }

    /// A line of `/readyz`.
    pub(crate) fn check(&self, name: &str) -> Option<Check> {
        let checks = self.health.report().checks;
        checks.into_iter().find(|check| check.name == name)
    }

    pub(crate) async fn close(self) {
        drop(self.handle);
        self.task.await.unwrap();
        self.reader.close().await;
    }
}
