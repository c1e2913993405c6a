//! The whole system as processes. Each component has its own proxies.

mod disk;
mod health;
mod links;
mod service;
mod settings;
mod start;
mod stop;

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{Mutex as Lock, PoisonError},
};

use anyhow::Context;
use reqwest::Client;
use tempfile::TempDir;
use testing::{nats::NatsCluster, postgres::PostgresServer, process::Child};
use tokio::sync::{Mutex, MutexGuard};
use user::store::Database;

pub use disk::Disk;
use links::Proxies;
pub use service::Service;
pub use start::UnplannedEnd;

use crate::system::components::{Component, Link};

/// The running system. Dropping it stops all processes.
#[derive(Debug)]
pub struct Stack {
    /// The client for requests to the gateway and to the sandbox.
    pub http: Client,
    services: BTreeMap<Component, Mutex<Service>>,
    nats: Mutex<NatsCluster>,
    links: BTreeMap<Link, Proxies>,
    sandbox: Mutex<Child>,
    sandbox_port: u16,
    health: BTreeMap<Component, u16>,
    unplanned: Lock<Vec<UnplannedEnd>>,
    database: Database,
    server: Option<Mutex<PostgresServer>>,
    /// The disk of the database, if the database is a file.
    pub disk: Disk,
    // This comes last because fields are dropped in order, and the processes use the folder.
    folder: TempDir,
}

impl Stack {
    /// Waits for exclusive use of a service.
    pub async fn service(&self, component: Component) -> anyhow::Result<MutexGuard<'_, Service>> {
        let service = self.services.get(&component);
        let service = service.with_context(|| format!("{} is not a service", component.name()))?;
        let mut service = service.lock().await;
        self.note_unplanned_end(component, &mut service);
        Ok(service)
    }

    /// Waits for exclusive use of NATS with all its nodes.
    pub async fn nats(&self) -> MutexGuard<'_, NatsCluster> {
        self.nats.lock().await
    }

    /// The services, in the order in which they stop.
    pub fn components(&self) -> Vec<Component> {
        self.services.keys().copied().collect()
    }

    /// The address of the sandbox, without a proxy.
    pub fn sandbox_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.sandbox_port)
    }

    /// The address of a service's readiness report.
    pub fn ready_url(&self, component: Component) -> String {
        format!("http://127.0.0.1:{}/readyz", self.health[&component])
    }

    /// The user database.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// Waits for exclusive use of the database server, if there is one.
    pub async fn database_server(&self) -> Option<MutexGuard<'_, PostgresServer>> {
        Some(self.server.as_ref()?.lock().await)
    }

    /// Whether the disk of the database can be filled and made read-only.
    pub fn disk_can_be_broken(&self) -> bool {
        self.server.is_none() && self.disk.can_be_broken()
    }

    /// The file of the SQLite database.
    pub fn database_file(&self) -> PathBuf {
        self.disk.folder().join("users.db")
    }

    /// The logs of the user services.
    pub fn user_service_logs(&self) -> Vec<PathBuf> {
        let services = self
            .services
            .keys()
            .filter(|component| component.is_user_service());
        services
            .map(|component| self.folder().join(component.log_name()))
            .collect()
    }

    /// The folder of the run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The services that have stopped unexpectedly so far.
    pub fn unplanned_ends(&self) -> Vec<UnplannedEnd> {
        self.unplanned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
