//! A whole system for one test. Every service is a process; the sandbox runs inside the test, which can read its log.

mod callers;
mod requests;
mod services;
mod waits;

use std::{collections::BTreeMap, time::Duration};

use sandbox::{Sandbox, Settings};
use tempfile::TempDir;
use testing::{database::TestDatabase, http, nats::NatsCluster, ports::free_port, process::Child};

use user::store::Database;

pub(crate) use callers::Callers;
pub(crate) use services::{Service, built};

/// The limit of each wait. A loaded machine is slow, and a wake-up that was lost between two NATS nodes is published again
/// after half a minute only.
pub(crate) const CEILING: Duration = Duration::from_mins(1);

/// NATS, the sandbox, and the services that the test has started.
pub(crate) struct Stack {
    pub(crate) nats: NatsCluster,
    pub(crate) sandbox: Sandbox,
    running: BTreeMap<Service, Child>,
    settings: BTreeMap<String, String>,
    gateway: String,
    http: reqwest::Client,
    database: TestDatabase,
    folder: TempDir,
}

impl Stack {
    /// Starts NATS and the sandbox, and no service.
    pub(crate) async fn without_services() -> Self {
        Self::with_nodes(NatsCluster::nodes_in_tests()).await
    }

    async fn with_nodes(nodes: usize) -> Self {
        let nats = NatsCluster::start(nodes, None).await.unwrap();
        let sandbox = Sandbox::start(Settings::default()).await.unwrap();
        let database = TestDatabase::fresh().await;
        let folder = tempfile::tempdir().unwrap();
        let [gateway, user, hubspot] = [(); 3].map(|()| free_port().unwrap());
        let settings = [
            ("NATS_URL", nats.url()),
            ("NATS_STREAM_REPLICAS", nodes.to_string()),
            ("USER_DATABASE_URL", database.url().to_owned()),
            ("USER_HEALTH_LISTEN", format!("127.0.0.1:{user}")),
            ("HUBSPOT_SANDBOX_URL", sandbox.url()),
            ("HUBSPOT_HEALTH_LISTEN", format!("127.0.0.1:{hubspot}")),
            ("API_GATEWAY_PORT", gateway.to_string()),
        ];
        let settings = settings
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        let gateway = format!("http://127.0.0.1:{gateway}");
        Self {
            nats,
            sandbox,
            running: BTreeMap::new(),
            settings,
            gateway,
            http: http::client(),
            database,
            folder,
        }
    }

    /// Starts everything and waits until it is ready.
    pub(crate) async fn start() -> Self {
        let mut stack = Self::without_services().await;
        stack.start_services().await;
        stack
    }

    /// Starts everything with three NATS nodes and waits until it is ready.
    pub(crate) async fn start_in_cluster() -> Self {
        let mut stack = Self::with_nodes(3).await;
        stack.start_services().await;
        stack
    }

    /// Starts every service and waits until all are ready.
    pub(crate) async fn start_services(&mut self) {
        for service in Service::ALL {
            self.start_service(service).await;
        }
        self.wait_until_ready().await;
    }

    /// The address of the gateway.
    pub(crate) fn gateway_url(&self) -> &str {
        &self.gateway
    }

    /// The settings that services start with.
    pub(crate) fn settings(&self) -> impl Iterator<Item = (&str, &str)> {
        self.settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets a setting for services that start from now on.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    /// The user database.
    pub(crate) fn database(&self) -> Database {
        self.database.url().parse().unwrap()
    }

    /// Checks what must hold at the end of every test, and stops everything: no user is dirty, the stream is empty, and each
    /// service exits without an error.
    pub(crate) async fn finish(mut self) {
        self.wait_until_no_user_is_dirty().await;
        self.wait_for_empty_stream().await;
        for service in [Service::Gateway, Service::Hubspot, Service::User] {
            self.stop_service(service).await;
        }
        let opened = user::store::open(&self.database()).await.unwrap();
        let counts = opened.reader.count().await.unwrap();
        assert_eq!(
            (counts.pending, counts.resending),
            (0, 0),
            "users are dirty at the end of the test"
        );
        opened.close().await.unwrap();
        self.nats.stop().await.unwrap();
        self.sandbox.shutdown().await;
    }
}
