//! The whole system as processes, each party behind proxies of its own.

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

use crate::parts::{Link, Part};

/// What runs. Dropping it ends all of it.
#[derive(Debug)]
pub struct Stack {
    /// Talks to the gateway and to the sandbox.
    pub http: Client,
    services: BTreeMap<Part, Mutex<Service>>,
    nats: Mutex<NatsCluster>,
    links: BTreeMap<Link, Proxies>,
    sandbox: Mutex<Child>,
    sandbox_port: u16,
    health: BTreeMap<Part, u16>,
    unplanned: Lock<Vec<UnplannedEnd>>,
    database: Database,
    server: Option<Mutex<PostgresServer>>,
    /// Where the database is, if it is a file.
    pub disk: Disk,
    // Last, for fields are dropped in this order.
    folder: TempDir,
}

impl Stack {
    /// A service, for as long as nobody else breaks it.
    pub async fn service(&self, part: Part) -> anyhow::Result<MutexGuard<'_, Service>> {
        let service = self.services.get(&part);
        let service = service.with_context(|| format!("{} is no service", part.name()))?;
        let mut service = service.lock().await;
        self.note_unplanned_end(part, &mut service);
        Ok(service)
    }

    /// NATS, every node of it, for as long as nobody else breaks it.
    pub async fn nats(&self) -> MutexGuard<'_, NatsCluster> {
        self.nats.lock().await
    }

    /// The services there are, in an order in which nothing is missed when they are stopped.
    pub fn parts(&self) -> Vec<Part> {
        self.services.keys().copied().collect()
    }

    /// The sandbox, past every proxy.
    pub fn sandbox_url(&self) -> String {
        format!("http://127.0.0.1:{}", self.sandbox_port)
    }

    /// Where a service says whether it is ready.
    pub fn ready_url(&self, part: Part) -> String {
        format!("http://127.0.0.1:{}/readyz", self.health[&part])
    }

    /// The user database.
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// Its server, where there is one, for as long as nobody else breaks it.
    pub async fn database_server(&self) -> Option<MutexGuard<'_, PostgresServer>> {
        Some(self.server.as_ref()?.lock().await)
    }

    /// Whether the disk of the database can be filled and made read-only.
    pub fn disk_can_be_broken(&self) -> bool {
        self.server.is_none() && self.disk.can_be_broken()
    }

    /// Its file.
    pub fn database_file(&self) -> PathBuf {
        self.disk.folder().join("users.db")
    }

    /// The folder of the run.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Services that ended without being told to, so far.
    pub fn unplanned_ends(&self) -> Vec<UnplannedEnd> {
        self.unplanned
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}
